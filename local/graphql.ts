import type { ErrorRequestHandler, Request, RequestHandler } from 'express';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Authorization } from '../auth/authorizers.js';
import type { TokenVerifier, VerifiedToken } from '../auth/verify-token.js';
import { publishChanges } from '../indexer/publish.js';
import {
  publishJobMutation,
  publishJobVariables,
  publishMutation,
  publishVariables,
} from '../indexer/publish-mutation.js';
import { type JobNotice, tellOfJob } from '../interactions/jobs/job-notice.js';
import type { TenantServers } from '../interactions/tenancy.js';
import { createResolverHandler } from '../resolvers/lambda/handler.js';
import { authorizationOf } from '../rest/authorization-header.js';
import { baseUrlOf } from '../rest/base-url.js';
import { framesOf } from '../fhir/without-words.js';
import { logUnexpected } from '../rest/errors.js';
import { loadApi } from '../schema/load-api.js';
import type { AppSyncCaller, AuthModes } from './appsync/authorization/modes.js';
import { type AppSyncRuntime, createAppSyncApi } from './appsync/create-api.js';
import { dynamoDbDataSource } from './appsync/data-sources/dynamodb.js';
import { lambdaDataSource } from './appsync/data-sources/lambda.js';
import { noneDataSource } from './appsync/data-sources/none.js';
import { appSyncHttp } from './appsync/http.js';
import type { RealtimeApi } from './appsync/realtime/upgrade.js';
import type { EmbeddedServer } from './compose.js';
import type { AppSyncSettings } from './appsync-settings.js';

/** What the GraphQL face of one FHIR version is made of. */
export interface GraphqlOptions {
  readonly server: EmbeddedServer;
  /** The base URL in every link, no slash at the end; what the request and its proxy say without it. */
  readonly baseUrl?: string;
  readonly authenticate: TokenVerifier;
  /** Where tenants share the server: whose the resources are. */
  readonly tenancy?: TenantServers;
  /** The authorization component of the server: resolvers answer by themselves only where they know its rules. */
  readonly authorization: Authorization;
  readonly folders: {
    /** The URL of the folder with `<version>/schema.graphql`. */
    readonly schema: URL;
    /** The folder of the bundled resolvers. */
    readonly resolvers: string;
  };
  readonly log: Logger;
  /** AppSync's own limits without it. */
  readonly settings?: AppSyncSettings;
}

/** The AppSync API of one FHIR version, as the embedded server serves it. */
export interface GraphqlFace {
  /** Express handlers for `/<version>/graphql`. */
  readonly handlers: (RequestHandler | ErrorRequestHandler)[];
  /** The WebSocket of its subscriptions, at the path AppSync has beside queries and at the one of custom domains. */
  readonly realtime: RealtimeApi;
  /** Ends publishing; to be called before the store is closed. */
  close(): Promise<void>;
}

/** The API, and the resource types of its schema. */
interface Runtime extends AppSyncRuntime {
  readonly types: ReadonlySet<string>;
}

async function createRuntime({
  server,
  tenancy,
  authorization,
  folders,
  log,
  settings,
}: GraphqlOptions): Promise<Runtime> {
  const { version } = server.definitions;
  const api = await loadApi(version, folders.schema);
  const types = new Set(api.resolvers.flatMap(({ kind, fieldName }) => (kind === 'PIPELINE' ? [fieldName] : [])));
  const handler = createResolverHandler(server, {
    baseUrl: () => `/${version}`,
    ...(tenancy === undefined ? {} : { tenancy }),
    isInSchema: (type) => types.has(type),
    onUnexpected: (failure) => {
      logUnexpected(failure, log, 'an interaction behind GraphQL failed');
    },
    onDelay: (error) => {
      log.error({ name: error instanceof Error ? error.name : typeof error }, 'a write is not in the index yet');
    },
  });
  const runtime = createAppSyncApi({
    api,
    environment: {
      AUTHORIZATION: authorization,
      AUDIT: server.audit === undefined ? 'off' : 'on',
      ...(tenancy === undefined ? {} : { TENANCY: 'pooled', TENANT_CLAIM: tenancy.claim }),
    },
    ...(settings === undefined
      ? {}
      : {
          introspection: settings.introspection,
          limits: { maxDepth: settings.maxDepth, maxResolvers: settings.maxResolvers },
        }),
    authorization: modes,
    code: (name) => readFileSync(join(folders.resolvers, `${name}.js`), 'utf8'),
    dataSources: {
      none: noneDataSource,
      resources: dynamoDbDataSource(server.table),
      interactions: lambdaDataSource(
        (event, baseUrl) =>
          handler(event as Parameters<typeof handler>[0], typeof baseUrl === 'string' ? baseUrl : undefined),
        true,
      ),
    },
    onFailure: ({ step, message, stack }) => {
      log.error({ step, stack: framesOf(stack ?? message) }, 'a resolver failed');
    },
  });
  return { ...runtime, types };
}

