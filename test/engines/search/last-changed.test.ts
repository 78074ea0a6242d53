import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { loadDefinitions } from '../../../fhir/load-definitions.js';
import type { FindRequest, SortValue } from '../../../search/opensearch/find.js';
import { findDocuments } from '../../../search/opensearch/find.js';
import { findLastChanged } from '../../../search/opensearch/last-changed.js';
import { orderOf } from '../../../search/opensearch/plan.js';
import { openIndex, type OpenSearchUnderTest } from './index-under-test.js';

let opened: OpenSearchUnderTest;
beforeAll(async () => {
  opened = await openIndex(await loadDefinitions('r4'));
  await fill();
});
afterAll(() => opened.close());

const now = Date.parse('2026-03-10T12:00:00Z');
const [second, day] = [1_000, 86_400_000];
/** When documents were made: now and then, in bursts, many at one instant, and long ago. */
const instants = [
  ...Array.from({ length: 20 }, (_, i) => now - i * 700),
  ...Array.from({ length: 60 }, (_, i) => now - 3 * day - i * 40),
  ...Array.from({ length: 50 }, () => now - 3 * day - 9 * second),
  ...Array.from({ length: 60 }, (_, i) => now - 400 * day - i * 3 * day),
  now - 60 * 365 * day,
];
const rule = { parameter: { code: '_lastUpdated', type: 'date' }, descending: true } as Parameters<
  typeof orderOf
>[0][number];

/** In an order of which one half is the other way round: what stands where must not matter. */
async function fill(): Promise<void> {
  const { client, alias } = opened;
  const body = instants.flatMap((lastUpdated, i) => [
    { index: { _id: String(i) } },
    { type: i % 3 === 0 ? 'Patient' : 'Observation', id: String((i * 79) % 191), order: (i * 79) % 191, lastUpdated },
  ]);
  const { body: answer } = await client.bulk({ index: alias, body, refresh: true });
  expect(answer.errors).toBe(false);
}

const queries = [{ match_all: {} }, { term: { type: 'Observation' } }, { term: { type: 'Group' } }];
const cases = fc.record({
  query: fc.constantFrom(...queries),
  limit: fc.integer({ min: 1, max: 40 }),
  skip: fc.constantFrom(0, 0, 3, 70),
  page: fc.constantFrom(undefined, 0, 19, 45, 100, 130, 189),
  few: fc.constantFrom(1, 5, 30, 2_000),
});

test('what is found by time is what putting all in order finds, on each page', async () => {
  const { client, alias } = opened;
  const sort = orderOf([rule], false, true);
  const { found: all } = await findDocuments(client, alias, { query: queries[0] ?? {}, sort, limit: 999, skip: 0 });
  expect(all).toHaveLength(instants.length);
  await fc.assert(
    fc.asyncProperty(cases, async ({ page, few, ...asked }) => {
      const after: readonly SortValue[] | undefined = page === undefined ? undefined : all[page]?.sort;
      const request: FindRequest = { ...asked, sort, ...(after === undefined ? {} : { after }) };
      expect(await findLastChanged(client, alias, request, few)).toEqual(await findDocuments(client, alias, request));
    }),
    { numRuns: 150 },
  );
});

test('documents since the time that is found are enough, and not all', async () => {
  const { client, alias } = opened;
  const asked: unknown[] = [];
  const search = client.search.bind(client);
  client.search = ((...parameters: Parameters<typeof search>) => {
    asked.push(JSON.stringify(parameters[0]));
    return search(...parameters);
  }) as typeof client.search;
  try {
    const request = { query: { match_all: {} }, sort: orderOf([rule], false, true), limit: 30, skip: 0 };
    expect((await findLastChanged(client, alias, request, 5)).found).toHaveLength(30);
  } finally {
    client.search = search;
  }
  // The newest one is asked for, then what is put in order: once.
  expect(asked).toHaveLength(2);
  const since = Number(/"gte":(\d+)/.exec(String(asked[1]))?.[1]);
  const counted = instants.filter((instant) => instant >= since).length;
  expect(counted).toBeGreaterThanOrEqual(30);
  expect(counted).toBeLessThanOrEqual(60);
});
