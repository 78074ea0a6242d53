import type { Request } from 'express';
import type { IncomingMessage } from 'node:http';
import { authenticator, type AuthProvider, modesOf } from './authorization/authenticate.js';
import type { AppSyncCaller } from './authorization/modes.js';
import type { TokenCheck } from './authorization/tokens.js';
import { compileBundle } from './bundle/compile.js';
import { type AppSyncRuntime, createAppSyncApi } from './create-api.js';
import type { DataSource } from './data-source.js';
import type { DynamoDbApi } from './data-sources/dynamodb/api.js';
import { dynamoDbApiDataSource } from './data-sources/dynamodb/data-source.js';
import { eventBridgeDataSource } from './data-sources/eventbridge.js';
import { httpDataSource } from './data-sources/http.js';
import { lambdaDataSource } from './data-sources/lambda.js';
import { noneDataSource } from './data-sources/none.js';
import { openSearchDataSource } from './data-sources/opensearch.js';
import { type ApiDefinition, DefinitionError, type SourceDefinition } from './definition.js';
import type { ConnectionOptions } from './realtime/connection.js';

/** What stands behind the data sources of APIs, and what tokens and signatures are checked by. */
export interface ApiSurroundings {
  readonly dynamoDb: DynamoDbApi;
  /** A Lambda function by its name. @throws DefinitionError when there is none. */
  readonly invoke: (name: string, event: unknown) => Promise<unknown>;
  /** The URL that takes the place of an HTTP or OpenSearch data source's own, by its name. */
  readonly endpoints: ReadonlyMap<string, string>;
  readonly checkToken: TokenCheck;
  /** The secrets of access keys. */
  readonly accessKeys: ReadonlyMap<string, string>;
  /** Told in words of what code logs, of its failures, and of events for EventBridge. */
  readonly tell: (line: string) => void;
}

/** An API that answers. */
export interface ServedApi {
  readonly runtime: AppSyncRuntime;
  /** Says who asks. @throws AuthenticationError */
  readonly authenticate: (request: Request) => Promise<AppSyncCaller>;
  /** Says who connects, and who subscribes. @throws AuthenticationError */
  readonly authenticateRealtime: ConnectionOptions['authenticate'];
}

function dataSourceOf(name: string, source: SourceDefinition, around: ApiSurroundings): DataSource {
  switch (source.kind) {
    case 'NONE':
      return noneDataSource;
    case 'AMAZON_DYNAMODB':
      return dynamoDbApiDataSource(around.dynamoDb, source.table);
    case 'AWS_LAMBDA':
      return lambdaDataSource((event) => around.invoke(source.function, event));
    case 'HTTP':
      return httpDataSource(around.endpoints.get(name) ?? source.endpoint);
    case 'AMAZON_OPENSEARCH_SERVICE':
      return openSearchDataSource(around.endpoints.get(name) ?? source.endpoint);
    case 'AMAZON_EVENTBRIDGE':
      return eventBridgeDataSource((event) => {
        around.tell(`event ${JSON.stringify(event)}`);
      });
  }
}

/**
 * What a connection or a subscription signs: `POST /graphql/connect` with `{}`, and `POST /graphql` with the request.
 * https://docs.aws.amazon.com/appsync/latest/devguide/real-time-websocket-client.html#signing-iam
 */
function signedPart(path: string, data: string | undefined): { readonly url: string; readonly body: string } {
  return data === undefined ? { url: `${path}/connect`, body: '{}' } : { url: path, body: data };
}

/** When a token ends: its `exp`, in milliseconds since 1970. */
function endOf({ identity }: AppSyncCaller): { readonly until?: number } {
  const { claims } = (identity ?? {}) as { readonly claims?: { readonly exp?: unknown } };
  return typeof claims?.exp === 'number' ? { until: claims.exp * 1000 } : {};
}

const sourceOf = (request: IncomingMessage): string => request.socket.remoteAddress ?? '';

/** The account and role that signatures by local access keys stand for. */
const localAccount = '000000000000';

function providersOf({ providers }: ApiDefinition, around: ApiSurroundings): AuthProvider[] {
  return providers.map((provider): AuthProvider => {
    if (provider.mode === 'AWS_LAMBDA')
      return { ...provider, invoke: (event) => around.invoke(provider.function, event) };
    if (provider.mode !== 'AWS_IAM') return provider;
    const accessKeys = [...around.accessKeys].map(
      ([id, secret]) =>
        [id, { secret, accountId: localAccount, userArn: `arn:aws:iam::${localAccount}:user/${id}` }] as const,
    );
    return { mode: 'AWS_IAM', accessKeys: new Map(accessKeys) };
  });
}

/**
 * Makes an API of its definition: its code is compiled and its schema checked before anything is answered.
 * @param path where it is served: signatures are over it.
 * @throws BundleError, GraphQLError or DefinitionError that names what is wrong with it.
 */
export async function serveApi(
  definition: ApiDefinition,
  around: ApiSurroundings,
  path = '/graphql',
): Promise<ServedApi> {
  for (const [name, text] of definition.code) compileBundle(name, text);
  const providers = providersOf(definition, around);
  const runtime = createAppSyncApi({
    api: definition.api,
    code: (name) => {
      const text = definition.code.get(name);
      if (text === undefined) throw new DefinitionError(`There is no code ${name}`);
      return text;
    },
    dataSources: Object.fromEntries(
      [...definition.sources].map(([name, source]) => [name, dataSourceOf(name, source, around)]),
    ),
    limits: definition.limits,
    environment: definition.environment,
    authorization: modesOf(providers),
    introspection: definition.introspection,
    checksSchema: true,
    sandbox: {
      log: ({ bundle, level, text }) => {
        around.tell(`${level} ${bundle}: ${text}`);
      },
    },
    onFailure: ({ step, message, stack }) => {
      around.tell(`failed ${step}: ${stack ?? message}`);
    },
  });
  // Reads the schema and binds every resolver: what is missing is said at the start, not to the first caller.
  await runtime.execute({ query: '{ __typename }', identity: null, headers: {} });
  const who = authenticator(providers, around.checkToken);
  return {
    runtime,
    authenticate: (request) =>
      who({
        method: request.method,
        url: request.originalUrl,
        headers: request.headers,
        body: typeof request.body === 'string' ? request.body : '',
        sourceIp: sourceOf(request),
      }),
    async authenticateRealtime(headers, request, data) {
      const asked = { method: 'POST', headers, ...signedPart(path, data), sourceIp: sourceOf(request) };
      const caller = await who(asked);
      return { ...caller, ...endOf(caller) };
    },
  };
}
