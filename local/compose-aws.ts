import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@opensearch-project/opensearch';
import { authorizerFor } from '../auth/authorizers.js';
import { roleRules } from '../auth/rules.js';
import type { FhirDefinitions } from '../fhir/definitions.js';
import { loadDefinitions } from '../fhir/load-definitions.js';
import { fhirVersions, type FhirVersion } from '../fhir/version.js';
import { followChanges, type IndexingProblem } from '../indexer/follow.js';
import { handOn, type HandedOn } from '../indexer/hand-on.js';
import { continueReindex, reindex, type ReindexOptions } from '../indexer/reindex.js';
import { sweepTransactions } from '../indexer/sweep-transactions.js';
import { dynamoDbTable } from '../persistence/dynamodb.js';
import { type DynamoDbClients, dynamoDbClients, isLocalEndpoint } from '../persistence/dynamodb/client.js';
import { ensureTable } from '../persistence/dynamodb/ensure-table.js';
import type { BodyStore } from '../persistence/body-store.js';
import { contentFiles } from '../persistence/content-files.js';
import type { ContentStore } from '../persistence/content-store.js';
import { filesystemBodies } from '../persistence/filesystem.js';
import { s3Bodies } from '../persistence/s3.js';
import { s3Client } from '../persistence/s3/client.js';
import { s3Contents } from '../persistence/s3/content.js';
import { ensureBucket } from '../persistence/s3/ensure-bucket.js';
import { StoreError } from '../persistence/store-error.js';
import { createResourceStore } from '../persistence/store.js';
import { sweepBodies } from '../persistence/sweep-bodies.js';
import { openSearchClient, signedRegion } from '../search/opensearch/client.js';
import { createIndex, indexedTerms } from '../search/opensearch/create-index.js';
import { openSearchIndex, type OpenSearchIndex, type OpenSearchOptions } from '../search/opensearch.js';
import type { EmbeddedServer, EmbeddedServers } from './compose.js';
import { readSecret, versionSecret } from './secret.js';
import { type DefinitionOptions, notifierOf, serve } from './serve.js';
import type { AwsEngines } from './settings.js';

