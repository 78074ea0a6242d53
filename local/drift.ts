import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openLambda } from '../compose/open-lambda.js';
import { keyText } from '../fhir/resource.js';
import { fhirVersions } from '../fhir/version.js';
import { type Drift, type DriftSpace, findDrift, fixDrift } from '../indexer/drift.js';
import { defaultTenant, type Tenant, tenantOf } from '../persistence/keys.js';
import { StoreError } from '../persistence/store-error.js';
import type { EmbeddedServer, EmbeddedServers } from './compose.js';
import { readGuide } from './guide/read-guide.js';
import { readSettings, type Settings, SettingsError } from './settings.js';

const usage = `Usage: npm run drift -- [--sample percent] [--fix]
Compares the resources of the store with the search index, both ways, and names those that differ.
The embedded store must not be in use by a server; DynamoDB and OpenSearch (ENGINES=aws) may be. Of a deployment one version is
compared, which TABLE_NAME, INDEX_ALIAS, BODIES_BUCKET, OPENSEARCH_ENDPOINT and FHIR_VERSION name, as its functions are told.
  --sample  how much is compared, by chance: 100 unless given
  --fix     indexes anew what differs
`;

/** How long a stream may take to bring a write to the index, in milliseconds. */
const streamLag = 5_000;

interface Asked {
  readonly sample: number;
  readonly fix: boolean;
}

function readCommand(commandLine: readonly string[]): Asked | string {
  const { values } = parseArgs({
    args: [...commandLine],
    options: { sample: { type: 'string', default: '100' }, fix: { type: 'boolean', default: false } },
  });
  const sample = Number(values.sample);
  if (!Number.isSafeInteger(sample) || sample < 1 || sample > 100) {
    return `--sample is "${values.sample}": it must be a number from 1 to 100`;
  }
  return { sample, fix: values.fix };
}

async function open({ engines, dataFolder, implementationGuides, ...settings }: Settings): Promise<EmbeddedServers> {
  const options = { guides: await Promise.all(implementationGuides.map(readGuide)), validation: settings.validation };
  if (engines.kind === 'aws') {
    return (await import('./compose-aws.js')).openAwsIndices(engines, dataFolder, options);
  }
  return (await import('./compose.js')).openServers(dataFolder, { ...options, isCommand: true });
}

/** That a resource is a tenant's, where tenants share the store. */
const whose = (tenant: Tenant): string => (tenant === defaultTenant ? '' : ` of the tenant ${tenant}`);

const lineOf = ({ tenant, type, id, what, stored, indexed }: Drift): string => {
  const of = stored === undefined ? '' : ` (the store has version ${String(stored.versionId)})`;
  const words: Record<Drift['what'], string> = {
    missing: 'is not in the index',
    older: 'is indexed as an older version',
    newer: 'is indexed as a newer version',
    terms: 'is indexed by other terms',
    surplus: `is in the index as version ${String(indexed ?? 0)}, and not in the store`,
  };
  return `${keyText({ type, id })}${whose(tenant)} ${words[what]}${of}`;
};

type Compared = Pick<EmbeddedServer, 'definitions' | 'indexing' | 'table' | 'bodies' | 'index' | 'inspection'>;

/** What is compared, and how it is closed: the version of a deployment where its table is named, all of a server otherwise. */
async function openAll(
  environment: NodeJS.ProcessEnv,
): Promise<{ readonly servers: readonly Compared[]; close(): Promise<void> }> {
  if (environment['TABLE_NAME'] === undefined) {
    const opened = await open(readSettings(environment));
    return { servers: fhirVersions.map((version) => opened.servers[version]), close: () => opened.close() };
  }
  const { server, bodies, connections } = await openLambda(environment, { sealsPages: false });
  const compared = { ...server, inspection: server.index.inspection, ...(bodies === undefined ? {} : { bodies }) };
  return { servers: [compared], close: () => connections.close() };
}

/** Compares one version. @returns how many differ, or cannot be read, at the end. */
async function compare(server: Compared, { sample, fix }: Asked): Promise<number> {
  const { version } = server.definitions;
  const isStreamed = server.indexing === 'later';
  const space: DriftSpace = {
    table: server.table,
    bodies: server.bodies,
    index: server.index,
    inspection: server.inspection,
    sample,
    settle: () => (isStreamed ? pause(streamLag) : Promise.resolve()),
    onProgress: (stored, indexed) => {
      if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${version}: ${String(stored)} / ${String(indexed)}`);
    },
  };
  const { stored, indexed, unknown, drifts, unreadable } = await findDrift(space);
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  console.log(
    `${version}: ${String(stored)} resources of the store, ${String(indexed)} of the index: ${String(drifts.length)} differ`,
  );
  if (unknown > 0)
    console.log(`${version}: of ${String(unknown)} the index does not tell the terms: $reindex makes it`);
  for (const drift of drifts) console.log(`${version}: ${lineOf(drift)}`);
  for (const { key, resource } of unreadable) {
    console.log(`${version}: ${keyText(resource)}${whose(tenantOf(key.pk))} cannot be read: it was lost`);
  }
  if (!fix || drifts.length === 0) return drifts.length + unreadable.length;
  const left = await fixDrift(space, drifts);
  console.log(`${version}: ${String(drifts.length - left.length)} indexed anew, ${String(left.length)} still differ`);
  if (drifts.some(({ what }) => what === 'surplus')) {
    console.log(`${version}: what is stored anew under an id that only the index had is not found: use $reindex`);
  }
  if (left.some(({ what }) => what === 'newer')) console.log(`${version}: no index goes back: use $reindex`);
  return left.length + unreadable.length;
}

async function main(): Promise<number> {
  const asked = readCommand(process.argv.slice(2));
  if (typeof asked === 'string') throw new SettingsError(asked);
  const opened = await openAll(process.env);
  try {
    let differ = 0;
    for (const server of opened.servers) differ += await compare(server, asked);
    return differ === 0 ? 0 : 1;
  } finally {
    await opened.close();
  }
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const isKnown = error instanceof SettingsError || error instanceof StoreError || error instanceof TypeError;
    console.error(isKnown ? `${error.message}\n\n${usage}` : error);
    process.exitCode = 2;
  },
);