/**
 * AppSync takes the token without a scheme, and Amplify sends it so; `Bearer <token>` is taken too, as by REST.
 * https://repost.aws/knowledge-center/aws-appsync-graphql-request-unauth-error
 */
const withScheme = (authorization: string | undefined): string | undefined =>
  authorization !== undefined && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(authorization)
    ? `Bearer ${authorization}`
    : authorization;

/** `ctx.identity` of a user pool. https://docs.aws.amazon.com/appsync/latest/devguide/resolver-context-reference-js.html */
const identityOf = ({ principal, claims }: VerifiedToken, request: IncomingMessage): Record<string, unknown> => ({
  sub: principal.subject,
  issuer: claims['iss'],
  username: principal.username,
  groups: principal.groups,
  claims,
  sourceIp: [request.socket.remoteAddress ?? ''],
  defaultAuthStrategy: 'ALLOW',
});

/** Who publishes: known by IAM, which no request of a client is here. */
const publisher: AppSyncCaller = {
  mode: 'AWS_IAM',
  identity: {
    accountId: '000000000000',
    userArn: 'arn:aws:iam::000000000000:role/fhir-publisher',
    username: 'fhir-publisher',
  },
};

/** User pools for clients, IAM for the publisher: the schema's directives say which fields are the latter's. */
const modes: AuthModes = { standard: 'AMAZON_COGNITO_USER_POOLS', additional: ['AWS_IAM'] };

/**
 * The AppSync API of one FHIR version on the embedded server: the bundled resolvers in the local runtime, over the same
 * store and interactions as REST. The schema is read at the first request. Changes are published while a subscription
 * is open.
 */
export function createGraphqlFace(options: GraphqlOptions): GraphqlFace {
  const { authenticate, log, server } = options;
  const { version } = server.definitions;
  let making: Promise<Runtime> | undefined;
  let made: Runtime | undefined;
  const runtime = (): Promise<Runtime> => (making ??= createRuntime(options).then((each) => (made = each)));
  const onFailure = (error: unknown): void => {
    logUnexpected(error, log, 'GraphQL failed');
  };
  const handlers = appSyncHttp({
    runtime,
    authenticate: async (request: Request) => ({
      identity: identityOf(await authenticate(withScheme(authorizationOf(request))), request),
    }),
    // AppSync hands the Lambda no request: on AWS the base URL is a setting. Here it is that of the request.
    lambdaContext: (request: Request) => options.baseUrl ?? baseUrlOf(request, `/${version}`),
    onFailure,
  });
  const tell = async (query: string, variables: Readonly<Record<string, unknown>>): Promise<void> => {
    const api = await runtime();
    const { errors } = await api.execute({ ...publisher, query, variables, headers: {} });
    if (errors !== undefined) throw new Error('A mutation of the publisher failed');
  };
  const publishing = publishChanges({
    feed: server.feed,
    isHeard: () => made?.isHeard() === true,
    publish: async (change) => {
      if (!(await runtime()).types.has(change.type)) return; // a smaller schema: nobody can have asked for it
      await tell(publishMutation, publishVariables(change));
    },
    publishJob: async (change) => {
      const { jobs } = server.ofTenant(change.tenant);
      if (jobs === undefined) return;
      const publish = (notice: JobNotice): Promise<void> => tell(publishJobMutation, publishJobVariables(notice));
      await tellOfJob({ read: (id) => jobs.read(id), publish }, change);
    },
    onProblem: ({ what, error, version: named }) => {
      log.error({ name: error instanceof Error ? error.name : typeof error, ...named }, `publishing: ${what}`);
    },
  });
  return {
    handlers,
    realtime: {
      paths: [`/${version}/graphql`, `/${version}/graphql/realtime`],
      runtime,
      authenticate: async (headers, request) => {
        const verified = await authenticate(withScheme(headers['authorization']));
        const { exp } = verified.claims;
        return {
          identity: identityOf(verified, request),
          ...(typeof exp === 'number' ? { until: exp * 1000 } : {}),
        };
      },
      onFailure,
    },
    close: () => publishing.stop(),
  };
}
