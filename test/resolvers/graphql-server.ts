import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FhirServer } from '../../interactions/server.js';
import type { FhirVersion } from '../../fhir/version.js';
import { createAppSyncApi } from '../../local/appsync/create-api.js';
import { dynamoDbDataSource } from '../../local/appsync/data-sources/dynamodb.js';
import { lambdaDataSource } from '../../local/appsync/data-sources/lambda.js';
import { noneDataSource } from '../../local/appsync/data-sources/none.js';
import { type EmbeddedServer, openServers } from '../../local/compose.js';
import type { Table } from '../../persistence/table.js';
import { bundleResolvers } from '../../resolvers/bundle.mjs';
import type { InteractionAnswer, InteractionRequest } from '../../resolvers/interaction-request.js';
import { createResolverHandler } from '../../resolvers/lambda/handler.js';
import { loadApi } from '../../schema/load-api.js';

/** The claims of the tests' callers, by name. */
const claims: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  practitioner: { 'cognito:groups': ['practitioner'] },
  auditor: { 'cognito:groups': ['auditor'] },
  patient: { 'cognito:groups': ['patient'], fhirUser: 'Patient/p1' },
  'patient-itself': { 'cognito:groups': ['patient'], fhirUser: 'Patient/itself' },
  nobody: {},
  'wrong scope': { 'cognito:groups': ['practitioner'], scope: 'email' },
};

const identityOf = (name: string): unknown => {
  if (name === 'iam') return { accountId: '1', userArn: 'arn:aws:iam::1:user/x' };
  const all = { sub: `sub-${name}`, username: name, client_id: 'test', scope: 'openid profile', ...claims[name] };
  return {
    sub: all.sub,
    username: name,
    groups: null,
    issuer: 'test',
    claims: all,
    sourceIp: [],
    defaultAuthStrategy: 'ALLOW',
  };
};

/** An error as AppSync answers it. */
export interface FieldError {
  readonly path: readonly (string | number)[] | null;
  readonly message: string;
  readonly errorType?: string;
  readonly errorInfo?: { status: number; resource: { issue: { code: string; expression?: string[] }[] } };
}

/** What a query gave. */
export interface Answer {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into answers freely
  readonly data: any;
  readonly errors: readonly FieldError[];
  /** Headers the resolvers added to the response. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The AppSync API of one FHIR version, its bundles in the local runtime, over a store of its own. */
export interface GraphqlServer {
  readonly server: EmbeddedServer;
  /** What the resolvers asked of the Lambda: one entry for an invocation. */
  readonly invocations: (InteractionRequest | readonly InteractionRequest[])[];
  /** What the Lambda answered last to a query. */
  answered(query: string): Promise<unknown>;
  /** Unexpected failures the Lambda told of. */
  readonly failures: unknown[];
  execute(
    query: string,
    variables?: Record<string, unknown>,
    as?: string,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  close(): Promise<void>;
}

/**
 * Bundles the resolvers as `npm run build` does and serves them.
 * @param replaced bundles to run instead of the real ones, by name.
 * @param seen what the resolvers' own data source sees of the table.
 * @param behind what the Lambda behind the resolvers asks, made of the embedded server.
 * @param environment the API's environment variables.
 */
export async function startGraphqlServer(
  version: FhirVersion,
  replaced: Readonly<Record<string, string>> = {},
  seen: (table: Table) => Table = (table) => table,
  behind: (server: EmbeddedServer) => FhirServer = (server) => server,
  environment: Readonly<Record<string, string>> = { AUTHORIZATION: 'roles' },
): Promise<GraphqlServer> {
  const folder = mkdtempSync(join(tmpdir(), 'fhir-graphql-test-'));
  await bundleResolvers(join(folder, 'resolvers'));
  const embedded = await openServers(join(folder, 'data'), { validation: 'structure' }); // resources with dangling references too
  const server = embedded.servers[version];
  const invocations: GraphqlServer['invocations'] = [];
  const failures: unknown[] = [];
  let answer: InteractionAnswer | undefined;
  const handler = createResolverHandler(behind(server), {
    baseUrl: () => `http://localhost/${version}`,
    onUnexpected: (failure) => void failures.push(failure),
  });
  const api = createAppSyncApi({
    api: await loadApi(version),
    environment,
    code: (name) => replaced[name] ?? readFileSync(join(folder, 'resolvers', `${name}.js`), 'utf8'),
    dataSources: {
      none: noneDataSource,
      resources: dynamoDbDataSource(seen(server.table)),
      interactions: lambdaDataSource(async (event) => {
        // A Lambda function gets JSON.
        const received = JSON.parse(JSON.stringify(event)) as InteractionRequest;
        invocations.push(received);
        return (answer = await handler(received));
      }),
    },
    onFailure: (failure) => void failures.push(failure),
  });
  return {
    server,
    invocations,
    failures,
    async answered(query) {
      await api.execute({ query, identity: identityOf('practitioner'), headers: {} });
      return answer !== undefined && 'value' in answer ? answer.value : answer;
    },
    async execute(query, variables = {}, as = 'practitioner', asked = {}) {
      const headers: Record<string, string> = {};
      const told = await api.execute({
        query,
        variables,
        identity: identityOf(as),
        headers: asked,
        onEffect(effect) {
          if (effect.kind === 'responseHeader') headers[effect.name] = effect.value;
        },
      });
      return { data: told.data, errors: (told.errors ?? []) as FieldError[], headers };
    },
    async close() {
      await embedded.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