/** Where problems of indexing are told; pino's loggers fit. */
interface ProblemLog {
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** What one process has open. */
interface Connections {
  readonly dynamoDb: DynamoDbClients;
  readonly openSearch: Client;
  readonly s3: ReturnType<typeof s3Client> | undefined;
  /** Signs URLs of the same bucket. */
  readonly presigning: ReturnType<typeof s3Client> | undefined;
}

/** A version on the engines, and what brings its index up to date. */
interface AwsServer {
  readonly server: EmbeddedServer & { readonly index: OpenSearchIndex; readonly feed: HandedOn };
  readonly bodies: BodyStore | undefined;
  readonly reindexing: ReindexOptions;
}

/** What is told to a server on the engines; the options of the index are for tests. */
type AwsOptions = OpenSearchOptions & DefinitionOptions & { readonly onOutdatedIndex?: (version: FhirVersion) => void };

/**
 * Opens both FHIR versions on DynamoDB and OpenSearch, and indexes in this process what the tables' streams tell.
 * @param dataFolder where the page key is, made if it is not there.
 * @param options what is added to the definitions of FHIR, and who is told that an index has terms of other search
 * parameters.
 * @throws StoreError with a sentence for the user when the engines cannot be used.
 */
export async function openAwsServers(
  engines: AwsEngines,
  dataFolder: string,
  log: ProblemLog,
  options: AwsOptions = {},
): Promise<EmbeddedServers> {
  mkdirSync(dataFolder, { recursive: true });
  const pageKey = readSecret(dataFolder, 'page.key');
  const connections = connect(engines);
  const running: { stop(): Promise<void> }[] = [];
  const timers: NodeJS.Timeout[] = [];
  const ending = new AbortController();
  const reindexes = new Set<Promise<unknown>>();
  const close = async (): Promise<void> => {
    timers.forEach(clearInterval);
    ending.abort();
    await Promise.allSettled([...running.map((each) => each.stop()), ...reindexes]);
    connections.dynamoDb.close();
    connections.s3?.destroy();
    connections.presigning?.destroy();
    await connections.openSearch.close();
  };
  const untilDone = async <Done>(work: Promise<Done>): Promise<Done> => {
    reindexes.add(work);
    try {
      return await work;
    } finally {
      reindexes.delete(work);
    }
  };
  try {
    const definitions = await Promise.all(fhirVersions.map(loadDefinitions));
    await requireBucket(engines, connections);
    const composed = definitions.map((each) =>
      composeServer(engines, connections, each, { pageKey, dataFolder, options, signal: ending.signal }),
    );
    await Promise.all(composed.map((each) => requireEngines(engines, connections, each.server, options)));
    const servers = composed.map(({ server, bodies, reindexing }) => {
      const { table, index, store, feed } = server;
      const changes = server.subscriptions === undefined ? undefined : handOn('', mostChanges);
      const notifier = changes && notifierOf(server, { feed: changes, isShared: true }, options);
      if (notifier !== undefined) running.push(notifier);
      const { sweep, recover } = store;
      running.push(
        followChanges({
          changes: table.changes.bind(table),
          index,
          bodies,
          recover,
          handOn: (page) => {
            feed.take(page);
            changes?.take(page);
          },
          onProblem: tell(log),
        }),
        sweepTransactions(sweep, tell(log)),
      );
      if (bodies !== undefined) {
        timers.push(every(day, 'removing left bodies', log, () => sweepBodies(table, bodies, Date.now())));
      }
      timers.push(
        every(minute, 'making the search index anew', log, () => untilDone(continueReindex(reindexing))),
        every(hour, 'removing old tombstones', log, () => index.removeTombstones(Date.now())),
      );
      return [server.definitions.version, { ...server, reindex: () => untilDone(reindex(reindexing)) }];
    });
    return { servers: Object.fromEntries(servers) as Record<FhirVersion, EmbeddedServer>, close };
  } catch (error) {
    await close();
    throw error;
  }
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
/** How old a change may be that is published after a start, in milliseconds. */
const handedOnAgain = minute;
/** How many changes wait for the notifier, without their bodies: all of them were indexed before. */
const mostChanges = 100_000;

/** Does what others left undone, again and again; what fails is tried the next time. */
const every = (milliseconds: number, what: string, log: ProblemLog, work: () => Promise<unknown>): NodeJS.Timeout =>
  setInterval(() => {
    work().catch((error: unknown) => {
      log.error({ name: error instanceof Error ? error.name : typeof error }, `${what} failed`);
    });
  }, milliseconds).unref();

function connect(engines: AwsEngines): Connections {
  const { dynamoDbEndpoint, openSearchEndpoint, bodies } = engines;
  const place = (endpoint: string | undefined): { endpoint?: string; region?: string } => ({
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(engines.region === undefined ? {} : { region: engines.region }),
  });
  const dynamoDb = dynamoDbClients(place(dynamoDbEndpoint));
  const region = signedRegion(openSearchEndpoint);
  // The same credentials as DynamoDB's, found, kept and renewed by the SDK.
  const credentials = (): ReturnType<typeof dynamoDb.client.config.credentials> => dynamoDb.client.config.credentials();
  return {
    dynamoDb,
    openSearch: openSearchClient(openSearchEndpoint, region === undefined ? undefined : { region, credentials }),
    s3: bodies === undefined ? undefined : s3Client(place(bodies.endpoint)),
    presigning: bodies === undefined ? undefined : s3Client({ ...place(bodies.endpoint), presigns: true }),
  };
}

/**
 * Where bodies too large for an item are: a bucket, or files of this machine beside an emulator of this machine.
 * Elsewhere there are none, and such a resource is refused: other servers of the same table could not read it.
 */
function bodiesOf(
  engines: AwsEngines,
  { s3 }: Connections,
  dataFolder: string,
  version: FhirVersion,
): BodyStore | undefined {
  if (s3 !== undefined && engines.bodies !== undefined) {
    return s3Bodies(s3, engines.bodies.bucket, nameOf(engines, version));
  }
  return isLocalEndpoint(engines.dynamoDbEndpoint) ? filesystemBodies(join(dataFolder, 'bodies', version)) : undefined;
}

/** Where content goes by URL: where bodies are, below a folder of its own. */
function contentsOf(
  engines: AwsEngines,
  { presigning }: Connections,
  dataFolder: string,
  version: FhirVersion,
): ContentStore | undefined {
  if (presigning !== undefined && engines.bodies !== undefined) {
    return s3Contents(presigning, engines.bodies.bucket, `${nameOf(engines, version)}/content`);
  }
  if (!isLocalEndpoint(engines.dynamoDbEndpoint)) return undefined;
  const key = versionSecret(readSecret(dataFolder, 'content.key'), version);
  return contentFiles(join(dataFolder, 'content', version), key);
}

const nameOf = ({ prefix }: AwsEngines, version: FhirVersion): string => `${prefix}-${version}`;

async function requireBucket({ bodies, createMissing }: AwsEngines, { s3 }: Connections): Promise<void> {
  if (bodies === undefined || s3 === undefined) return;
  await answering('S3', () => ensureBucket(s3, bodies.bucket, createMissing));
}

/** Sees to it that a version's table and index are there. */
async function requireEngines(
  engines: AwsEngines,
  { openSearch, dynamoDb }: Connections,
  { definitions, index }: AwsServer['server'],
  { onOutdatedIndex }: AwsOptions,
): Promise<void> {
  const name = nameOf(engines, definitions.version);
  const { terms } = index.next;
  await answering('DynamoDB', () => ensureTable(dynamoDb.client, name, engines.createMissing));
  await answering('OpenSearch', async () => {
    if (engines.createMissing) {
      await createIndex(openSearch, name, { replicas: isLocalEndpoint(engines.openSearchEndpoint) ? 0 : 1, terms });
    } else {
      const { body: exists } = await openSearch.indices.existsAlias({ name });
      if (!exists) {
        throw new StoreError(`There is no OpenSearch index ${name}: deploy it, or let CREATE_MISSING=on make it`);
      }
    }
    if ((await indexedTerms(openSearch, name)) !== terms) onOutdatedIndex?.(definitions.version);
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
  connections: Connections,
  base: FhirDefinitions,
  more: {
    readonly pageKey: Uint8Array;
    readonly dataFolder: string;
    readonly options: AwsOptions;
    readonly signal: AbortSignal;
  },
): AwsServer {
  const { pageKey, dataFolder, options, signal } = more;
  const { dynamoDb, openSearch } = connections;
  const served = serve(base, options);
  const { definitions } = served;
  const name = nameOf(engines, definitions.version);
  // An emulator on a busy machine is slow, but what it has written is in its index at once.
  const local = isLocalEndpoint(engines.dynamoDbEndpoint) ? { patience: 20_000, historyHorizon: 0 } : {};
  const table = dynamoDbTable({ ...dynamoDb, name, ...local });
  const bodies = bodiesOf(engines, connections, dataFolder, definitions.version);
  const contents = contentsOf(engines, connections, dataFolder, definitions.version);
  const index = openSearchIndex(openSearch, name, definitions, options);
  const server = {
    ...served,
    table,
    // What a process that was killed left is told again if it is not older; clients catch up by history on what is.
    feed: handOn(new Date(Date.now() - handedOnAgain).toISOString()),
    store: createResourceStore(table, bodies === undefined ? {} : { bodies }),
    index,
    indexing: 'later' as const,
    consistency: engines.consistency,
    authorizer: authorizerFor(options.authorization ?? 'roles', roleRules),
    pageKey,
    ...(contents === undefined ? {} : { contents }),
    now: Date.now,
    newId: randomUUID,
  };
  return { server, bodies, reindexing: { table, bodies, next: index.next, signal } };
}

/** Logs the name and place of a problem, never its message, which may quote a resource. */
const tell =
  (log: ProblemLog) =>
  ({ what, error, version }: IndexingProblem): void => {
    const { name, code } = error as { name?: string; code?: string };
    log.error({ name, code, ...version }, `indexing: ${what}`);
  };
