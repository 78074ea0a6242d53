import { beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import type { ResourceStore } from '../../persistence/resource-store.js';
import { createResourceStore } from '../../persistence/store.js';
import type { Table } from '../../persistence/table.js';
import { type CommitName, commits, first, telling, visible } from './kill-commits.js';
import type { TableUnderTest } from './table.js';

/** A place where tables are: what a process of its own opens one by, and how this one does. */
export interface KilledEngine {
  readonly engine: 'lmdb' | 'dynamodb';
  readonly place: string;
  /** Of the process to be killed, besides this one's. */
  readonly environment?: Readonly<Record<string, string>>;
  open(): Promise<TableUnderTest>;
  /** Resolves when the engine has carried out all that the killed process asked of it. */
  readonly settled: () => Promise<void>;
  remove(): Promise<void>;
}

const old = { a: [[1, 'old']], b: [[1, 'old']], c: [], claim: undefined };
const a = [
  [2, 'new'],
  [1, 'old'],
];
const done: Readonly<Record<CommitName, object>> = {
  create: { ...old, c: [[1, 'new']] },
  update: { ...old, a },
  transaction: {
    a,
    b: [
      [2, 'deleted'],
      [1, 'old'],
    ],
    c: [[1, 'new']],
    claim: { type: 'Patient', id: 'c' },
  },
};
const writer = fileURLToPath(new URL('kill-writer.ts', import.meta.url));

/**
 * Kills a process at every call of the table port that a commit makes, and looks what is there then.
 * @param make a new, empty place.
 * @param names of the commits.
 * @param moments of the kill.
 * @param maxActions so many actions one write of the table takes: a commit that has more goes in steps. What a killed one left
 * is ended by processes whose clock is behind its time.
 */
export function describeKills(
  name: string,
  make: () => Promise<KilledEngine>,
  names: readonly CommitName[],
  moments: readonly ('before' | 'during' | 'after')[],
  maxActions?: number,
): void {
  const later = maxActions === undefined ? 0 : 120_000;
  const most = maxActions === undefined ? {} : { maxActions };
  const storeOn = (table: Table): ResourceStore => createResourceStore(table, { now: () => Date.now() + later });
  const kill = ({ engine, place, environment, settled }: KilledEngine, ...options: string[]): Promise<void> =>
    new Promise((resolve, reject) => {
      const env = { ...process.env, ...environment, NODE_OPTIONS: '--no-warnings' };
      const child = spawn(process.execPath, ['--import', 'tsx', writer, engine, place, ...options], { env });
      let complaint = '';
      child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
      child.on('close', (code, signal) => {
        if (signal === 'SIGKILL') resolve(settled());
        else reject(new Error(`The writer ended by itself (${String(code)}): ${complaint}`));
      });
    });

  /** Does something with the store of a place, opened for it. */
  async function using<Result>(place: KilledEngine, use: (table: Table) => Promise<Result>): Promise<Result> {
    const { table, close } = await place.open();
    try {
      return await use(table);
    } finally {
      await close();
    }
  }
  const seen = (place: KilledEngine): Promise<object> => using(place, (table) => visible(storeOn(table)));
  const commitHere = async (table: Table, commit: CommitName): Promise<void> => {
    const store = storeOn(table);
    // Who meets the lock of a commit that was left is refused once, and ends it.
    const tries = maxActions === undefined ? 1 : 3;
    let result = await store.commit(await commits[commit](store));
    for (let at = 1; at < tries && !result.committed; at += 1)
      result = await store.commit(await commits[commit](store));
    expect(result).toEqual({ committed: true });
  };

  async function prepared(): Promise<KilledEngine> {
    const place = await make();
    await using(place, (table) => createResourceStore(table).commit(first()));
    return place;
  }

  /** How many calls a commit makes when nothing stops it. */
  async function callsOf(commit: CommitName): Promise<number> {
    const place = await prepared();
    let calls = 0;
    const count = <Result>(call: () => Promise<Result>): Promise<Result> => ((calls += 1), call());
    await using(place, (table) => commitHere(telling({ ...table, ...most }, count), commit));
    expect(await seen(place)).toEqual(done[commit]);
    await place.remove();
    return calls;
  }

  describe.each(names)(
    `${name}: a process killed in the commit %s${maxActions === undefined ? '' : ', done in steps'},`,
    (commit) => {
      let calls: number;
      beforeAll(async () => {
        calls = await callsOf(commit);
      });

      test.each(moments)(
        '%s any call of the table port leaves all of it or nothing, and it can be done again',
        async (moment) => {
          expect(calls).toBeGreaterThan(0);
          for (let call = 1; call <= calls; call += 1) {
            const place = await prepared();
            await kill(place, commit, moment, String(call), ...(maxActions === undefined ? [] : [String(maxActions)]));
            const left = await seen(place);
            expect([old, done[commit]]).toContainEqual(left);
            if (moment === 'before') expect(left).toEqual(old);
            if (moment === 'after' && call === calls) expect(left).toEqual(done[commit]);
            if (isDeepStrictEqual(left, old)) await using(place, (table) => commitHere(table, commit));
            expect(await seen(place)).toEqual(done[commit]);
            await place.remove();
          }
        },
        120_000,
      );
    },
  );
}
