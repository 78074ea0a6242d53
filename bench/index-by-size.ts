// npx tsx bench/index-by-size.ts [--sizes 10000,100000,1000000] [--minutes 60] [--times 40] [--heap 2g]
// Puts generated documents into an index of OpenSearch for each size, without a table, and prints how long searches take in each,
// in turn: milliseconds until they are answered, and of OpenSearch's processor time.
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Client } from '@opensearch-project/opensearch';
import { loadDefinitions } from '../fhir/load-definitions.js';
import { OperationOutcomeError } from '../fhir/outcome.js';
import { indexable } from '../indexer/index-change.js';
import { startOpenSearch } from '../local/engines/opensearch.js';
import { defaultTenant } from '../persistence/keys.js';
import { parseSearch } from '../search/parse.js';
import { requireUnchained } from '../search/request.js';
import type { Indexable, SearchIndex } from '../search/search-index.js';
import { createIndex } from '../search/opensearch/create-index.js';
import { openSearchIndex } from '../search/opensearch.js';
import { costsInTurn, spread } from './in-turn.js';
import { families, laboratoryCodes } from './patients.js';
import { personOf, resourcesOf } from './people.js';
import { processorTime } from './server-process.js';

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '10000,100000,1000000' },
    minutes: { type: 'string', default: '60' },
    times: { type: 'string', default: '40' },
    heap: { type: 'string', default: '2g' },
  },
});

interface Filled {
  readonly size: number;
  readonly index: SearchIndex;
  /** Ids of patients with many resources. */
  readonly patients: readonly string[];
}

const searches: readonly (readonly [string, (n: number, patients: readonly string[]) => string])[] = [
  [
    'Observation?subject&code&date&_sort',
    (n, patients) =>
      `Observation?subject=Patient/${spread(patients, n)}&code=http://loinc.org|${spread(laboratoryCodes, n)}&date=ge2012-01-01&_sort=-date`,
  ],
  ['Patient?family', (n) => `Patient?family=${spread(families, n)}`],
  ['Observation?code', (n) => `Observation?code=${spread(laboratoryCodes, n)}`],
  ['Observation?status', () => 'Observation?status=final'],
  ['Observation?code&date', (n) => `Observation?code=${spread(laboratoryCodes, n)}&date=2012-0${String(1 + (n % 9))}`],
  ['Observation?_sort=-_lastUpdated', () => 'Observation?_sort=-_lastUpdated'],
  ['Observation?_sort=-date', () => 'Observation?_sort=-date'],
];

/** Puts again what a node that merges what it has does not take for now. */
async function untilTaken(put: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await put();
      return;
    } catch (error) {
      if (!(error instanceof OperationOutcomeError && error.status === 503)) throw error;
      console.log('OpenSearch is busy');
      await pause(5_000);
    }
  }
}

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
      await untilTaken(() => index.put(some, { visible: false }));
    }
  };
  await Promise.all([worker(), worker()]);
  await client.indices.forcemerge({ index: alias, max_num_segments: 5 });
  await client.indices.refresh({ index: alias });
  const seconds = (performance.now() - begun) / 1_000;
  console.log(`${String(done)} documents, ${String(Math.round(done / seconds))} a second`);
  return { size: done, index, patients };
}

async function main(): Promise<void> {
  const engine = await startOpenSearch(0, values.heap);
  const client = new Client({ node: engine.endpoint, requestTimeout: 600_000 });
  try {
    const definitions = await loadDefinitions('r4');
    const { body } = await client.nodes.info({ metric: ['process'] });
    const pid = Object.values(body.nodes)[0]?.process?.id ?? 0;
    const until = performance.now() + Number(values.minutes) * 60_000;
    const filled: Filled[] = [];
    for (const size of values.sizes.split(',').map(Number)) filled.push(await fill(client, size, until));
    for (const [name, query] of searches) {
      const costs = await costsInTurn(filled, Number(values.times), {
        prepare({ patients }, n) {
          const [type = '', parameters = ''] = query(n, patients).split('?');
          const limits = { handling: 'strict', defaultCount: 20, maxCount: 20, now: 0 } as const;
          return requireUnchained(parseSearch(definitions, type, [...new URLSearchParams(parameters)], limits));
        },
        call: ({ index }, request) =>
          index.search({ request, access: { kind: 'everything' }, limit: 21, countTo: 1_000 }),
        processorTime: () => processorTime(pid) ?? 0,
      });
      const texts = costs.map(
        ({ clock, processor }, place) =>
          `${String(filled[place]?.size)}: ${String(clock)} ms, ${processor.toFixed(1)} of processor time`,
      );
      console.log(`${name} · ${texts.join(' · ')}`);
    }
  } finally {
    await client.close();
    await engine.stop();
  }
}

await main();
