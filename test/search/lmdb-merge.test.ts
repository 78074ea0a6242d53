import { expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { open, type RootDatabase } from 'lmdb';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import type { Resource } from '../../fhir/resource.js';
import { commitsOf } from '../../lmdb/commits.js';
import { defaultTenant } from '../../persistence/keys.js';
import { openDatabases } from '../../search/lmdb/databases.js';
import { documentNumber, listsOf } from '../../search/lmdb/documents.js';
import { lmdbSearchIndex, type LmdbSearchIndex } from '../../search/lmdb.js';
import { match } from '../../search/match.js';
import { parseSearch } from '../../search/parse.js';
import { requireUnchained, type SearchRequest } from '../../search/request.js';
import type { Indexable } from '../../search/search-index.js';
import { afterAll } from '../../search/term.js';

const definitions = await loadDefinitions('r4');
const options = { handling: 'strict', defaultCount: 100, maxCount: 100, now: 0 } as const;
const parse = (query: string): SearchRequest =>
  requireUnchained(parseSearch(definitions, 'Patient', [...new URLSearchParams(query)], options));

type Patient = Pick<Resource, 'resourceType' | 'id'> & { readonly name: object[]; readonly active?: boolean };
const patient = fc
  .record({
    id: fc.integer({ min: 1, max: 12 }),
    family: fc.constantFrom('Adams', 'Baker', 'Clark', 'Ángel', '\ud83d\ude00', '\uff21'),
    given: fc.subarray(['Ann', 'Bo', 'Cy']),
    active: fc.option(fc.boolean(), { nil: undefined }),
  })
  .map(({ id, family, given, active }): Patient => ({
    resourceType: 'Patient',
    id: String(id),
    name: [{ family, ...(given.length === 0 ? {} : { given }) }],
    ...(active === undefined ? {} : { active }),
  }));
type Write = { readonly put: Patient } | { readonly removed: string };
const write: fc.Arbitrary<Write> = fc.oneof(
  { weight: 4, arbitrary: patient.map((put) => ({ put })) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 12 }).map((id) => ({ removed: String(id) })) },
);
type Step =
  | { readonly kind: 'commit' | 'abort'; readonly writes: readonly (readonly Write[])[] }
  | { readonly kind: 'merge'; readonly parts: number }
  | { readonly kind: 'again' | 'restart' | 'remake' };
const writes = fc.array(fc.array(write, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: writes.map((each): Step => ({ kind: 'commit', writes: each })) },
  { weight: 1, arbitrary: writes.map((each): Step => ({ kind: 'abort', writes: each })) },
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 12 }).map((parts): Step => ({ kind: 'merge', parts })) },
  { weight: 2, arbitrary: fc.constantFrom<Step>({ kind: 'restart' }, { kind: 'again' }, { kind: 'remake' }) },
);

const queries = [
  '',
  'name=a',
  'name:contains=b',
  'given=bo,cy',
  'active=true',
  'active:not=true',
  'active:missing=true',
  'family:exact=Adams&given=ann',
  '_id=1,3,5,7',
  '_sort=family',
  'active=false&_sort=-given',
  'given:missing=false&_sort=-active,family',
].map((query) => ({ query, request: parse(query) }));

/** Where a test's index has what it keeps: at one of two places, by which of them served last. */
const placeOf = (root: RootDatabase, name: string): '' | '+' =>
  (root.openDB<unknown, string>({ name: `${name}:state`, encoding: 'json', cache: false }).get('serving') as
    '+' | undefined) ?? '';

/** Every document in every list on disk, and what should be there by the documents. */
function postingsOf(root: RootDatabase, name: string): readonly [readonly string[], readonly string[]] {
  const { postings, documents } = openDatabases(root, name, placeOf(root, name));
  const found = [...postings.entries('', afterAll)].map(({ key, value }) => `${key} ${value}`);
  const wanted: string[] = [];
  for (let count = 0; count < documents.size(); count += 1) {
    const document = documents.read(documentNumber(count));
    if (document !== undefined) for (const key of listsOf(document)) wanted.push(`${key} ${documentNumber(count)}`);
  }
  return [found.sort(), wanted.sort()];
}

/** Calls a function in each turn of the event loop until a promise is settled. */
async function whileUnderWay(promise: Promise<unknown>, look: () => Promise<void>): Promise<void> {
  const state = { isUnderWay: true };
  const done = (): void => void (state.isUnderWay = false);
  promise.then(done, done);
  while (state.isUnderWay) {
    await turn();
    await look();
  }
}

