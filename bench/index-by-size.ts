// npx tsx bench/index-by-size.ts [--sizes 10000,100000,1000000] [--minutes 60] [--times 40]
// Puts generated documents into an index of OpenSearch for each size, without a table, and prints how long searches take in each,
// in turn: milliseconds until they are answered, and of OpenSearch's processor time.
import { readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Client } from '@opensearch-project/opensearch';
import { loadDefinitions } from '../fhir/load-definitions.js';
import { indexable } from '../indexer/index-change.js';
import { startOpenSearch } from '../local/engines/opensearch.js';
import { defaultTenant } from '../persistence/keys.js';
import { parseSearch } from '../search/parse.js';
import { requireUnchained } from '../search/request.js';
import type { Indexable, SearchIndex } from '../search/search-index.js';
import { createIndex } from '../search/opensearch/create-index.js';
import { openSearchIndex } from '../search/opensearch.js';
import { percentile } from './measure.js';
import { families, laboratoryCodes } from './patients.js';
import { personOf, resourcesOf } from './people.js';

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '10000,100000,1000000' },
    minutes: { type: 'string', default: '60' },
    times: { type: 'string', default: '40' },
  },
});

interface Filled {
  readonly size: number;
  readonly index: SearchIndex;
  /** Ids of patients with many resources. */
  readonly patients: readonly string[];
}

const at = <T>(all: readonly T[], n: number): T => all[(n * 7919) % all.length] as T;

const searches: readonly (readonly [string, (n: number, patients: readonly string[]) => string])[] = [
  [
    'Observation?subject&code&date&_sort',
    (n, patients) =>
      `Observation?subject=Patient/${at(patients, n)}&code=http://loinc.org|${at(laboratoryCodes, n)}&date=ge2012-01-01&_sort=-date`,
  ],
  ['Patient?family', (n) => `Patient?family=${at(families, n)}`],
  ['Observation?code', (n) => `Observation?code=${at(laboratoryCodes, n)}`],
  ['Observation?status', () => 'Observation?status=final'],
  ['Observation?code&date', (n) => `Observation?code=${at(laboratoryCodes, n)}&date=2012-0${String(1 + (n % 9))}`],
  ['Observation?_sort=-_lastUpdated', () => 'Observation?_sort=-_lastUpdated'],
  ['Observation?_sort=-date', () => 'Observation?_sort=-date'],
];

async function fill(client: Client, size: number, until: number): Promise<Filled> {
  const definitions = await loadDefinitions('r4');
  const alias = `size-${String(size)}`;
  await createIndex(client, alias, { replicas: 0 });
  const index = openSearchIndex(client, alias, definitions);
  const patients: string[] = [];
  const begun = performance.now();
  let done = 0;
  let seed = 0;
  const worker = async (): Promise<void> => {
    while (done < size && performance.now() < until) {
      const some: Indexable[] = [];
      while (some.length < 500 && done < size) {
        seed += 1;
        const person = personOf(definitions, seed);
        if (resourcesOf(seed) > 50) patients.push(person[0]?.id ?? '');
        some.push(...person.map((version) => indexable(defaultTenant, version)));
        done += person.length;
      }
      await index.put(some, { visible: false });
    }
  };
  await Promise.all([worker(), worker()]);
  await client.indices.forcemerge({ index: alias, max_num_segments: 5 });
  await client.indices.refresh({ index: alias });
  const seconds = (performance.now() - begun) / 1_000;
  console.log(`${String(done)} documents, ${String(Math.round(done / seconds))} a second`);
  return { size: done, index, patients };
}

/** Milliseconds of processor time a process has had, of all its threads that still are. */
function processorTime(pid: number): number {
  const folder = `/proc/${String(pid)}/task`;
  return readdirSync(folder).reduce((sum, task) => {
    const [nanoseconds] = readFileSync(`${folder}/${task}/schedstat`, 'utf8').split(' ');
    return sum + Number(nanoseconds) / 1e6;
  }, 0);
}

async function main(): Promise<void> {
  const engine = await startOpenSearch();
  const client = new Client({ node: engine.endpoint, requestTimeout: 600_000 });
  try {
    const definitions = await loadDefinitions('r4');
    const { body } = await client.nodes.info({ metric: ['process'] });
    const pid = Object.values(body.nodes)[0]?.process?.id ?? 0;
    const until = performance.now() + Number(values.minutes) * 60_000;
    const filled: Filled[] = [];
    for (const size of values.sizes.split(',').map(Number)) filled.push(await fill(client, size, until));
    const times = Number(values.times);
    for (const [name, query] of searches) {
      const figures = filled.map(() => ({ clock: [] as number[], processor: 0 }));
      for (let n = 0; n < times + 10; n += 1) {
        for (const [place, { index, patients }] of filled.entries()) {
          const [type = '', parameters = ''] = query(n, patients).split('?');
          const limits = { handling: 'strict', defaultCount: 20, maxCount: 20, now: 0 } as const;
          const request = requireUnchained(
            parseSearch(definitions, type, [...new URLSearchParams(parameters)], limits),
          );
          const before = processorTime(pid);
          const begun = performance.now();
          await index.search({ request, access: { kind: 'everything' }, limit: 21, countTo: 1_000 });
          const figure = figures[place];
          if (n < 10 || figure === undefined) continue;
          figure.clock.push(performance.now() - begun);
          figure.processor += (processorTime(pid) - before) / times;
        }
      }
      const texts = figures.map(({ clock, processor }, place) => {
        const median = percentile(
          clock.sort((a, b) => a - b),
          0.5,
        );
        return `${String(filled[place]?.size)}: ${String(median)} ms, ${processor.toFixed(1)} of processor time`;
      });
      console.log(`${name} · ${texts.join(' · ')}`);
    }
  } finally {
    await client.close();
    await engine.stop();
  }
}

await main();
