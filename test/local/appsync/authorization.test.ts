import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import express from 'express';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { authenticator, type AuthProvider, modesOf } from '../../../local/appsync/authorization/authenticate.js';
import { AuthenticationError } from '../../../local/appsync/authorization/modes.js';
import { verifySignature } from '../../../local/appsync/authorization/signature-v4.js';
import { signedTokens, unsignedTokens } from '../../../local/appsync/authorization/tokens.js';
import { appSyncHttp } from '../../../local/appsync/http.js';
import { giving, tinyApi, unit } from './tiny-api.js';
import { signRequest } from './sign-request.js';

const poolIssuer = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pool';
const openIdIssuer = 'https://issuer.example';
const in60 = (): number => Math.floor(Date.now() / 1000) + 60;

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
/** A token that nothing vouches for but the tests' key. */
function token(claims: Readonly<Record<string, unknown>>): string {
  const head = `${encode({ alg: 'RS256', kid: 'k', typ: 'JWT' })}.${encode({ exp: in60(), ...claims })}`;
  return `${head}.${sign('sha256', Buffer.from(head), privateKey).toString('base64url')}`;
}
const ofPool = (groups: string[], more: object = {}): string =>
  token({ iss: poolIssuer, sub: 's', username: 'ann', client_id: 'app', 'cognito:groups': groups, ...more });
const ofOpenId = (more: object = {}): string =>
  token({ iss: openIdIssuer, sub: 'o', aud: 'web', iat: in60() - 120, ...more });

const providers: readonly AuthProvider[] = [
  { mode: 'AMAZON_COGNITO_USER_POOLS', issuer: poolIssuer, clientIds: 'app.*' },
  { mode: 'API_KEY', keys: [{ id: 'da2-good' }, { id: 'da2-old', expires: 1 }] },
  { mode: 'AWS_IAM', accessKeys: new Map([['AKID', { secret: 'secret', accountId: '1', userArn: 'arn:user' }]]) },
  { mode: 'OPENID_CONNECT', issuer: openIdIssuer, clientIds: 'web', iatTtl: 600_000 },
  {
    mode: 'AWS_LAMBDA',
    tokenPattern: '^custom',
    invoke: (event) => {
      const { authorizationToken } = event as { authorizationToken: string };
      if (authorizationToken === 'custom-fails') return Promise.reject(new Error('broken'));
      return Promise.resolve({
        isAuthorized: authorizationToken !== 'custom-bad',
        resolverContext: { tenant: 't1' },
        deniedFields: ['Query.all'],
      });
    },
  },
];

const schema = `
  type Query {
    standard: String
    key: String @aws_api_key
    all: String @aws_api_key @aws_iam @aws_oidc @aws_lambda @aws_cognito_user_pools
    admins: String @aws_cognito_user_pools(cognito_groups: ["admins", "owners"])
    post: Post @aws_api_key @aws_lambda @aws_cognito_user_pools
    who: String @aws_api_key @aws_iam @aws_oidc @aws_lambda @aws_cognito_user_pools
  }
  type Post @aws_api_key @aws_cognito_user_pools { title: String  secret: String @aws_iam }`;
const fields = ['standard', 'key', 'all', 'admins', 'post', 'who'];
const { runtime } = tinyApi({
  schema,
  resolvers: fields.map((field) => unit(`Query.${field}`)),
  code: {
    ...Object.fromEntries(fields.map((field) => [`Query.${field}`, giving(`'${field}'`)])),
    'Query.post': giving("{ title: 't', secret: 's' }"),
    'Query.who': giving('`${util.authType()}: ${JSON.stringify(ctx.identity)}`'),
  },
  options: { authorization: modesOf(providers) },
});

