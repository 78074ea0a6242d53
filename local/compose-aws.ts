import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '@opensearch-project/opensearch';
import { authorizerFor } from '../auth/authorizers.js';
import { roleRules } from '../auth/rules.js';
import type { FhirDefinitions } from '../fhir/definitions.js';
import { loadDefinitions } from '../fhir/load-definitions.js';
import { fhirVersions, type FhirVersion } from '../fhir/version.js';
import { followChanges, type IndexingProblem } from '../indexer/follow.js';
import { sweepTransactions } from '../indexer/sweep-transactions.js';
import { dynamoDbTable } from '../persistence/dynamodb.js';
import { type DynamoDbClients, dynamoDbClients, isLocalEndpoint } from '../persistence/dynamodb/client.js';
import { ensureTable } from '../persistence/dynamodb/ensure-table.js';
import type { BodyStore } from '../persistence/body-store.js';
import { filesystemBodies } from '../persistence/filesystem.js';
import { StoreError } from '../persistence/store-error.js';
import { createResourceStore } from '../persistence/store.js';
import { sweepBodies } from '../persistence/sweep-bodies.js';
import { createIndex } from '../search/opensearch/create-index.js';
import { openSearchIndex, type OpenSearchOptions } from '../search/opensearch.js';
import type { EmbeddedServer, EmbeddedServers } from './compose.js';
import { readSecret } from './secret.js';
import { type DefinitionOptions, serve } from './serve.js';
import type { AwsEngines } from './settings.js';

/** Where problems of indexing are told; pino's loggers fit. */
interface ProblemLog {
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** What one process has open. */
interface Connections {
  readonly dynamoDb: DynamoDbClients;
  readonly openSearch: Client;
}

/**
 * Opens both FHIR versions on DynamoDB and OpenSearch, and indexes in this process what the tables' streams tell.
 * @param dataFolder where the page key is, made if it is not there.
 * @param options what is added to the definitions of FHIR; those of the index are for tests.
 * @throws StoreError with a sentence for the user when the engines cannot be used.
 */
export async function openAwsServers(
  engines: AwsEngines,
  dataFolder: string,
  log: ProblemLog,
  options: OpenSearchOptions & DefinitionOptions = {},
): Promise<EmbeddedServers> {
  mkdirSync(dataFolder, { recursive: true });
  const pageKey = readSecret(dataFolder, 'page.key');
  const { dynamoDbEndpoint: endpoint, region } = engines;
  const connections: Connections = {
    dynamoDb: dynamoDbClients({
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(region === undefined ? {} : { region }),
    }),
    openSearch: new Client({ node: engines.openSearchEndpoint }),
  };
  const running: { stop(): Promise<void> }[] = [];
  const timers: NodeJS.Timeout[] = [];
  const close = async (): Promise<void> => {
    timers.forEach(clearInterval);
    await Promise.all(running.map((each) => each.stop()));
    connections.dynamoDb.close();
    await connections.openSearch.close();
  };
  try {
    await Promise.all(fhirVersions.map((version) => requireEngines(engines, connections, version)));
    const definitions = await Promise.all(fhirVersions.map(loadDefinitions));
    const servers = definitions.map((each) => {
      const bodies = bodiesOf(engines, dataFolder, each.version);
      const server = composeServer(engines, connections, each, { pageKey, bodies, options });
      const { table, index, store } = server;
      const { sweep, recover } = store;
      running.push(
        followChanges({ changes: table.changes.bind(table), index, bodies, recover, onProblem: tell(log) }),
        sweepTransactions(sweep, tell(log)),
      );
      if (bodies !== undefined) {
        timers.push(every(day, 'removing left bodies', log, () => sweepBodies(table, bodies, Date.now())));
      }
      return [each.version, server];
    });
    return { servers: Object.fromEntries(servers) as Record<FhirVersion, EmbeddedServer>, close };
  } catch (error) {
    await close();
    throw error;
  }
}

const day = 86_400_000;

/** Does what others left undone, again and again; what fails is tried the next time. */
const every = (milliseconds: number, what: string, log: ProblemLog, work: () => Promise<unknown>): NodeJS.Timeout =>
  setInterval(() => {
    work().catch((error: unknown) => {
      log.error({ name: error instanceof Error ? error.name : typeof error }, `${what} failed`);
    });
  }, milliseconds).unref();

/**
 * Where bodies too large for an item are: files of this machine beside an emulator of this machine. Elsewhere there are
 * none, and such a resource is refused: other servers of the same table could not read it.
 */
const bodiesOf = (engines: AwsEngines, dataFolder: string, version: FhirVersion): BodyStore | undefined =>
  isLocalEndpoint(engines.dynamoDbEndpoint) ? filesystemBodies(join(dataFolder, 'bodies', version)) : undefined;

const nameOf = ({ prefix }: AwsEngines, version: FhirVersion): string => `${prefix}-${version}`;

/** Sees to it that a version's table and index are there. */
async function requireEngines(engines: AwsEngines, connections: Connections, version: FhirVersion): Promise<void> {
  const name = nameOf(engines, version);
  const { openSearch, dynamoDb } = connections;
  await answering('DynamoDB', () => ensureTable(dynamoDb.client, name, engines.createMissing));
  await answering('OpenSearch', async () => {
    if (engines.createMissing) {
      await createIndex(openSearch, name, { replicas: isLocalEndpoint(engines.openSearchEndpoint) ? 0 : 1 });
      return;
    }
    const { body: exists } = await openSearch.indices.existsAlias({ name });
    if (!exists) {
      throw new StoreError(`There is no OpenSearch index ${name}: deploy it, or let CREATE_MISSING=on make it`);
    }
  });
}

async function answering(engine: string, use: () => Promise<void>): Promise<void> {
  try {
    await use();
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const { name, code } = error as Error & { code?: string };
    throw new StoreError(`${engine} cannot be used (${code ?? name}): see ${engine.toUpperCase()}_ENDPOINT`);
  }
}

function composeServer(
  engines: AwsEngines,
  { dynamoDb, openSearch }: Connections,
  base: FhirDefinitions,
  more: {
    readonly pageKey: Uint8Array;
    readonly bodies: BodyStore | undefined;
    readonly options: OpenSearchOptions & DefinitionOptions;
  },
): EmbeddedServer {
  const { pageKey, bodies, options } = more;
  const served = serve(base, options);
  const { definitions } = served;
  const name = nameOf(engines, definitions.version);
  // An emulator on a busy machine is slow, but what it has written is in its index at once.
  const local = isLocalEndpoint(engines.dynamoDbEndpoint) ? { patience: 20_000, historyHorizon: 0 } : {};
  const table = dynamoDbTable({ ...dynamoDb, name, ...local });
  return {
    ...served,
    table,
    store: createResourceStore(table, bodies === undefined ? {} : { bodies }),
    index: openSearchIndex(openSearch, name, definitions, options),
    indexing: 'later',
    consistency: engines.consistency,
    authorizer: authorizerFor(options.authorization ?? 'roles', roleRules),
    pageKey,
    now: Date.now,
    newId: randomUUID,
  };
}

/** Logs the name and place of a problem, never its message, which may quote a resource. */
const tell =
  (log: ProblemLog) =>
  ({ what, error, version }: IndexingProblem): void => {
    const { name, code } = error as { name?: string; code?: string };
    log.error({ name, code, ...version }, `indexing: ${what}`);
  };
