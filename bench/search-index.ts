import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@opensearch-project/opensearch';
import { open } from 'lmdb';
import { commitsOf } from '../lmdb/commits.js';
import type { FhirDefinitions } from '../fhir/definitions.js';
import { loadDefinitions } from '../fhir/load-definitions.js';
import type { Resource } from '../fhir/resource.js';
import { createIndex } from '../search/opensearch/create-index.js';
import { openSearchIndex } from '../search/opensearch.js';
import { lmdbSearchIndex } from '../search/lmdb.js';
import { requireUnchained } from '../search/request.js';
import { parseSearch } from '../search/parse.js';
import type { Indexable, SearchIndex } from '../search/search-index.js';
import { percentile } from './measure.js';
import { families, generateBundle, laboratoryCodes } from './patients.js';
import { defaultTenant } from '../persistence/keys.js';

// Compares the two search indexes in process, on the same documents:
//   OPENSEARCH_ENDPOINT=http://127.0.0.1:9200 npx tsx bench/search-index.ts [documents]

const entries = 100;

/** The resources of generated patients as an index takes them; links become ids. */
function* changes(count: number): Generator<Indexable> {
  let made = 0;
  for (let seed = 1; made < count; seed += 1) {
    const { entry } = generateBundle(seed, entries) as { entry: { fullUrl: string; resource: Resource }[] };
    const ids = new Map(
      entry.map(({ fullUrl, resource }, i) => [fullUrl, `${resource.resourceType}/${String(seed)}-${String(i)}`]),
    );
    const patient = `Patient/${String(seed)}-0`;
    for (const { fullUrl, resource } of entry) {
      if ((made += 1) > count) return;
      const text = JSON.stringify(resource).replace(/urn:uuid:[0-9a-f-]+/g, (url) => ids.get(url) ?? url);
      const [type = '', id = ''] = (ids.get(fullUrl) ?? '').split('/');
      const lastUpdated = new Date(Date.UTC(2026, 0, 1) + made * 1_000).toISOString();
      const meta = { versionId: '1', lastUpdated };
      const indexed = { ...(JSON.parse(text) as Resource), id, meta };
      yield { tenant: defaultTenant, type, id, versionId: 1, lastUpdated, compartments: [patient], resource: indexed };
    }
  }
}

/** What is measured: a query's name, type and parameters; `n` changes from call to call. */
const searches: readonly (readonly [string, (n: number) => string])[] = [
  [
    "a patient's observations of a code, newest first",
    (n) => `Observation?patient=${patient(n)}&code=${code(n)}&_sort=-date`,
  ],
  ['observations of a code', (n) => `Observation?code=${code(n)}`],
  ['observations of a code and a month', (n) => `Observation?code=${code(n)}&date=2015-0${String(1 + (n % 9))}`],
  ['the newest observations', () => 'Observation?_sort=-date'],
  ['the last changed observations', () => 'Observation?_sort=-_lastUpdated'],
  [
    'observations above a quantity',
    (n) => `Observation?code=2339-0&value-quantity=gt${String(170 + (n % 10))}|http://unitsofmeasure.org|mg/dL`,
  ],
  ['patients by name', (n) => `Patient?name=${families[n % families.length]?.slice(0, 4) ?? ''}`],
  ['patients whose name contains', (n) => `Patient?name:contains=${families[n % families.length]?.slice(2, 5) ?? ''}`],
];
const patient = (n: number): string => `${String(1 + (n % 900))}-0`;
const code = (n: number): string => laboratoryCodes[n % laboratoryCodes.length] ?? '';

/** Milliseconds of one search after the other: median and 99th percentile. */
async function latencies(
  definitions: FhirDefinitions,
  index: SearchIndex,
  query: (n: number) => string,
): Promise<readonly [number, number]> {
  const times: number[] = [];
  for (let n = 0; n < 250; n += 1) {
    const [type = '', parameters = ''] = query(n).split('?');
    const request = requireUnchained(
      parseSearch(definitions, type, [...new URLSearchParams(parameters)], {
        handling: 'strict',
        defaultCount: 20,
        maxCount: 20,
        now: 0,
      }),
    );
    const begun = performance.now();
    await index.search({ request, access: { kind: 'everything' }, limit: 20 });
    if (n >= 50) times.push(performance.now() - begun);
  }
  times.sort((a, b) => a - b);
  return [percentile(times, 0.5), percentile(times, 0.99)];
}

async function main(count: number): Promise<void> {
  const definitions = await loadDefinitions('r4');
  const folder = mkdtempSync(join(tmpdir(), 'bench-index-'));
  const root = open({ path: join(folder, 'index.mdb'), cache: false, noSync: true });
  const client = new Client({ node: process.env['OPENSEARCH_ENDPOINT'] ?? 'http://127.0.0.1:9200' });
  const alias = `bench-${String(Date.now())}`;
  await createIndex(client, alias, { replicas: 0 });
  const indexes: readonly (readonly [string, SearchIndex, () => Promise<number>])[] = [
    [
      'embedded',
      lmdbSearchIndex(root, 'bench', definitions).index,
      () => Promise.resolve(statSync(join(folder, 'index.mdb')).size),
    ],
    ['OpenSearch', openSearchIndex(client, alias, definitions), () => storeSize(client, alias)],
  ];
  try {
    for (const [name, index, size] of indexes) {
      const begun = performance.now();
      let batch: Indexable[] = [];
      for (const change of changes(count)) {
        if (batch.push(change) < 1_000) continue;
        await index.put(batch, { visible: false });
        batch = [];
      }
      await index.put(batch);
      const micros = ((performance.now() - begun) * 1_000) / count;
      console.log(
        `${name}: ${String(Math.round(micros))} µs and ${String(Math.round((await size()) / count))} bytes a document`,
      );
    }
    for (const [name, query] of searches) {
      const figures: string[] = [];
      for (const [which, index] of indexes) {
        const [p50, p99] = await latencies(definitions, index, query);
        figures.push(`${which} ${String(p50)} (p99 ${String(p99)}) ms`);
      }
      console.log(`${name}: ${figures.join(', ')}`);
    }
  } finally {
    await client.indices.delete({ index: `${alias}-1` });
    await client.close();
    await commitsOf(root).close();
    await root.close();
    rmSync(folder, { recursive: true });
  }
}

/** The bytes an index has after its segments were merged into one. */
async function storeSize(client: Client, alias: string): Promise<number> {
  await client.indices.forcemerge({ index: alias, max_num_segments: 1 });
  const { body } = await client.indices.stats({ index: alias, metric: ['store'] });
  return body._all.primaries.store?.size_in_bytes ?? 0;
}

await main(Number(process.argv[2] ?? 100_000));
