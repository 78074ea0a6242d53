import type { ErrorRequestHandler, Request, RequestHandler } from 'express';
import { AsyncLocalStorage } from 'node:async_hooks';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Authorization } from '../auth/authorizers.js';
import type { TokenVerifier } from '../auth/verify-token.js';
import { OperationOutcomeError } from '../fhir/outcome.js';
import { createResolverHandler } from '../resolvers/lambda/handler.js';
import { baseUrlOf } from '../rest/base-url.js';
import { loadApi } from '../schema/load-api.js';
import { type AppSyncRuntime, createAppSyncApi } from './appsync/create-api.js';
import { dynamoDbDataSource } from './appsync/data-sources/dynamodb.js';
import { lambdaDataSource } from './appsync/data-sources/lambda.js';
import { appSyncHttp } from './appsync/http.js';
import type { EmbeddedServer } from './compose.js';

/** What the GraphQL face of one FHIR version is made of. */
export interface GraphqlOptions {
  readonly server: EmbeddedServer;
  /** The base URL in every link, no slash at the end; what the request and its proxy say without it. */
  readonly baseUrl?: string;
  readonly authenticate: TokenVerifier;
  /** The authorization component of the server: resolvers answer by themselves only where they know its rules. */
  readonly authorization: Authorization;
  readonly folders: {
    /** The URL of the folder with `<version>/schema.graphql`. */
    readonly schema: URL;
    /** The folder of the bundled resolvers. */
    readonly resolvers: string;
  };
  readonly log: Logger;
}

async function createRuntime(
  { server, authorization, folders, log }: GraphqlOptions,
  baseUrl: () => string,
): Promise<AppSyncRuntime> {
  const { version } = server.definitions;
  const api = await loadApi(version, folders.schema);
  const types = new Set(api.resolvers.flatMap(({ kind, fieldName }) => (kind === 'PIPELINE' ? [fieldName] : [])));
  const handler = createResolverHandler(server, {
    baseUrl,
    isInSchema: (type) => types.has(type),
    onUnexpected: (failure) => {
      log.error(failure, 'an interaction behind GraphQL failed');
    },
  });
  return createAppSyncApi({
    api,
    environment: { AUTHORIZATION: authorization, AUDIT: server.audit === undefined ? 'off' : 'on' },
    code: (name) => readFileSync(join(folders.resolvers, `${name}.js`), 'utf8'),
    dataSources: {
      resources: dynamoDbDataSource(server.table),
      interactions: lambdaDataSource((event) => handler(event as Parameters<typeof handler>[0])),
    },
    onFailure: (failure) => {
      log.error(failure, 'a resolver failed');
    },
  });
}

/**
 * AppSync takes the token without a scheme, and Amplify sends it so; `Bearer <token>` is taken too, as by REST.
 * https://repost.aws/knowledge-center/aws-appsync-graphql-request-unauth-error
 */
const withScheme = (authorization: string | undefined): string | undefined =>
  authorization !== undefined && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(authorization)
    ? `Bearer ${authorization}`
    : authorization;

/**
 * The AppSync API of one FHIR version on the embedded server: the bundled resolvers in the local runtime, over the same
 * store and interactions as REST. The schema is read at the first request.
 * @returns Express handlers for `/<version>/graphql`.
 */
export function createGraphqlHandler(options: GraphqlOptions): (RequestHandler | ErrorRequestHandler)[] {
  const { authenticate, log, server } = options;
  const { version } = server.definitions;
  // AppSync hands the Lambda no request: on AWS the base URL is a setting. Here it is that of the request under way.
  const requests = new AsyncLocalStorage<string>();
  let runtime: Promise<AppSyncRuntime> | undefined;
  const handlers = appSyncHttp({
    runtime: () => (runtime ??= createRuntime(options, () => requests.getStore() ?? `/${version}`)),
    authenticate: async (request: Request) => {
      const { principal, claims } = await authenticate(withScheme(request.get('authorization')));
      const identity = {
        sub: principal.subject,
        issuer: claims['iss'],
        username: principal.username,
        groups: principal.groups,
        claims,
        sourceIp: [request.socket.remoteAddress ?? ''],
        defaultAuthStrategy: 'ALLOW',
      };
      return { identity };
    },
    onFailure: (error) => {
      log.error(error, 'GraphQL failed');
    },
  });
  const withBase: RequestHandler = (request, response, next) => {
    try {
      requests.run(options.baseUrl ?? baseUrlOf(request, `/${version}`), next);
    } catch (error) {
      if (!(error instanceof OperationOutcomeError)) throw error;
      response.status(error.status).json({ errors: [{ errorType: 'BadRequestException', message: error.message }] });
    }
  };
  return [withBase, ...handlers];
}
