import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { commitsOf } from '../../lmdb/commits.js';
import { StoreError } from '../../persistence/store-error.js';
import { lmdbTable, type LmdbTableOptions } from '../../persistence/lmdb.js';
import type { ItemChange, Table } from '../../persistence/table.js';
import { describeTable } from '../contract/table.js';
import { temporaryRoot } from './temporary-root.js';

const make = (options: LmdbTableOptions = {}) => {
  const { root, close } = temporaryRoot();
  return { root, table: lmdbTable(root, 'items', options), close };
};

describeTable('LMDB', () => Promise.resolve(make()), { largest: 5_000_000 });

const item = (sk: string, v = 1) => ({ pk: 'p', sk, v });
const putAll = (table: Table, ...keys: string[]) =>
  table.write(keys.map((sk) => ({ kind: 'put' as const, item: item(sk) })));

describe('what a write does in its transaction', () => {
  test('sees the changes before they are put, and its own puts count with them', async () => {
    const seen: (readonly ItemChange[])[] = [];
    const { root, close } = temporaryRoot();
    const index = root.openDB<string, string>({ name: 'index' });
    const collected = commitsOf(root).database(index);
    const table: Table = lmdbTable(root, 'items', {
      inTransaction: (changes) => {
        seen.push(changes);
        return () => {
          for (const { key } of changes) collected.put(key.sk, 'indexed');
        };
      },
    });
    await putAll(table, 'a', 'b');
    await table.write([{ kind: 'put', item: item('c'), condition: { kind: 'equals', attributes: {} } }]);
    expect(seen.map((changes) => changes.map(({ key, after }) => [key.sk, after?.['v']]))).toStrictEqual([
      [
        ['a', 1],
        ['b', 1],
      ],
    ]);
    expect([...index.getKeys()]).toStrictEqual(['a', 'b']);
    await close();
  });

  test.each(['first', 'second'])(
    'throwing in its %s half undoes that write and no other of the group',
    async (half) => {
      const { root, close } = temporaryRoot();
      const index = root.openDB<string, string>({ name: 'index' });
      const collected = commitsOf(root).database(index);
      const table = lmdbTable(root, 'items', {
        inTransaction: (changes) => {
          const bad = changes.some(({ key }) => key.sk === 'bad');
          if (bad && half === 'first') throw new Error('planted');
          return () => {
            for (const { key } of changes) {
              collected.put(key.sk, 'indexed');
              if (bad && key.sk === 'with-bad') throw new Error('planted');
            }
          };
        },
      });
      const results = await Promise.allSettled([
        putAll(table, 'good-1'),
        putAll(table, 'bad', 'with-bad'),
        putAll(table, 'good-2'),
      ]);
      expect(results.map(({ status }) => status)).toStrictEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect((await table.query({ pk: 'p', limit: 9 })).map(({ sk }) => sk)).toStrictEqual(['good-1', 'good-2']);
      expect([...index.getKeys()]).toStrictEqual(['good-1', 'good-2']);
      expect((await table.changes({ limit: 9 })).map(({ key }) => key.sk)).toStrictEqual(['good-1', 'good-2']);
      await putAll(table, 'after');
      expect((await table.changes({ limit: 9 })).map(({ position }) => Number(position))).toStrictEqual([1, 2, 3]);
      await close();
    },
  );
});

describe('an item that was read lately', () => {
  const key = { pk: 'p', sk: 'a' };

  test('is given again, frozen, until something is written there', async () => {
    const { table, close } = make();
    await table.write([{ kind: 'put', item: { ...item('a', 1), list: ['x'] } }]);
    const read = await table.get(key);
    expect(read).toStrictEqual({ ...item('a', 1), list: ['x'] });
    expect([await table.get(key), ...(await table.batchGet([key]))]).toStrictEqual([read, read]);
    expect(await table.get(key)).toBe(read);
    expect([Object.isFrozen(read), Object.isFrozen(read?.['list'])]).toStrictEqual([true, true]);
    await table.write([{ kind: 'put', item: item('a', 2) }]);
    expect(await table.get(key)).toStrictEqual(item('a', 2));
    await table.write([{ kind: 'remove', key }]);
    expect(await table.get(key)).toBeUndefined();
    await putAll(table, 'a');
    expect(await table.batchGet([key])).toStrictEqual([item('a')]);
    await close();
  });

  test('stays what it was when a write is undone', async () => {
    const { table, close } = make({
      inTransaction: (changes) => () => {
        if (changes.some(({ after }) => after?.['v'] === 2)) throw new Error('planted');
      },
    });
    await table.write([{ kind: 'put', item: item('a', 1) }]);
    await table.get(key);
    await expect(table.write([{ kind: 'put', item: item('a', 2) }])).rejects.toThrow('planted');
    expect(await table.get(key)).toStrictEqual(item('a', 1));
    await close();
  });
});

