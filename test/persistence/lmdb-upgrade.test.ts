import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { rmSync } from 'node:fs';
import { lmdbTable } from '../../persistence/lmdb.js';
import { openRoot } from '../../persistence/lmdb-root.js';
import { createResourceStore } from '../../persistence/store.js';
import type { Item } from '../../persistence/table.js';
import { nextVersion } from '../../persistence/version.js';
import { temporaryFolder } from './temporary-root.js';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const type = 'Patient';
/** The items of a resource with this many versions, as format 1 had them: without columns for the history index. */
const itemsOfFormat1 = (id: string, versions: number): Item[] =>
  Array.from({ length: versions }, (_, n) => ({
    pk: `-#Patient#${id}`,
    sk: n + 1 === versions ? 'current' : String(n + 1).padStart(16, '0'),
    type,
    id,
    versionId: n + 1,
    lastUpdated: `2026-01-0${String(n + 1)}T00:00:00.000Z`,
    method: 'PUT',
    deleted: false,
    compartments: [],
    children: false,
    commitId: 'c',
    body: `{"resourceType":"Patient","id":"${id}"}`,
  }));

async function storeOfFormat1(items: readonly Item[]): Promise<void> {
  const root = openRoot(folder);
  const table = lmdbTable(root, 'r4:resources');
  for (let start = 0; start < items.length; start += 500) {
    await table.write(items.slice(start, start + 500).map((item) => ({ kind: 'put', item })));
  }
  root.putSync('format', 1);
  await root.close();
}

describe('a store of format 1', () => {
  test('opens with a history index of all versions, and only once has to be brought up to date', async () => {
    const claim = { pk: '-#claim#ff', sk: 'claim', type, id: 'p1', commitId: 'c' };
    await storeOfFormat1([...itemsOfFormat1('p1', 3), ...itemsOfFormat1('p2', 1), claim]);
    for (let opening = 0; opening < 2; opening += 1) {
      const root = openRoot(folder);
      expect(root.get('format')).toBe(3);
      const table = lmdbTable(root, 'r4:resources');
      expect((await table.queryHistory({ pk: '-#Patient#0', limit: 9 })).map(({ pk, sk }) => `${pk} ${sk}`)).toEqual([
        '-#Patient#p1 0000000000000001',
        '-#Patient#p2 current',
        '-#Patient#p1 0000000000000002',
        '-#Patient#p1 current',
      ]);
      expect(await table.query({ pk: '-#types', limit: 9 })).toEqual([{ pk: '-#types', sk: 'Patient' }]);
      expect(await table.get({ pk: '-#claim#ff', sk: 'claim' })).toEqual(claim);
      await root.close();
    }
  });

  test('is looked after by who looks after its disk as soon as it is brought up to date', async () => {
    await storeOfFormat1(itemsOfFormat1('p1', 1));
    const full = new Error('full');
    const root = openRoot(folder, {
      require: () => {
        throw full;
      },
      failed: (error) => error,
    });
    const table = lmdbTable(root, 'r4:resources');
    await expect(table.write([{ kind: 'put', item: { pk: 'p', sk: 'x' } }])).rejects.toBe(full);
    expect(await table.get({ pk: 'p', sk: 'x' })).toBeUndefined();
    await root.close();
  });

  test('of many items is brought up to date in parts, also after an interruption, and goes on as any other', async () => {
    await storeOfFormat1(Array.from({ length: 1200 }, (_, n) => itemsOfFormat1(`p${String(n)}`, 1)).flat());
    await openRoot(folder).close();
    const interrupted = openRoot(folder);
    interrupted.putSync('format', 1); // as if it had ended before the last step
    await interrupted.close();
    const root = openRoot(folder);
    const table = lmdbTable(root, 'r4:resources');
    const entries = () => table.queryHistory({ pk: '-#Patient#0', limit: 10_000 });
    expect(new Set((await entries()).map(({ pk }) => pk)).size).toBe(1200);
    const store = createResourceStore(table);
    const previous = await store.read({ type, id: 'p7' });
    if (previous === undefined) throw new Error('p7 is not there');
    const resource = { resourceType: type };
    const next = nextVersion({ resource, previous, method: 'PUT', now: Date.now(), id: 'p7', compartments: [] });
    await store.commit([{ kind: 'put', next, previous }]);
    const ofP7 = (await entries()).filter(({ pk }) => pk === '-#Patient#p7');
    expect(ofP7.map(({ sk }) => sk)).toEqual(['0000000000000001', 'current']);
    await root.close();
  });
});
