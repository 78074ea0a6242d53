import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { connectWithBucket, type ConnectionsWithBucket } from '../compose/connect-bucket.js';
import type { Connections } from '../compose/connect.js';
import { jobsOfTenants } from '../compose/jobs-of-tenants.js';
import { serveOnAws } from '../compose/on-aws.js';
import { notifierOf } from '../compose/notify.js';
import { folderOf, ofTenants, recoverOfTenants, sweepBodiesOfTenants, sweepOfTenants } from '../compose/of-tenants.js';
import type { DefinitionOptions } from '../compose/serve.js';
import type { FhirDefinitions } from '../fhir/definitions.js';
import { loadDefinitions } from '../fhir/load-definitions.js';
import type { Tenant } from '../fhir/tenant.js';
import { fhirVersions, type FhirVersion } from '../fhir/version.js';
import { followChanges, type IndexingProblem } from '../indexer/follow.js';
import { handOn, type HandedOn } from '../indexer/hand-on.js';
import { sweepTransactions } from '../indexer/sweep-transactions.js';
import type { FhirServer } from '../interactions/server.js';
import { defaultTenant } from '../persistence/keys.js';
import { isLocalEndpoint } from '../persistence/dynamodb/client.js';
import { ensureTable } from '../persistence/dynamodb/ensure-table.js';
import type { BodyStore } from '../persistence/body-store.js';
import { contentFiles } from '../persistence/content-files.js';
import type { ContentStore } from '../persistence/content-store.js';
import { filesystemBodies } from '../persistence/filesystem.js';
import { outputFiles } from '../persistence/output-files.js';
import type { OutputStore } from '../persistence/output-store.js';
import { s3Bodies } from '../persistence/s3.js';
import { s3Contents } from '../persistence/s3/content.js';
import { ensureBucket } from '../persistence/s3/ensure-bucket.js';
import { s3Files } from '../persistence/s3/input.js';
import { s3Output } from '../persistence/s3/output.js';
import { StoreError } from '../persistence/store-error.js';
import { tenantsIn } from '../persistence/tenants.js';
import { createIndex, indexedTerms } from '../search/opensearch/create-index.js';
import type { OpenSearchIndex, OpenSearchOptions } from '../search/opensearch.js';
import type { EmbeddedServer, EmbeddedServers } from './compose.js';
import { readSecret, versionSecret } from './secret.js';
import type { AwsEngines } from './settings.js';

