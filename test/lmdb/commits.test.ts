import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { open, type RootDatabase } from 'lmdb';
import { type CollectedDatabase, type Commits, commitsOf } from '../../lmdb/commits.js';

let folder: string;
let root: RootDatabase;
let commits: Commits;
let numbers: CollectedDatabase<number, string>;

const openRoot = (): void => {
  root = open({ path: folder, overlappingSync: false, eventTurnBatching: false, cache: false });
  commits = commitsOf(root);
  numbers = commits.database(root.openDB<number, string>({ name: 'numbers', cache: false }));
};
const closeRoot = async (): Promise<void> => {
  await commits.close();
  await root.close();
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'commits-'));
  openRoot();
});
afterEach(async () => {
  await closeRoot();
  rmSync(folder, { recursive: true });
});

const isUnderWay = (key: string): boolean => numbers.isUnderWay(() => key);

/** What is in the database, for keys of one letter. */
const all = (): Record<string, number> =>
  Object.fromEntries(
    ['a', 'b', 'c', 'd'].flatMap((key) => {
      const value = numbers.get(key);
      return value === undefined ? [] : [[key, value]];
    }),
  );

describe('a commit', () => {
  test('reads what it has put, which nobody else reads before it is on disk', async () => {
    const seen: (number | undefined)[] = [];
    const written = commits.commit(() => {
      numbers.put('a', 1);
      seen.push(numbers.get('a'));
      numbers.remove('a');
      seen.push(numbers.get('a'));
      numbers.put('a', 2);
      return 'done';
    });
    expect(numbers.get('a')).toBeUndefined();
    expect(await written).toBe('done');
    expect(numbers.get('a')).toBe(2);
    expect(seen).toEqual([1, undefined]);
    await closeRoot();
    openRoot();
    expect(all()).toEqual({ a: 2 });
  });

  test('tells which keys are on their way, until they are on disk', async () => {
    const told: boolean[] = [];
    const written = commits.commit(() => {
      numbers.put('a', 1);
      queueMicrotask(() => told.push(isUnderWay('a'), isUnderWay('b'))); // before LMDB's thread can tell that it is done
    });
    await written;
    await turn();
    expect([...told, isUnderWay('a')]).toEqual([true, false, false]);
  });

  test('changes a database that it does not read like any other, and tells which of its keys are on their way', async () => {
    const lists = root.openDB<string, string>({
      name: 'lists',
      dupSort: true,
      encoding: 'ordered-binary',
      cache: false,
    });
    const collected = commits.unread(lists);
    const told: boolean[] = [];
    const written = commits.commit(() => {
      collected.put('a', 'x');
      collected.put('a', 'y');
      collected.remove('a', 'x');
      queueMicrotask(() => told.push(...['a', 'b'].map((key) => collected.isUnderWay(() => key)))); // as above
    });
    const undone = commits.commit(() => {
      collected.put('b', 'z');
      throw new Error('planted');
    });
    await expect(undone).rejects.toThrow('planted');
    await written;
    await turn();
    expect([...told.slice(-2), collected.isUnderWay(() => 'a')]).toEqual([true, false, false]); // the group was done again
    expect([...lists.getRange()]).toEqual([{ key: 'a', value: 'y' }]);
  });

  test('that throws does nothing, and hinders none of those that go with it', async () => {
    const put = (key: string, value: number): Promise<void> =>
      commits.commit(() => {
        numbers.put(key, value);
        if (value < 0) throw new Error('planted');
      });
    const told = await Promise.allSettled([put('a', 1), put('b', -1), put('c', 3)]);
    expect(told.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(all()).toEqual({ a: 1, c: 3 });
  });

  test('whose value cannot be put does nothing, though a part of it was handed over', () => {
    const writer = fileURLToPath(new URL('half-commit.ts', import.meta.url));
    const told = execFileSync(process.execPath, ['--import', 'tsx', writer, join(folder, 'other')], {
      encoding: 'utf8',
    });
    const { failure, found } = JSON.parse(told) as { failure: string; found: object };
    expect(failure).toContain('too large');
    expect(found).toEqual({ b: 2 });
  });

  test('after the last one is refused', async () => {
    await commits.close();
    await expect(
      commits.commit(() => {
        numbers.put('a', 1);
      }),
    ).rejects.toThrow('closed');
    expect(all()).toEqual({});
  });
});

test('what is done between commits has nothing under way beside it', async () => {
  const order: string[] = [];
  const put = (key: string): Promise<unknown> =>
    commits.commit(() => {
      order.push(`${key} collected`);
      numbers.put(key, 1);
    });
  await Promise.all([
    put('a'),
    commits.between(() => order.push(`between ${JSON.stringify(all())} ${String(isUnderWay('a'))}`)),
    put('b'),
    commits.commitAlone(() => order.push(`alone ${String(numbers.isChanged())}`)),
  ]);
  expect(order).toEqual(['a collected', 'between {"a":1} false', 'b collected', 'alone false']);
});

test('any commits leave what the same changes one after the other leave, and show nothing but whole ones', async () => {
  type Change = { readonly key: string; readonly add: number; readonly fails: boolean };
  const change: fc.Arbitrary<Change> = fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd'),
    add: fc.integer({ min: 1, max: 9 }),
    fails: fc.nat({ max: 9 }).map((n) => n === 0),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 12 }), async (each) => {
      await commits.commit(() => {
        for (const key of ['a', 'b', 'c', 'd']) numbers.remove(key);
      });
      // A transfer: what is added to one key is taken from another, so that the sum of a whole state is 0.
      const wanted: Record<string, number> = {};
      const told = each.map((changes) =>
        commits.commit(() => {
          for (const { key, add, fails } of changes) {
            const other = key === 'a' ? 'b' : 'a';
            numbers.put(key, (numbers.get(key) ?? 0) + add);
            if (fails) throw new Error('planted');
            numbers.put(other, (numbers.get(other) ?? 0) - add);
          }
        }),
      );
      const states: number[] = [];
      const state = { isDone: false };
      const settled = Promise.allSettled(told).then((outcomes) => {
        state.isDone = true;
        return outcomes;
      });
      while (!state.isDone) {
        await turn();
        states.push(Object.values(all()).reduce((sum, value) => sum + value, 0));
      }
      const outcomes = await settled;
      each.forEach((changes, i) => {
        const fails = changes.some((one) => one.fails);
        expect(outcomes[i]?.status).toBe(fails ? 'rejected' : 'fulfilled');
        for (const { key, add } of fails ? [] : changes) {
          const other = key === 'a' ? 'b' : 'a';
          wanted[key] = (wanted[key] ?? 0) + add;
          wanted[other] = (wanted[other] ?? 0) - add;
        }
      });
      expect(all()).toEqual(wanted);
      expect(states.filter((sum) => sum !== 0)).toEqual([]);
    }),
    { numRuns: 40 },
  );
});
