import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unsignedTokens } from '../../../../local/appsync/authorization/tokens.js';
import { localTables } from '../../../../local/appsync/data-sources/dynamodb/local-tables.js';
import { serveApi } from '../../../../local/appsync/serve-api.js';
import { serveStandalone, type Standalone } from '../../../../local/appsync/standalone.js';
import { loadApis } from '../../../../local/appsync/template/load-apis.js';
import { type ConnectOptions, connectRealtime, type RealtimeClient } from '../../../support/realtime-client.js';
import { handlers } from '../tiny-api.js';
import { signRequest } from '../sign-request.js';

/** A chat whose subscriptions have a filter and an invalidation filter, for callers of four modes. */
const Definition = `
  type Message @aws_api_key @aws_iam @aws_cognito_user_pools @aws_lambda { room: String! text: String from: String }
  type Query { none: String }
  type Mutation {
    send(room: String!, text: String): Message @aws_api_key @aws_iam @aws_cognito_user_pools @aws_lambda
    leave(room: String!, who: String!): Message @aws_iam
  }
  type Subscription {
    onSent(room: String!): Message
      @aws_subscribe(mutations: ["send"]) @aws_api_key @aws_iam @aws_cognito_user_pools @aws_lambda
    onSentForUsers(room: String!): Message @aws_subscribe(mutations: ["send"]) @aws_cognito_user_pools
  }`;

const withExtensions = (code: string): string => code.replace('util, runtime', 'util, runtime, extensions');
const rule = (fieldName: string, value: string): string =>
  `{ fieldName: '${fieldName}', operator: 'eq', value: ${value} }`;
const group = (...rules: string[]): string => `{ filterGroup: [{ filters: [${rules.join(', ')}] }] }`;
const code = {
  send: handlers("return { payload: { ...ctx.args, from: ctx.identity?.username ?? 'nobody' } };"),
  leave: withExtensions(
    handlers(
      'return { payload: ctx.args };',
      "extensions.invalidateSubscriptions({ subscriptionField: 'onSent', payload: ctx.args }); return ctx.result;",
    ),
  ),
  subscribe: withExtensions(
    handlers(
      'return { payload: null };',
      `extensions.setSubscriptionFilter(${group(rule('room', 'ctx.args.room'))});
       extensions.setSubscriptionInvalidationFilter(${group(rule('room', 'ctx.args.room'), rule('who', "ctx.identity?.username ?? 'nobody'"))});
       return null;`,
    ),
  ),
};

const ApiId = { 'Fn::GetAtt': ['Api', 'ApiId'] };
const resolver = (TypeName: string, FieldName: string, Code: string): object => ({
  Type: 'AWS::AppSync::Resolver',
  Properties: { ApiId, TypeName, FieldName, DataSourceName: 'none', Code, Runtime: { Name: 'APPSYNC_JS' } },
});
const template = {
  Resources: {
    Users: { Type: 'AWS::Cognito::UserPool', Properties: {} },
    Authorizer: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        Runtime: 'nodejs22.x',
        Handler: 'index.handler',
        Code: {
          ZipFile:
            'exports.handler = async ({ authorizationToken }) => ({ isAuthorized: authorizationToken === "let me in" });',
        },
      },
    },
    Api: {
      Type: 'AWS::AppSync::GraphQLApi',
      Properties: {
        Name: 'chat',
        AuthenticationType: 'API_KEY',
        AdditionalAuthenticationProviders: [
          { AuthenticationType: 'AWS_IAM' },
          { AuthenticationType: 'AMAZON_COGNITO_USER_POOLS', UserPoolConfig: { UserPoolId: { Ref: 'Users' } } },
          {
            AuthenticationType: 'AWS_LAMBDA',
            LambdaAuthorizerConfig: { AuthorizerUri: { 'Fn::GetAtt': ['Authorizer', 'Arn'] } },
          },
        ],
      },
    },
    Key: { Type: 'AWS::AppSync::ApiKey', Properties: { ApiId, ApiKeyId: 'da2-chat' } },
    Schema: { Type: 'AWS::AppSync::GraphQLSchema', Properties: { ApiId, Definition } },
    None: { Type: 'AWS::AppSync::DataSource', Properties: { ApiId, Name: 'none', Type: 'NONE' } },
    Send: resolver('Mutation', 'send', code.send),
    Leave: resolver('Mutation', 'leave', code.leave),
    OnSent: resolver('Subscription', 'onSent', code.subscribe),
    OnSentForUsers: resolver('Subscription', 'onSentForUsers', code.subscribe),
  },
};

const folder = mkdtempSync(join(tmpdir(), 'appsync-realtime-'));
const file = join(folder, 'Chat.template.json');
let served: Standalone;
let url: URL;
beforeAll(async () => {
  writeFileSync(file, JSON.stringify(template));
  served = await serveStandalone(loadApis(file), {
    port: 0,
    unsignedTokens: true,
    accessKeys: new Map([['local', 'secret']]),
    tell: () => undefined,
  });
  url = new URL(served.urls.get('chat') ?? '');
});
afterAll(async () => {
  await served.close();
  rmSync(folder, { recursive: true });
});

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const issuer = 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Chat-Users';
/** A token nobody signed: the server is told not to look. */
const tokenOf = (username: string, exp = Math.floor(Date.now() / 1000) + 600): string =>
  `${encode({ alg: 'RS256', kid: 'k' })}.${encode({ iss: issuer, sub: username, username, exp })}.c2ln`;