/** Where problems of indexing are told; pino's loggers fit. */
interface ProblemLog {
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** A version on the engines, and what brings its index up to date. */
interface AwsServer {
  readonly server: EmbeddedServer & { readonly index: OpenSearchIndex; readonly feed: HandedOn };
  readonly bodies: BodyStore | undefined;
  readonly output: ((tenant: Tenant) => OutputStore) | undefined;
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
  const connections = connectWithBucket(engines);
  const running: { stop(): Promise<void> }[] = [];
  const timers: NodeJS.Timeout[] = [];
  const close = async (): Promise<void> => {
    timers.forEach(clearInterval);
    await Promise.allSettled(running.map((each) => each.stop()));
    await connections.close();
  };
  try {
    const definitions = await Promise.all(fhirVersions.map(loadDefinitions));
    await requireBucket(engines, connections);
    const composed = definitions.map((each) =>
      composeServer(engines, connections, each, { pageKey, dataFolder, options }),
    );
    await Promise.all(composed.map((each) => requireEngines(engines, connections, each.server, options)));
    const opened = composed.map(async ({ server, bodies, output }): Promise<[FhirVersion, EmbeddedServer]> => {
      const { table, index, feed } = server;
      const changes = server.subscriptions === undefined ? undefined : handOn('', mostChanges);
      const notifier = changes && notifierOf(server, { feed: changes, isShared: true }, options);
      if (notifier !== undefined) running.push(notifier);
      running.push(
        followChanges({
          changes: table.changes.bind(table),
          index,
          bodies,
          recover: recoverOfTenants(server),
          handOn: (page) => {
            feed.take(page);
            changes?.take(page);
          },
          onProblem: tell(log),
        }),
        sweepTransactions(() => sweepOfTenants(server), tell(log)),
      );
      if (bodies !== undefined) {
        timers.push(every(day, 'removing left bodies', log, () => sweepBodiesOfTenants(table, bodies, Date.now())));
      }
      timers.push(every(hour, 'removing old tombstones', log, () => index.removeTombstones(Date.now())));
      const files = connections.s3 === undefined ? {} : { s3Files: s3Files(connections.s3) };
      const more = { segments: 4, bodies, isShared: true, ...files };
      const jobs = output && jobsOfTenants(table, output, options, more);
      if (jobs !== undefined) running.push(jobs);
      const ofTenant = ofTenants((tenant): FhirServer => {
        const own = server.ofTenant(tenant);
        return jobs === undefined ? own : { ...own, jobs: jobs.of(own) };
      });
      // What earlier processes left of jobs goes on, whosesoever they are.
      for (const tenant of await tenantsIn(table)) ofTenant(tenant);
      return [server.definitions.version, { ...server, ...ofTenant(defaultTenant), ofTenant }];
    });
    const servers = Object.fromEntries(await Promise.all(opened)) as Record<FhirVersion, EmbeddedServer>;
    return { servers, close };
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

/**
 * Where bodies too large for an item are: a bucket, or files of this machine beside an emulator of this machine.
 * Elsewhere there are none, and such a resource is refused: other servers of the same table could not read it.
 */
function bodiesOf(
  engines: AwsEngines,
  { s3 }: ConnectionsWithBucket,
  dataFolder: string,
  version: FhirVersion,
): BodyStore | undefined {
  if (s3 !== undefined && engines.bodies !== undefined) {
    return s3Bodies(s3, engines.bodies.bucket, nameOf(engines, version));
  }
  return isLocalEndpoint(engines.dynamoDbEndpoint) ? filesystemBodies(join(dataFolder, 'bodies', version)) : undefined;
}

/** Where the files of jobs are: as bodies. */
function outputOf(
  engines: AwsEngines,
  { s3 }: ConnectionsWithBucket,
  dataFolder: string,
  version: FhirVersion,
): ((tenant: Tenant) => OutputStore) | undefined {
  const { bodies } = engines;
  if (s3 !== undefined && bodies !== undefined) {
    return (tenant) => s3Output(s3, bodies.bucket, folderOf(`${nameOf(engines, version)}/jobs`, tenant));
  }
  if (!isLocalEndpoint(engines.dynamoDbEndpoint)) return undefined;
  return (tenant) => outputFiles(folderOf(join(dataFolder, 'jobs', version), tenant));
}

/** Where content goes by URL: where bodies are, below a folder of its own. */
function contentsOf(
  engines: AwsEngines,
  { presigning }: ConnectionsWithBucket,
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

async function requireBucket({ bodies, createMissing }: AwsEngines, { s3 }: ConnectionsWithBucket): Promise<void> {
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

/** The versions on the engines, with nothing that goes on beside: for a command that looks at them. */
export async function openAwsIndices(
  engines: AwsEngines,
  dataFolder: string,
  options: AwsOptions = {},
): Promise<EmbeddedServers> {
  const connections = connectWithBucket(engines);
  const definitions = await Promise.all(fhirVersions.map(loadDefinitions));
  const made = definitions.map((each) => {
    const { server } = composeServer(engines, connections, each, { pageKey: new Uint8Array(32), dataFolder, options });
    return [each.version, server];
  });
  const servers = Object.fromEntries(made) as Record<FhirVersion, EmbeddedServer>;
  return { servers, close: () => connections.close() };
}

function composeServer(
  engines: AwsEngines,
  connections: ConnectionsWithBucket,
  base: FhirDefinitions,
  more: {
    readonly pageKey: Uint8Array;
    readonly dataFolder: string;
    readonly options: AwsOptions;
  },
): AwsServer {
  const { pageKey, dataFolder, options } = more;
  const { version } = base;
  const bodies = bodiesOf(engines, connections, dataFolder, version);
  const served = serveOnAws(connections, base, {
    table: nameOf(engines, version),
    alias: nameOf(engines, version),
    bodies,
    contents: contentsOf(engines, connections, dataFolder, version),
    consistency: engines.consistency,
    pageKey,
    // An emulator on a busy machine is slow, but what it has written is in its index at once.
    ...(isLocalEndpoint(engines.dynamoDbEndpoint) ? { patience: { patience: 20_000, historyHorizon: 0 } } : {}),
    options,
  });
  const { index } = served;
  const server = {
    ...served,
    inspection: index.inspection,
    ...(bodies === undefined ? {} : { bodies }),
    // What a process that was killed left is told again if it is not older; clients catch up by history on what is.
    feed: handOn(new Date(Date.now() - handedOnAgain).toISOString()),
  };
  const output = outputOf(engines, connections, dataFolder, version);
  return { server, bodies, output };
}

/** Logs the name and place of a problem, never its message, which may quote a resource. */
const tell =
  (log: ProblemLog) =>
  ({ what, error, version }: IndexingProblem): void => {
    const { name, code } = error as { name?: string; code?: string };
    log.error({ name, code, ...version }, `indexing: ${what}`);
  };
