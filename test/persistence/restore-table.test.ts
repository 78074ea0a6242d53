import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { defaultTenant, secretPartition } from '../../persistence/keys.js';
import { lmdbTable } from '../../persistence/lmdb.js';
import { restoreTable } from '../../persistence/restore-table.js';
import type { Item, Table } from '../../persistence/table.js';
import { temporaryRoot } from './temporary-root.js';

const all = async (table: Table): Promise<readonly Item[]> => {
  const { items } = await table.scan({ segment: 0, segments: 1, limit: 10_000 });
  return [...items].sort((a, b) => (a.pk + a.sk < b.pk + b.sk ? -1 : 1));
};
const fill = async (table: Table, items: readonly Item[]): Promise<void> => {
  await table.write(items.map((item) => ({ kind: 'put', item })));
};
/** A table as it was, and the one in use. */
async function twoTables(
  was: readonly Item[],
  is: readonly Item[],
  use: (from: Table, to: Table) => Promise<void>,
): Promise<void> {
  const { root, close } = temporaryRoot();
  try {
    const from = lmdbTable(root, 'from');
    const to = lmdbTable(root, 'to');
    await fill(from, was);
    await fill(to, is);
    await use(from, to);
  } finally {
    await close();
  }
}

const keys = fc.record({
  pk: fc.constantFrom('-#Patient#1', '-#Patient#2', 'a#Basic#1'),
  sk: fc.constantFrom('1', '2', 'current'),
});
const items = fc.uniqueArray(
  fc
    .record({ key: keys, versionId: fc.integer({ min: 1, max: 3 }) })
    .map(({ key, versionId }): Item => ({ ...key, versionId })),
  { selector: ({ pk, sk }) => `${pk} ${sk}` },
);

describe('a table that is restored', () => {
  test('has what it had, whatever was written since; what is equal is not written', async () => {
    await fc.assert(
      fc.asyncProperty(items, items, (was, is) =>
        twoTables(was, is, async (from, to) => {
          const before = await all(to);
          const textOf = ({ pk, sk, versionId }: Item): string => JSON.stringify([pk, sk, versionId]);
          const there = new Set(before.map(textOf));
          const equal = was.filter((item) => there.has(textOf(item)));
          const dry = await restoreTable({ from, to, dryRun: true });
          expect(await all(to)).toEqual(before);
          const done = await restoreTable({ from, to });
          expect(done).toEqual(dry);
          expect(await all(to)).toEqual(await all(from));
          expect(done.put).toBe(was.length - equal.length);
          expect(await restoreTable({ from, to })).toMatchObject({ put: 0, removed: 0 });
        }),
      ),
      { numRuns: 10 },
    );
  });

  test('keeps the secret of the deployment: links that were given out open still', async () => {
    const secret = (text: string): Item => ({ pk: secretPartition(defaultTenant), sk: 'page', secret: text });
    await twoTables([secret('old')], [secret('new')], async (from, to) => {
      expect(await restoreTable({ from, to })).toMatchObject({ put: 0, removed: 0 });
      expect(await all(to)).toEqual([secret('new')]);
    });
  });

  test('names the versions whose bodies are nowhere', async () => {
    const large = { pk: '-#Basic#a', sk: 'current', type: 'Basic', id: 'a', versionId: 2, overflow: '2/commit' };
    await twoTables([large], [], async (from, to) => {
      const asked: object[] = [];
      const hasBody = (key: object): Promise<boolean> => Promise.resolve(asked.push(key) === 0);
      expect((await restoreTable({ from, to, hasBody })).lost).toEqual(['Basic/a/_history/2']);
      expect(asked).toEqual([{ tenant: '-', type: 'Basic', id: 'a', versionId: 2, commitId: 'commit' }]);
    });
  });
});
