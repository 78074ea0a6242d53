import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { open, type RootDatabase } from 'lmdb';
import { commitsOf } from '../../lmdb/commits.js';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import { lmdbSearchIndex, type LmdbSearchIndex } from '../../search/lmdb.js';
import { parseSearch } from '../../search/parse.js';
import { requireUnchained } from '../../search/request.js';
import type { Indexable } from '../../search/search-index.js';
import { defaultTenant } from '../../persistence/keys.js';

let folder: string;
let root: RootDatabase;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rebuild-'));
  root = open({ path: folder, cache: false, noSync: true, maxDbs: 512 });
});
afterEach(async () => {
  await commitsOf(root).close();
  await root.close();
  rmSync(folder, { recursive: true });
});

const definitions = await loadDefinitions('r4');
const version = (id: number, versionId: number, family: string | undefined): Indexable => ({
  tenant: defaultTenant,
  type: 'Patient',
  id: String(id),
  versionId,
  lastUpdated: '2020-01-01T00:00:00.000Z',
  compartments: [],
  ...(family === undefined ? {} : { resource: { resourceType: 'Patient', id: String(id), name: [{ family }] } }),
});

async function found({ index }: LmdbSearchIndex, query: string): Promise<string[]> {
  const request = requireUnchained(
    parseSearch(definitions, 'Patient', [['name', query]], {
      handling: 'strict',
      defaultCount: 100,
      maxCount: 100,
      now: 0,
    }),
  );
  const { hits } = await index.search({ request, access: { kind: 'everything' }, limit: 1_000 });
  return hits.map(({ id }) => id);
}

async function* inChunks(all: readonly Indexable[], between: (at: number) => Promise<void> = () => Promise.resolve()) {
  for (const [at, each] of all.entries()) {
    yield [each];
    await between(at);
  }
}

test('a new index is not up to date before it is made, and is then', async () => {
  const search = lmdbSearchIndex(root, 'r4', definitions);
  expect(search.isUpToDate()).toBe(false);
  expect(await search.rebuild(inChunks([version(1, 1, 'A'), version(2, 3, undefined)]))).toEqual({
    resources: 1,
    deleted: 1,
  });
  expect(search.isUpToDate()).toBe(true);
  expect(lmdbSearchIndex(root, 'r4', definitions).isUpToDate()).toBe(true);
  expect(await found(search, 'a')).toEqual(['1']);
});

test('whatever is written while it is made is in it, and everything else as the store has it', async () => {
  const change = fc.record({
    id: fc.integer({ min: 0, max: 9 }),
    family: fc.option(fc.constantFrom('A', 'B'), { nil: undefined }),
    at: fc.integer({ min: 0, max: 9 }),
  });
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { maxLength: 30 }),
      fc.array(change, { maxLength: 20 }),
      async (first, meanwhile) => {
        const search = lmdbSearchIndex(root, `r4-${String((run += 1))}`, definitions);
        const store = new Map<number, Indexable>();
        const write = async ({ id, family }: { id: number; family: string | undefined }): Promise<void> => {
          const next = version(id, (store.get(id)?.versionId ?? 0) + 1, family);
          store.set(id, next);
          await search.index.put([next]);
        };
        for (const each of first) await write(each);
        const scanned = [...store.values()];
        await search.rebuild(
          inChunks(scanned, async (at) => {
            for (const each of meanwhile) if (each.at === at) await write(each);
          }),
        );
        for (const family of ['A', 'B']) {
          const expected = [...store.values()].filter(
            ({ resource }) => resource !== undefined && JSON.stringify(resource).includes(`"${family}"`),
          );
          expect((await found(search, family)).sort()).toEqual(expected.map(({ id }) => id).sort());
        }
      },
    ),
    { numRuns: 40 },
  );
});

test('documents keep their order, also those that the old index lacked', async () => {
  const search = lmdbSearchIndex(root, 'r4', definitions);
  await search.index.put([version(3, 1, 'A'), version(1, 1, 'A'), version(2, 1, 'A')]);
  await search.rebuild(inChunks([1, 2, 3, 9].map((id) => version(id, 1, 'A'))));
  await search.index.put([version(5, 1, 'A')]);
  expect(await found(search, 'a')).toEqual(['3', '1', '2', '9', '5']);
});

test('one that fails or ends in the middle leaves the old index, and the next begins anew', async () => {
  const search = lmdbSearchIndex(root, 'r4', definitions);
  await search.rebuild(inChunks([version(1, 1, 'A'), version(2, 1, 'A')]));
  const failing = search.rebuild(
    inChunks([version(1, 1, 'A'), version(2, 1, 'A')], () => Promise.reject(new Error('stopped'))),
  );
  await expect(failing).rejects.toThrow('stopped');
  expect(await found(search, 'a')).toEqual(['1', '2']);

  // A process that ends meanwhile runs nothing of what would come after.
  void search.rebuild(inChunks([version(1, 1, 'A')], () => new Promise(() => undefined)));
  await new Promise((resolve) => setTimeout(resolve, 20));
  await commitsOf(root).close();
  await root.close();
  root = open({ path: folder, cache: false, noSync: true, maxDbs: 512 });
  const again = lmdbSearchIndex(root, 'r4', definitions);
  expect([again.isUpToDate(), await found(again, 'a')]).toEqual([true, ['1', '2']]);
  await again.rebuild(inChunks([version(2, 1, 'A')]));
  expect(await found(again, 'a')).toEqual(['2']);
});

test('one that is given up is removed though the disk has no room for another', async () => {
  let isFull = false;
  const full = new Error('full');
  commitsOf(root, {
    require: ({ isSmall }) => {
      if (isFull && !isSmall) throw full;
    },
    failed: (error) => error,
  });
  const { next, index } = lmdbSearchIndex(root, 'r4', definitions);
  const names = await next.names();
  await next.open(names);
  await index.put([version(1, 1, 'A')]);
  expect(await next.count(names)).toBe(1);
  isFull = true;
  await expect(index.put([version(2, 1, 'A')])).rejects.toBe(full);
  await next.abandon(names);
  await expect(next.count(names)).rejects.toThrow('no search index');
  await expect(next.open(names)).rejects.toBe(full);
});

test('another set of search parameters makes it out of date', async () => {
  await lmdbSearchIndex(root, 'r4', definitions).rebuild(inChunks([]));
  const { searchParameters } = definitions;
  const fewer = {
    ...searchParameters,
    ofType: (type: string) => searchParameters.ofType(type).filter(({ code }) => code !== 'name'),
  };
  const others = lmdbSearchIndex(root, 'r4', { ...definitions, searchParameters: fewer });
  expect(others.isUpToDate()).toBe(false);
  expect(lmdbSearchIndex(root, 'r4', definitions).isUpToDate()).toBe(true);
});