let server: Server;
let url: string;
beforeAll(async () => {
  const who = authenticator(providers, unsignedTokens());
  const app = express();
  app.all(
    '/graphql',
    appSyncHttp({
      runtime: () => Promise.resolve(runtime),
      authenticate: (request) =>
        who({
          method: request.method,
          url: request.originalUrl,
          headers: request.headers,
          body: String(request.body),
          sourceIp: '127.0.0.1',
        }),
      signed: true,
      onFailure: (error) => {
        throw error;
      },
    }),
  );
  server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/graphql`;
});
afterAll(() => void server.close());

type Headers = Readonly<Record<string, string>>;
async function ask(
  query: string,
  headers: Headers | ((body: string) => Headers),
): Promise<{
  status: number;
  json: { data?: Record<string, unknown>; errors?: { message: string; errorType: string; path?: unknown }[] };
}> {
  const body = JSON.stringify({ query });
  const own = typeof headers === 'function' ? headers(body) : headers;
  const reply = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...own }, body });
  return { status: reply.status, json: (await reply.json()) as never };
}

const signed =
  (secret: string, accessKeyId = 'AKID') =>
  (body: string): Headers =>
    signRequest({ method: 'POST', url: new URL(url), body, accessKeyId, secret });

const callers: Readonly<Record<string, Headers | ((body: string) => Headers)>> = {
  'an API key': { 'x-api-key': 'da2-good' },
  'a user of the pool': { authorization: ofPool(['staff']) },
  'an owner of the pool': { authorization: `Bearer ${ofPool(['owners'])}` },
  IAM: signed('secret'),
  'OpenID Connect': { authorization: ofOpenId() },
  'a Lambda authorizer': { authorization: 'custom-good' },
};

describe('the directives of authorization', () => {
  const may: Readonly<Record<string, readonly string[]>> = {
    standard: ['a user of the pool', 'an owner of the pool'],
    key: ['an API key'],
    // The Lambda authorizer denies this one.
    all: ['an API key', 'a user of the pool', 'an owner of the pool', 'IAM', 'OpenID Connect'],
    admins: ['an owner of the pool'],
    'post { title }': ['an API key', 'a user of the pool', 'an owner of the pool'],
  };
  const cells = Object.entries(may).flatMap(([field, allowed]) =>
    Object.keys(callers).map((caller) => [caller, field, allowed.includes(caller)] as const),
  );
  test.each(cells)('%s asking { %s } is let: %p', async (caller, field, isLet) => {
    const { status, json } = await ask(`{ ${field} }`, callers[caller] ?? {});
    expect(status).toBe(200);
    const name = field.split(' ')[0] ?? '';
    if (isLet) expect(json).toEqual({ data: { [name]: name === 'post' ? { title: 't' } : name } });
    else {
      const isOfPost = name === 'post' && caller === 'a Lambda authorizer';
      const [denied, on] = isOfPost ? ['title', 'Post'] : [name, 'Query'];
      expect(json.data).toEqual({ [name]: isOfPost ? { title: null } : null });
      expect(json.errors).toMatchObject([
        {
          errorType: 'Unauthorized',
          message: `Not Authorized to access ${denied} on type ${on}`,
          path: isOfPost ? ['post', 'title'] : [name],
        },
      ]);
    }
  });

  test('of a field count before those of its type', async () => {
    const { json } = await ask('{ post { title secret } }', { 'x-api-key': 'da2-good' });
    expect(json.data).toEqual({ post: { title: 't', secret: null } });
    expect(json.errors).toMatchObject([{ path: ['post', 'secret'], errorType: 'Unauthorized' }]);
  });

  test('leave nothing to callers of a pool that denies by default, but what names their group', async () => {
    const { ask: asked } = tinyApi({
      schema:
        'type Query { open: String  ours: String @aws_auth(cognito_groups: ["practitioner"])  theirs: String @aws_auth(cognito_groups: ["x"]) }',
      resolvers: ['open', 'ours', 'theirs'].map((field) => unit(`Query.${field}`)),
      code: Object.fromEntries(['open', 'ours', 'theirs'].map((field) => [`Query.${field}`, giving("'x'")])),
      options: { authorization: { standard: 'AMAZON_COGNITO_USER_POOLS', additional: [], userPoolAction: 'DENY' } },
    });
    expect((await asked('{ open ours theirs }')).data).toEqual({ open: null, ours: 'x', theirs: null });
  });

  test('@aws_auth is refused where there are several modes', async () => {
    const { ask: asked } = tinyApi({
      schema: 'type Query { a: String @aws_auth(cognito_groups: ["x"]) }',
      resolvers: [],
      code: {},
      options: { authorization: { standard: 'AMAZON_COGNITO_USER_POOLS', additional: ['API_KEY'] } },
    });
    await expect(asked('{ a }')).rejects.toThrow('Query.a: @aws_auth works only where user pools are the one');
  });
});

describe('ctx.identity', () => {
  test.each([
    ['an API key', 'API Key Authorization', null],
    ['IAM', 'IAM Authorization', { accountId: '1', userArn: 'arn:user', username: 'AKID', sourceIp: ['127.0.0.1'] }],
    [
      'a user of the pool',
      'User Pool Authorization',
      { sub: 's', username: 'ann', groups: ['staff'], issuer: poolIssuer, defaultAuthStrategy: 'ALLOW' },
    ],
    ['OpenID Connect', 'Open ID Connect Authorization', { sub: 'o', issuer: openIdIssuer, claims: { aud: 'web' } }],
    ['a Lambda authorizer', 'Lambda Authorization', { resolverContext: { tenant: 't1' } }],
  ])('of %s is what AWS says', async (caller, type, identity) => {
    const { json } = await ask('{ who }', callers[caller] ?? {});
    const [, shown, text] = /^(.*?): (.*)$/.exec(String(json.data?.['who'])) ?? [];
    expect(shown).toBe(type);
    const parsed: unknown = JSON.parse(text ?? '');
    if (identity === null) expect(parsed).toBeNull();
    else expect(parsed).toMatchObject(identity);
  });
});

describe('a caller who is not known', () => {
  const unauthorized = 'You are not authorized to make this call.';
  test.each<[string, Headers | ((body: string) => Headers), number, string]>([
    ['nothing', {}, 401, 'Valid authorization header not provided.'],
    ['another API key', { 'x-api-key': 'da2-bad' }, 401, unauthorized],
    ['an API key that ended', { 'x-api-key': 'da2-old' }, 401, unauthorized],
    ['a token that ended', { authorization: ofPool([], { exp: 1 }) }, 401, 'Token has expired.'],
    ['a token of another client', { authorization: ofPool([], { client_id: 'other' }) }, 401, unauthorized],
    ['a token that is too old', { authorization: ofOpenId({ iat: 1 }) }, 401, 'Token has expired.'],
    ['a token of an unknown issuer', { authorization: token({ iss: 'https://other.example' }) }, 401, unauthorized],
    ['a token the authorizer refuses', { authorization: 'custom-bad' }, 401, unauthorized],
    ['a token the authorizer fails at', { authorization: 'custom-fails' }, 401, unauthorized],
    ['a token that does not fit the pattern', { authorization: 'other' }, 401, unauthorized],
    [
      'a signature by another secret',
      signed('other'),
      403,
      'The request signature we calculated does not match the signature you provided.',
    ],
    [
      'a signature by an unknown key',
      signed('secret', 'OTHER'),
      403,
      'The security token included in the request is invalid.',
    ],
    [
      'half a signature',
      { authorization: 'AWS4-HMAC-SHA256 Credential=AKID' },
      403,
      'The Authorization header is no signature of version 4.',
    ],
  ])('with %s is refused', async (_, headers, status, message) => {
    const reply = await ask('{ who }', headers);
    expect(reply.status).toBe(status);
    expect(reply.json.errors).toMatchObject([{ message }]);
  });

  test('with a signature over another body is refused', async () => {
    const reply = await ask('{ who }', () => signed('secret')(JSON.stringify({ query: '{ all }' })));
    expect(reply.status).toBe(403);
  });
});

describe('the signature of a request', () => {
  test('is the one of AWS’s example (get-vanilla-query-order-key-case of its test suite)', () => {
    const headers = {
      host: 'example.amazonaws.com',
      'x-amz-date': '20150830T123600Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    };
    const request = { method: 'GET', url: '/?Param2=value2&Param1=value1', headers, body: '' };
    const secretOf = (): string => 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
    const then = Date.UTC(2015, 7, 30, 12, 36);
    expect(verifySignature(request, secretOf, () => then)).toBe('AKIDEXAMPLE');
    expect(() => verifySignature(request, secretOf, () => then + 6 * 60_000)).toThrow('too far from now');
    expect(() => verifySignature({ ...request, url: '/?Param1=value1' }, secretOf, () => then)).toThrow(
      'does not match',
    );
  });
});

describe('tokens with signatures', () => {
  const jwk = publicKey.export({ format: 'jwk' }) as { kty: 'RSA'; n: string; e: string };
  const check = signedTokens(new Map([[poolIssuer, { keys: [{ ...jwk, kid: 'k', alg: 'RS256', use: 'sig' }] }]]));

  test('count when their issuer signed them', async () => {
    expect(await check(ofPool(['a']), poolIssuer)).toMatchObject({ sub: 's', 'cognito:groups': ['a'] });
  });

  test.each([
    [
      'another signature',
      `${ofPool([]).split('.').slice(0, 2).join('.')}.${createHmac('sha256', 'x').update('y').digest('base64url')}`,
      'Unable to parse JWT token.',
    ],
    ['another issuer', ofOpenId(), 'Unable to parse JWT token.'],
    ['an end in the past', ofPool([], { exp: 1 }), 'Token has expired.'],
  ])('with %s do not', async (_, given, message) => {
    await expect(check(given, poolIssuer)).rejects.toThrow(AuthenticationError);
    await expect(check(given, poolIssuer)).rejects.toThrow(message);
  });
});
