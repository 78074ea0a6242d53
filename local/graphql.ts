import type { ErrorRequestHandler, Request, RequestHandler } from 'express';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { TokenVerifier } from '../auth/verify-token.js';
import { createResolverHandler } from '../resolvers/lambda/handler.js';
import { loadApi } from '../schema/load-api.js';
import { type AppSyncRuntime, createAppSyncApi } from './appsync/create-api.js';
import { dynamoDbDataSource } from './appsync/data-sources/dynamodb.js';
import { lambdaDataSource } from './appsync/data-sources/lambda.js';
import { appSyncHttp } from './appsync/http.js';
import type { EmbeddedServer } from './compose.js';

/** What the GraphQL face of one FHIR version is made of. */
export interface GraphqlOptions {
  readonly server: EmbeddedServer;
  /** The URL by which clients know the server, no slash at the end. */
  readonly url: string;
  readonly authenticate: TokenVerifier;
  readonly folders: {
    /** The URL of the folder with `<version>/schema.graphql`. */
    readonly schema: URL;
    /** The folder of the bundled resolvers. */
    readonly resolvers: string;
  };
  readonly log: Logger;
}

async function createRuntime({ server, url, folders, log }: GraphqlOptions): Promise<AppSyncRuntime> {
  const { version } = server.definitions;
  const handler = createResolverHandler(server, {
    baseUrl: `${url}/${version}`,
    onUnexpected: (failure) => {
      log.error(failure, 'an interaction behind GraphQL failed');
    },
  });
  return createAppSyncApi({
    api: await loadApi(version, folders.schema),
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
  const { authenticate, log } = options;
  let runtime: Promise<AppSyncRuntime> | undefined;
  return appSyncHttp({
    runtime: () => (runtime ??= createRuntime(options)),
    authenticate: async (request: Request) => {
      const { principal, claims } = await authenticate(withScheme(request.get('authorization')));
      return {
        sub: principal.subject,
        issuer: claims['iss'],
        username: principal.username,
        groups: principal.groups,
        claims,
        sourceIp: [request.socket.remoteAddress ?? ''],
        defaultAuthStrategy: 'ALLOW',
      };
    },
    onFailure: (error) => {
      log.error(error, 'GraphQL failed');
    },
  });
}
