import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { Client } from '@opensearch-project/opensearch';
import { roleRules } from '../auth/rules.js';
import type { FhirDefinitions } from '../fhir/definitions.js';
import { loadDefinitions } from '../fhir/load-definitions.js';
import { fhirVersions, type FhirVersion } from '../fhir/version.js';
import { followChanges, type IndexingProblem } from '../indexer/follow.js';
import { sweepTransactions } from '../indexer/sweep-transactions.js';
import { dynamoDbTable } from '../persistence/dynamodb.js';
import { type DynamoDbClients, dynamoDbClients, isLocalEndpoint } from '../persistence/dynamodb/client.js';
import { ensureTable } from '../persistence/dynamodb/ensure-table.js';
import { StoreError } from '../persistence/store-error.js';
import { createResourceStore } from '../persistence/store.js';
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
  const close = async (): Promise<void> => {
    await Promise.all(running.map((each) => each.stop()));
    connections.dynamoDb.close();
    await connections.openSearch.close();
  };
  try {
    await Promise.all(fhirVersions.map((version) => requireEngines(engines, connections, version)));
    const definitions = await Promise.all(fhirVersions.map(loadDefinitions));
    const servers = definitions.map((each) => composeServer(engines, connections, each, pageKey, options));
    for (const { table, index, store } of servers) {
      const { sweep, recover } = store;
      running.push(
        followChanges({ changes: table.changes.bind(table), index, recover, onProblem: tell(log) }),
        sweepTransactions(sweep, tell(log)),
      );
    }
    const byVersion = servers.map((server) => [server.definitions.version, server]);
    return { servers: Object.fromEntries(byVersion) as Record<FhirVersion, EmbeddedServer>, close };
  } catch (error) {
    await close();
    throw error;
  }
}

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
  pageKey: Uint8Array,
  options: OpenSearchOptions & DefinitionOptions,
): EmbeddedServer {
  const served = serve(base, options);
  const { definitions } = served;
  const name = nameOf(engines, definitions.version);
  // An emulator on a busy machine is slow, but what it has written is in its index at once.
  const local = isLocalEndpoint(engines.dynamoDbEndpoint) ? { patience: 20_000, historyHorizon: 0 } : {};
  const table = dynamoDbTable({ ...dynamoDb, name, ...local });
  return {
    ...served,
    table,
    store: createResourceStore(table),
    index: openSearchIndex(openSearch, name, definitions, options),
    indexing: 'later',
    consistency: engines.consistency,
    rules: roleRules,
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