test('searches find what is committed and nothing else, wherever a merge is, and after a process ended there', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 4, maxLength: 30 }),
      fc.constantFrom(0, 20, 60),
      fc.constantFrom(3, 10_000),
      fc.constantFrom(1, 3, 10),
      fc.constantFrom({ collected: 0, sorted: 0 }, { collected: 2, sorted: 3 }, {}),
      async (steps, pending, documents, merged, searchLimits) => {
        const name = 'r4';
        const folder = mkdtempSync(join(tmpdir(), 'merge-'));
        let root = open({ path: folder, cache: false, noSync: true });
        const limits = { pending, documents, merged, ...searchLimits };
        const opened = (): LmdbSearchIndex => lmdbSearchIndex(root, name, definitions, limits);
        let search = opened();
        let store = new Map<string, Indexable>(); // in the order of first writes
        const versionOf = (all: ReadonlyMap<string, Indexable>, each: Write): Indexable => {
          const id = 'put' in each ? (each.put.id ?? '') : each.removed;
          const versionId = (all.get(id)?.versionId ?? 0) + 1;
          return {
            tenant: defaultTenant,
            type: 'Patient',
            id,
            versionId,
            lastUpdated: '2020-01-01T00:00:00.000Z',
            compartments: [`Patient/${id}`],
            ...('put' in each ? { resource: each.put } : {}),
          };
        };
        /** What a search beside a commit finds is as it was before it or as it is after it, never half. */
        const findsOneOf = async (states: readonly ReadonlyMap<string, Indexable>[]): Promise<void> => {
          const { query = '', request } = queries[(asked += 1) % queries.length] ?? {};
          if (request === undefined) return;
          const { hits } = await search.index.search({ request, access: { kind: 'everything' }, limit: 100 });
          const found = (state: ReadonlyMap<string, Indexable>): string =>
            hits
              .map(({ id }) => id)
              .filter((id) => match(request, state.get(id)?.resource ?? { resourceType: '' }))
              .sort()
              .join();
          const wanted = (state: ReadonlyMap<string, Indexable>): string =>
            [...state.values()]
              .filter(({ resource }) => resource !== undefined && match(request, resource))
              .map(({ id }) => id)
              .sort()
              .join();
          const told = states.map((state) => [query, found(state), wanted(state)]);
          expect(told.filter(([, one, other]) => one === other)).not.toEqual([]);
        };
        let asked = 0;
        try {
          for (const [at, each] of steps.entries()) {
            switch (each.kind) {
              case 'commit':
              case 'abort': {
                const next = new Map(store);
                const versions = each.writes.map((one) =>
                  one.map((written) => {
                    const version = versionOf(next, written);
                    next.set(version.id, version);
                    return version;
                  }),
                );
                const commit = commitsOf(root).commit(() => {
                  for (const changes of versions) search.stage(changes)();
                  if (each.kind === 'abort') throw new Error('aborted');
                });
                await whileUnderWay(commit, () => findsOneOf([store, next]));
                if (each.kind === 'abort') await expect(commit).rejects.toThrow('aborted');
                else {
                  await commit;
                  store = next;
                }
                break;
              }
              case 'merge':
                for (let parts = 0, isMore = true; parts < each.parts && isMore; parts += 1) {
                  const merge = search.merge();
                  await whileUnderWay(merge, () => findsOneOf([store]));
                  isMore = await merge;
                }
                break;
              case 'again':
                await search.index.put([...store.values()], { again: true });
                break;
              case 'remake':
                await search.rebuild(
                  (async function* () {
                    await Promise.resolve();
                    yield [...store.values()];
                  })(),
                );
                break;
              case 'restart':
                // What the process before was about to merge ends with it.
                await commitsOf(root).close();
                await root.close();
                root = open({ path: folder, cache: false, noSync: true });
                search = opened();
            }
            const current = [...store.values()].filter(({ resource }) => resource !== undefined);
            // Three queries a step, another three the next time; all in the end.
            const chosen = queries.filter((_, i) => at === steps.length - 1 || i % 4 === at % 4);
            for (const { query, request } of chosen) {
              const wanted = current.filter(({ resource }) => match(request, resource as Resource)).map(({ id }) => id);
              const { hits } = await search.index.search({ request, access: { kind: 'everything' }, limit: 100 });
              const found = hits
                .map(({ id }) => id)
                .filter((id) => match(request, store.get(id)?.resource ?? { resourceType: '' }));
              if (request.sort.length > 0) found.sort();
              expect([query, found]).toEqual([query, request.sort.length > 0 ? wanted.sort() : wanted]);
              const back = await search.index.search({
                request,
                access: { kind: 'everything' },
                limit: 100,
                backwards: true,
              });
              expect(back.hits).toEqual(hits);
              const count = await search.index.count({ request, access: { kind: 'everything' }, atMost: 100 });
              if (count !== undefined) expect([query, count]).toEqual([query, wanted.length]);
            }
            const differences = await search.inspection.compare([...store.values()]);
            expect(differences.filter((difference) => difference !== undefined)).toEqual([]);
          }
          while (await search.merge());
          const [found, wanted] = postingsOf(root, name);
          if (pending === 0) expect(found).toEqual(wanted);
        } finally {
          await commitsOf(root).close();
          await root.close();
          rmSync(folder, { recursive: true });
        }
      },
    ),
    { numRuns: 40 },
  );
});