describe('the change feed', () => {
  test('keeps the latest changes and tells a reader that is too far behind', async () => {
    const { table, close } = make({ changesKept: 3 });
    for (const sk of ['a', 'b', 'c', 'd', 'e']) await putAll(table, sk);
    expect((await table.changes({ limit: 9 })).map(({ key }) => key.sk)).toStrictEqual(['c', 'd', 'e']);
    expect((await table.changes({ after: '2', limit: 9 })).map(({ key }) => key.sk)).toStrictEqual(['c', 'd', 'e']);
    await expect(table.changes({ after: '1', limit: 9 })).rejects.toThrow(StoreError);
    await expect(table.changes({ after: 'x', limit: 9 })).rejects.toThrow('no position');
    await close();
  });

  test('keeps what a reader that may miss nothing has not come to, however much it is', async () => {
    const read: { upTo?: string | undefined } = {};
    const { table, close } = make({ changesKept: 1, readUpTo: () => read.upTo });
    const kept = async (): Promise<string[]> => (await table.changes({ limit: 99 })).map(({ key }) => key.sk);
    for (const sk of ['a', 'b', 'c', 'd']) await putAll(table, sk);
    expect(await kept()).toStrictEqual(['a', 'b', 'c', 'd']);
    read.upTo = (await table.changes({ limit: 2 })).at(-1)?.position;
    await putAll(table, 'e');
    expect(await kept()).toStrictEqual(['c', 'd', 'e']);
    await close();
  });

  test('does not grow without end for a reader that reads no more, and tells it that it missed changes', async () => {
    const { table, close } = make({ changesKept: 1, mostUnread: 3, readUpTo: () => '1' });
    for (const sk of ['a', 'b', 'c', 'd', 'e', 'f']) await putAll(table, sk);
    expect((await table.changes({ limit: 9 })).map(({ key }) => key.sk)).toStrictEqual(['d', 'e', 'f']);
    await expect(table.changes({ after: '1', limit: 9 })).rejects.toThrow(StoreError);
    await close();
  });

  test('has no gap and as much as it should keep, whatever is undone and whenever a process begins anew', async () => {
    const write = fc.constantFrom('good', 'bad', 'bad-then-good');
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.array(write, { minLength: 1, maxLength: 3 }) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 6 }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 15 }), async (steps) => {
        const { root, close } = temporaryRoot();
        const failing = (changes: readonly ItemChange[]) => {
          if (changes.some(({ after }) => after?.['v'] === -1)) throw new Error('planted');
          return () => {
            if (changes.some(({ after }) => after?.['v'] === -2)) throw new Error('planted');
          };
        };
        let kept = 4;
        const begun = (): Table => lmdbTable(root, 'items', { changesKept: kept, inTransaction: failing });
        let table = begun();
        let [last, removed] = [0, 0];
        for (const next of steps) {
          if (typeof next === 'number') {
            kept = next;
            table = begun();
            continue;
          }
          const versions = next.flatMap((each) => (each === 'good' ? [1] : each === 'bad' ? [-1] : [-2, 1]));
          await Promise.allSettled(versions.map((v) => table.write([{ kind: 'put', item: item(`k${String(v)}`, v) }])));
          for (const v of versions) {
            if (v < 0) continue;
            last += 1;
            removed = Math.max(removed, Math.min(last - kept, removed + 2));
          }
          const positions = (await table.changes({ limit: 100 })).map(({ position }) => Number(position));
          expect(positions).toStrictEqual(Array.from({ length: last - removed }, (_, place) => removed + place + 1));
        }
        await close();
      }),
      { numRuns: 20 },
    );
  });

  test('of two tables in one root are apart', async () => {
    const { root, table, close } = make();
    const other = lmdbTable(root, 'other');
    await putAll(table, 'a');
    expect(await other.changes({ limit: 9 })).toStrictEqual([]);
    expect(await other.get({ pk: 'p', sk: 'a' })).toBeUndefined();
    await close();
  });
});

describe('keys', () => {
  test.each([
    ['an empty partition key', { pk: '', sk: 's' }],
    ['an empty sort key', { pk: 'p', sk: '' }],
    ['a zero character in a partition key', { pk: 'p\0', sk: 's' }],
    ['more bytes than LMDB takes', { pk: 'p', sk: 'é'.repeat(1000) }],
  ])('refuse %s', async (_what, key) => {
    const { table, close } = make();
    await expect(table.get(key)).rejects.toThrow();
    await expect(table.write([{ kind: 'put', item: key }])).rejects.toThrow();
    await close();
  });

  test('take 1978 bytes', async () => {
    const { table, close } = make();
    const key = { pk: 'p', sk: 's'.repeat(1976) };
    await table.write([{ kind: 'put', item: key }]);
    expect(await table.get(key)).toStrictEqual(key);
    expect(await table.query({ pk: 'p', limit: 1, descending: true, to: key.sk })).toStrictEqual([key]);
    await close();
  });
});