type Authorize = NonNullable<ConnectOptions['authorize']>;
const byKey: Authorize = () => ({ 'x-api-key': 'da2-chat', host: url.host });
/** Signs `POST /graphql/connect` for the connection, `POST /graphql` with the request for a subscription. */
const signed =
  (secret: string): Authorize =>
  (data) => {
    const place = data === undefined ? new URL(`${url.pathname}/connect`, url) : url;
    return {
      host: url.host,
      ...signRequest({ method: 'POST', url: place, body: data ?? '{}', accessKeyId: 'local', secret }),
    };
  };
const byToken =
  (Authorization: string): Authorize =>
  () => ({ Authorization, host: url.host });

const clients: RealtimeClient[] = [];
afterAll(() => Promise.all(clients.map((client) => client.close())));
async function connect(authorize: Authorize, path = '/realtime'): Promise<RealtimeClient> {
  const client = await connectRealtime(`${url.href.replace('http', 'ws')}${path}`, { authorize });
  clients.push(client);
  client.send({ type: 'connection_init' });
  return client;
}
async function connected(authorize: Authorize, path?: string): Promise<RealtimeClient> {
  const client = await connect(authorize, path);
  expect(await client.next()).toMatchObject({ type: 'connection_ack' });
  return client;
}
async function ask(query: string, headers: Readonly<Record<string, string>>): Promise<void> {
  const reply = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
  expect(await reply.json()).not.toHaveProperty('errors');
}
const send = (room: string, text: string): Promise<void> =>
  ask(`mutation { send(room: "${room}", text: "${text}") { room text from } }`, { 'x-api-key': 'da2-chat' });
const onSent = (room: string): string => `subscription { onSent(room: "${room}") { room text from } }`;
const told = (room: string, text: string): object => ({
  type: 'data',
  id: 's',
  payload: { data: { onSent: { room, text, from: 'nobody' } } },
});

test.each([
  ['an API key', byKey],
  ['a signature', signed('secret')],
  ['a token of the user pool', (data: string | undefined) => byToken(tokenOf('ann'))(data)],
  ['a Lambda authorizer', (data: string | undefined) => byToken('let me in')(data)],
])('an API of a template serves subscriptions to callers by %s', async (_, authorize) => {
  const client = await connected(authorize);
  expect(await client.start('s', onSent('a'))).toEqual({ type: 'start_ack', id: 's' });
  await send('b', 'not for them');
  await send('a', 'for them');
  expect(await client.next()).toEqual(told('a', 'for them'));
  await client.close();
});

test('the WebSocket is at the path of queries as well', async () => {
  const client = await connected(byKey, '');
  expect(await client.start('s', onSent('a'))).toMatchObject({ type: 'start_ack' });
  await client.close();
});

test.each([
  ['an API key that there is not', () => ({ 'x-api-key': 'da2-other', host: url.host })],
  ['a wrong signature', signed('another secret')],
  ['no authorization', () => ({ host: url.host })],
  ['a token that has expired', (data: string | undefined) => byToken(tokenOf('ann', 1))(data)],
  ['a token the Lambda authorizer refuses', (data: string | undefined) => byToken('wrong')(data)],
])('%s lets nobody in', async (_, authorize) => {
  const client = await connect(authorize);
  expect(await client.next()).toMatchObject({ type: 'connection_error', payload: { errors: [{ errorCode: 401 }] } });
  expect((await client.closed)[0]).toBe(1008);
});

test('a signature of the connection counts for no subscription', async () => {
  const client = await connected(() => signed('secret')(undefined));
  expect(await client.start('s', onSent('a'))).toMatchObject({
    type: 'error',
    payload: { errors: [{ errorType: 'UnauthorizedException' }] },
  });
  await client.close();
});

test('the directives of a subscription hold: a key opens nothing that is for users', async () => {
  const client = await connected(byKey);
  const refused = await client.start('s', 'subscription { onSentForUsers(room: "a") { text } }');
  expect(refused).toMatchObject({ type: 'error', payload: { errors: [{ errorType: 'Unauthorized' }] } });
  await client.close();
});

test('a mutation ends the subscriptions whose invalidation filter its payload passes, and closes their connections', async () => {
  const leave = (who: string): Promise<void> => {
    const query = `mutation { leave(room: "a", who: "${who}") { room } }`;
    const body = JSON.stringify({ query });
    return ask(query, signRequest({ method: 'POST', url, body, accessKeyId: 'local', secret: 'secret' }));
  };
  const ann = await connected(byToken(tokenOf('ann')));
  const bob = await connected(byToken(tokenOf('bob')));
  await ann.start('s', onSent('a'));
  await bob.start('s', onSent('a'));
  await leave('ann');
  expect(await ann.next()).toEqual({ type: 'complete', id: 's' });
  expect((await ann.closed)[0]).toBe(4401);
  await send('a', 'without ann');
  expect(await bob.next()).toEqual(told('a', 'without ann'));
  await bob.close();
});

test('a right ends with the token that gives it', async () => {
  const [definition] = loadApis(file);
  if (definition === undefined) throw new Error('the template has no API');
  const { authenticateRealtime } = await serveApi(definition, {
    dynamoDb: localTables([]),
    invoke: () => Promise.resolve(null),
    endpoints: new Map(),
    checkToken: unsignedTokens(),
    accessKeys: new Map(),
    tell: () => undefined,
  });
  const request = new IncomingMessage(new Socket());
  const who = await authenticateRealtime({ authorization: tokenOf('ann', 4_000_000_000) }, request, undefined);
  expect(who.until).toBe(4_000_000_000_000);
});
