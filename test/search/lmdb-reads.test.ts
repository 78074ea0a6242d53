import { afterAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import type { Resource } from '../../fhir/resource.js';
import { commitsOf } from '../../lmdb/commits.js';
import { defaultTenant } from '../../persistence/keys.js';
import { lmdbSearchIndex } from '../../search/lmdb.js';
import { parseSearch } from '../../search/parse.js';
import { requireUnchained } from '../../search/request.js';
import type { Indexable, SearchIndex } from '../../search/search-index.js';

// What a search reads of the index, counted: entries of lists and documents, each look into one. Time is not.

const definitions = await loadDefinitions('r4');
const folder = mkdtempSync(join(tmpdir(), 'lmdb-reads-'));
const ends: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const end of ends) await end();
  rmSync(folder, { recursive: true });
});

interface Counted {
  readonly root: RootDatabase;
  readonly reads: () => number;
}

/** An environment that counts what is read in it. */
function counting(path: string): Counted {
  const root = open({ path, cache: false, noSync: true, maxDbs: 16 });
  let reads = 0;
  const openDB = root.openDB.bind(root) as (options: object) => Database;
  const counted = (options: object): Database =>
    new Proxy(openDB(options), {
      get(database, name): unknown {
        const member: unknown = Reflect.get(database, name);
        if (typeof member !== 'function') return member;
        const call = (...args: unknown[]): unknown => Reflect.apply(member, database, args);
        if (['get', 'getBinaryFast', 'doesExist', 'getValuesCount'].includes(String(name)))
          return (...args: unknown[]) => {
            reads += 1;
            return call(...args);
          };
        if (!['getRange', 'getValues', 'getKeys'].includes(String(name))) return call;
        return function* (...args: unknown[]) {
          for (const each of call(...args) as Iterable<unknown>) {
            reads += 1;
            yield each;
          }
        };
      },
    });
  Object.assign(root, { openDB: counted });
  return { root, reads: () => reads };
}

/** An observation: one of forty is preliminary, in each month as many, ten codes, a patient for each fifty of them. */
function observation(n: number): Resource {
  const month = String(1 + (n % 12)).padStart(2, '0');
  return {
    resourceType: 'Observation',
    id: `o${String(n)}`,
    meta: { lastUpdated: new Date(n * 1000).toISOString() },
    status: n % 40 === 7 ? 'preliminary' : 'final',
    code: { coding: [{ system: 'http://loinc.org', code: `c${String(n % 10)}` }] },
    subject: { reference: `Patient/p${String(Math.floor(n / 50))}` },
    effectiveDateTime: `20${String(10 + (n % 7))}-${month}-15T10:00:00Z`,
  };
}

const patient = (n: number): Resource => ({
  resourceType: 'Patient',
  id: `p${String(n)}`,
  name: [{ family: ['Abbott', 'Bauer', 'Bauermann', 'Cole'][n % 4] ?? '' }],
});

interface Filled {
  readonly index: SearchIndex;
  readonly reads: () => number;
}

async function filled(observations: number, patients: number): Promise<Filled> {
  const { root, reads } = counting(join(folder, String(observations)));
  const { index, merge } = lmdbSearchIndex(root, 'r4', definitions, { collected: 100, sorted: 200, pending: 0 });
  ends.push(async () => {
    await commitsOf(root).close();
    await root.close();
  });
  const all = [
    ...Array.from({ length: observations }, (_, n) => observation(n)),
    ...Array.from({ length: patients }, (_, n) => patient(n)),
  ];
  const changes = all.map((resource): Indexable => {
    const { resourceType: type, id = '' } = resource;
    const lastUpdated = '2026-01-01T00:00:00.000Z';
    return { tenant: defaultTenant, type, id, versionId: 1, lastUpdated, compartments: [], resource };
  });
  for (let at = 0; at < changes.length; at += 500) {
    await index.put(changes.slice(at, at + 500));
    while (await merge());
  }
  return { index, reads };
}

const small = await filled(600, 300);
const large = await filled(3_000, 1_500);

/** What the first page of 20 and an unasked total read. */
async function cost({ index, reads }: Filled, query: string): Promise<number> {
  const [type = '', parameters = ''] = query.split('?');
  const parsed = parseSearch(definitions, type, [...new URLSearchParams(parameters)], {
    handling: 'strict',
    defaultCount: 20,
    maxCount: 20,
    now: 0,
  });
  const plan = { request: requireUnchained(parsed), access: { kind: 'everything' } } as const;
  const before = reads();
  await index.search({ ...plan, limit: 21 });
  await index.count({ ...plan, atMost: plan.request.filters.length > 1 ? 50 : 500 });
  return reads() - before;
}

const flat = [
  'Patient?family=Abbott',
  'Observation?code=c3',
  'Observation?code=http://loinc.org|c3',
  'Observation?status=final',
  'Observation?status:not=preliminary',
  'Observation?status=final&code=c3',
  'Observation?subject=Patient/p3&code=c3&date=ge2012-01-01&_sort=-date',
  'Observation?_sort=-date',
];

test.each(flat)('a page of %s reads as much among five times as many', async (query) => {
  const few = await cost(small, query);
  const many = await cost(large, query);
  expect({ query, few, many, isFlat: many <= 1.5 * few + 30 }).toEqual({ query, few, many, isFlat: true });
});

// Totals of these are counted match by match, and documents of several lists brought together, both up to a bound.
test.each([
  'Patient?family=Bauer',
  'Observation?code=c3,c4',
  'Observation?status:not=final',
  'Observation?code=c3&date=2012-03',
])('a page of %s reads a bounded part of the index', async (query) => {
  expect(await cost(large, query)).toBeLessThan(1_000);
});

test('a total of what one list has is told without reading the list', async () => {
  const parsed = parseSearch(definitions, 'Observation', [['status', 'final']], {
    handling: 'strict',
    defaultCount: 20,
    maxCount: 20,
    now: 0,
  });
  const plan = { request: requireUnchained(parsed), access: { kind: 'everything' } } as const;
  const before = large.reads();
  expect(await large.index.count({ ...plan, atMost: Infinity })).toBe(2_925);
  expect(large.reads() - before).toBeLessThan(20);
});
