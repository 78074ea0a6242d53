import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ResourceStore, ResourceWrite, StoredVersion } from '../../persistence/resource-store.js';

import { createResourceStore } from '../../persistence/store.js';
import { currentChange } from '../../persistence/stream.js';
import type { Table } from '../../persistence/table.js';
import { nextVersion, tombstone } from '../../persistence/version.js';
import { failing, gated, Stopped, type Fault } from '../support/table-calls.js';
import type { TableUnderTest } from './table.js';
import { tenant as tenantOf } from '../support/tenant.js';
import type { Tenant } from '../../fhir/tenant.js';

/** So few that a commit of ten writes takes many steps. */
const maxActions = 4;
const expiry = 60_000;
const start = Date.parse('2026-01-01T00:00:00.000Z');

const key = (id: string) => ({ type: 'Patient', id });
const ids = ['a', 'b', 'gone', 'kept', 'dies', 'new-1', 'new-2', 'nobody', 'also-kept', 'kept-too', 'more-kept'];

const put = (id: string, previous: StoredVersion | undefined, mark: string): ResourceWrite => ({
  kind: 'put',
  next: nextVersion({
    resource: { resourceType: 'Patient', mark },
    ...(previous === undefined ? {} : { previous }),
    method: 'PUT',
    now: start,
    id,
    compartments: [`Patient/${id}`],
  }),
  ...(previous === undefined ? {} : { previous }),
});

/** A tenant of its own with resources in every state, its clock, and the commit that the tests are about. */
interface Scene {
  /** A store on the tenant, on another table if given: another process. */
  store(on?: Table, now?: () => number): ResourceStore;
  readonly writes: readonly ResourceWrite[];
  pass(milliseconds: number): void;
  readonly tenant: Tenant;
  /** The ids of all its commits so far. */
  readonly commits: readonly string[];
}

let tenants = 0;

async function scene(table: Table): Promise<Scene> {
  const tenant = tenantOf(`t${String(process.pid)}-${String((tenants += 1))}`);
  let time = start + 1_000;
  const commits: string[] = [];
  const newCommitId = (): string => {
    const id = `${tenant}-${String(commits.length)}`;
    commits.push(id);
    return id;
  };
  const options = { tenant, newCommitId, transactionExpiry: expiry };
  const store = (on: Table = table, now = (): number => time): ResourceStore =>
    createResourceStore({ ...on, maxActions }, { ...options, now });
  const setUp = createResourceStore(table, { tenant, now: () => time });
  const there = async (id: string): Promise<StoredVersion> => {
    const found = await setUp.read(key(id));
    if (found === undefined) throw new Error(`${id} is not there`);
    return found;
  };
  const kept = ['kept', 'also-kept', 'kept-too', 'more-kept'];
  await setUp.commit(['a', 'b', 'gone', 'dies', ...kept].map((id) => put(id, undefined, 'first')));
  await setUp.commit([
    put('a', await there('a'), 'second'),
    { kind: 'put', next: tombstone(await there('gone'), start), previous: await there('gone') },
  ]);
  await setUp.commit([
    put('a', await there('a'), 'third'),
    { kind: 'claim', criteria: 'replaced', target: key('a') },
    { kind: 'claim', criteria: 'other', target: key('a') },
  ]);
  const writes: ResourceWrite[] = [
    { kind: 'check', key: key('kept'), versionId: 1 },
    put('new-2', undefined, 'fresh'),
    put('b', await there('b'), 'fresh'),
    { kind: 'claim', criteria: 'made', target: key('new-1') },
    put('a', await there('a'), 'fresh'),
    { kind: 'put', next: tombstone(await there('dies'), start), previous: await there('dies') },
    { kind: 'claim', criteria: 'replaced', target: key('new-2'), previous: key('a') },
    put('gone', await there('gone'), 'fresh'),
    put('new-1', undefined, 'fresh'),
    { kind: 'check', key: key('nobody'), versionId: 0 },
    { kind: 'check', key: key('also-kept'), versionId: 1 },
    { kind: 'check', key: key('kept-too'), versionId: 1 },
    { kind: 'check', key: key('more-kept'), versionId: 1 },
  ];
  return { store, writes, pass: (milliseconds) => (time += milliseconds), tenant, commits };
}

const shown = (version: StoredVersion | undefined) => {
  if (version === undefined) return undefined;
  return { ...version, commitId: '' };
};

/** Fails when two ways to see the same thing disagree; quicker than expect, which is called very often here. */
function same(what: string, seen: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(seen, expected))
    throw new Error(`${what}: ${JSON.stringify(seen)}, ${JSON.stringify(expected)}`);
}

/** Everything a reader can see of a tenant, in every way there is to see it; fails when two ways disagree. */
async function view(store: ResourceStore): Promise<unknown> {
  const current = await store.readMany(ids.map(key));
  const resources: unknown[] = [];
  for (const [place, id] of ids.entries()) {
    const read = await store.read(key(id));
    same(`${id}, read alone or among others`, read, current[place]);
    const history = await store.history(key(id), { count: 99 });
    same(`${id}, read or as the first of its history`, history[0], read);
    const numbers = Array.from({ length: read?.versionId ?? 0 }, (_, n) => (read?.versionId ?? 0) - n);
    same(
      `the history of ${id}, without a gap`,
      history.map(({ versionId }) => versionId),
      numbers,
    );
    const turned = await store.history(key(id), { count: 99, oldestFirst: true });
    same(`the history of ${id} in both directions`, turned.toReversed(), history);
    for (const each of history) same(`a version of ${id}`, await store.vread(key(id), each.versionId), each);
    same(`the next version of ${id}`, await store.vread(key(id), history.length + 1), undefined);
    resources.push(history.map(shown));
  }
  const claims = [];
  for (const criteria of ['made', 'replaced', 'other']) claims.push(await store.claimed(criteria));
  return { resources, claims };
}

/** What a reader sees at a glance: every current version, and the claims. */
async function glance(store: ResourceStore): Promise<unknown> {
  const current = await store.readMany(ids.map(key));
  const claims = [];
  for (const criteria of ['made', 'replaced', 'other']) claims.push(await store.claimed(criteria));
  return { current: current.map(shown), claims };
}

/** The history of the type, oldest first, by resource and version. */
async function typeHistory(store: ResourceStore): Promise<string[]> {
  const { versions } = await store.historyOfTypes({ types: ['Patient'], oldestFirst: true, count: 999 });
  return versions.map(({ id, versionId }) => `${id} ${String(versionId)}`);
}

/** Fails unless there are versions and claims only, unlocked, and nothing of any transaction. */
async function expectNothingLeft(table: Table, { tenant, commits }: Scene): Promise<void> {
  const criteria = ['made', 'replaced', 'other'].map((text) => createHash('sha256').update(text).digest('hex'));
  const partitions = [
    ...ids.map((id) => `${tenant}#Patient#${id}`),
    ...criteria.map((digest) => `${tenant}#claim#${digest}`),
    ...commits.map((id) => `${tenant}#transaction#${id}`),
  ];
  for (const pk of partitions) {
    for (const item of await table.query({ pk, limit: 99 })) {
      const left = !/^(current|claim|[0-9]{16})$/.test(item.sk) || item['versionId'] === 0;
      if (left || item['lock'] !== undefined) throw new Error(`left: ${item.pk} ${item.sk}`);
    }
  }
  same('open transactions', await table.queryHistory({ pk: `${tenant}#open`, limit: 9 }), []);
}

/** A way to look at a tenant, and what is seen before and after the commit. */
interface Seeing {
  readonly look: (store: ResourceStore) => Promise<unknown>;
  readonly before: unknown;
  readonly after: unknown;
}

/**
 * What a commit does that is too large for one write of the table, as a suite: run on every adapter.
 * @param make a new, empty table; called once for the suite.
 * @param every to try each n-th place of a fault only, where calls are slow; readers then look at everything at the
 * end, and at the current versions and claims in between.
 */
export function describeTransactions(name: string, make: () => Promise<TableUnderTest>, every = 1): void {
  describe(`Transactions in several steps: ${name}`, () => {
    let under: TableUnderTest;
    let table: Table;
    /** What a reader sees before and after it, in every way and at a glance. */
    let whole: Seeing;
    let brief: Seeing;
    let historyBefore: string[];
    let historyAfter: string[];
    let calls: number;
    /** The number of the call that commits. */
    let flip: number;
    beforeAll(async () => {
      under = await make();
      ({ table } = under);
      const direct = await scene(table);
      const before = { whole: await view(direct.store()), brief: await glance(direct.store()) };
      historyBefore = await typeHistory(direct.store());
      await createResourceStore(table, { tenant: direct.tenant }).commit(direct.writes);
      whole = { look: view, before: before.whole, after: await view(direct.store()) };
      brief = every === 1 ? whole : { look: glance, before: before.brief, after: await glance(direct.store()) };
      historyAfter = await typeHistory(direct.store());
      const counted = await scene(table);
      const { table: counting, made } = failing(table);
      const reader = counted.store();
      flip = 0;
      const watched = gated(counting, async (call) => {
        if ((await reader.read(key('new-1'))) === undefined) flip = made() + 1;
        return call();
      });
      await counted.store(watched).commit(counted.writes);
      calls = made();
    });
    afterAll(() => under.close());

    /** Whether a reader sees all or nothing of the commit; anything else fails. */
    const sees = async (store: ResourceStore, { look, before, after }: Seeing = brief): Promise<'all' | 'nothing'> => {
      const seen = await look(store);
      const all = JSON.stringify(seen) === JSON.stringify(after);
      if (!all) expect(seen).toStrictEqual(before);
      return all ? 'all' : 'nothing';
    };

    /** Once others have ended it: all or nothing for good, in the history of the type as well, and no trace of it. */
    const settles = async (set: Scene, expected?: 'all' | 'nothing'): Promise<void> => {
      const all = (await sees(set.store(), whole)) === 'all';
      if (expected !== undefined) expect(all ? 'all' : 'nothing').toBe(expected);
      expect((await typeHistory(set.store())).toSorted()).toEqual((all ? historyAfter : historyBefore).toSorted());
      await expectNothingLeft(table, set);
    };

    test('takes many writes, none larger than the table takes, and ends as one write would', async () => {
      const set = await scene(table);
      const sizes: number[] = [];
      const counting: Table = {
        ...table,
        write: (actions) => {
          sizes.push(actions.length);
          return table.write(actions);
        },
      };
      expect(await set.store(counting).commit(set.writes)).toStrictEqual({ committed: true });
      expect(sizes.length).toBeGreaterThan(12);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(maxActions);
      await settles(set, 'all');
    });

    test('is seen whole or not at all between any two of its calls, and never again undone', async () => {
      const set = await scene(table);
      const reader = set.store();
      const seen: string[] = [];
      const watched = gated(table, async (call) => {
        seen.push(await sees(reader));
        return call();
      });
      await set.store(watched).commit(set.writes);
      expect(seen.join(' ')).toMatch(/^(nothing ){10,}(all ?){10,}$/);
    });

    test('indexes only what is committed, once', async () => {
      const set = await scene(table);
      const last = await lastPosition(table);
      await set.store().commit(set.writes);
      const changes = (await table.changes({ limit: 999, ...(last === undefined ? {} : { after: last }) }))
        .map(currentChange)
        .flatMap((version) => (version === undefined ? [] : [`${version.id} ${String(version.versionId)}`]));
      const written = ['a 4', 'b 2', 'dies 2', 'gone 3', 'new-1 1', 'new-2 1'];
      // What was only checked comes by again as it was.
      expect([...new Set(changes)].filter((text) => !/kept/.test(text)).toSorted()).toEqual(written);
    });

    /** Each n-th call from the first one, and the last. */
    const faults = (most: number): Fault[] =>
      [...new Set([...Array.from({ length: Math.ceil(most / every) }, (_, n) => n * every + 1), most])].flatMap((at) =>
        (['before', 'after'] as const).flatMap((when) => [true, false].map((dead) => ({ at, when, dead }))),
      );

    test('that stops at any of its calls is all or nothing for every reader, and a sweep ends it so', async () => {
      let [all, nothing] = [0, 0];
      for (const fault of faults(calls)) {
        const set = await scene(table);
        const answered = await stopped(set.store(failing(table, fault).table).commit(set.writes));
        const seen = await sees(set.store());
        if (answered !== undefined) expect([fault, seen]).toEqual([fault, answered.committed ? 'all' : 'nothing']);
        set.pass(expiry + 1);
        expect(await sees(set.store())).toBe(seen);
        await set.store().sweep();
        await settles(set, seen);
        if (seen === 'all') all += 1;
        else nothing += 1;
      }
      expect(Math.min(all, nothing)).toBeGreaterThan(10 / every);
    });

    test('may be swept by a process that stops at any call, and is ended by the next', async () => {
      for (const stop of [flip - 3, flip, flip + 8]) {
        for (let at = 1; ; at += every) {
          const set = await scene(table);
          const half: Fault = { at: stop, when: 'after', dead: true };
          await stopped(set.store(failing(table, half).table).commit(set.writes));
          const seen = await sees(set.store());
          set.pass(expiry + 1);
          const { table: dying, made } = failing(table, { at, when: at % 2 === 0 ? 'before' : 'after', dead: true });
          const swept = await set
            .store(dying)
            .sweep()
            .catch(() => undefined);
          expect(await sees(set.store())).toBe(seen);
          await set.store().sweep();
          await settles(set, seen);
          if (swept !== undefined && made() < at) break; // there was no such call any more
        }
      }
    });

    describe('whose process has ended before it was decided', () => {
      const leave = async (): Promise<Scene> => {
        const set = await scene(table);
        const { table: dying } = failing(table, { at: flip - 1, when: 'after', dead: true });
        await expect(set.store(dying).commit(set.writes)).rejects.toThrow(Stopped);
        expect(await set.store().sweep()).toBe(0); // it may still be under way
        return set;
      };
      const current = async (set: Scene, id: string): Promise<StoredVersion | undefined> => set.store().read(key(id));

      test('keeps other writers out while its time is not over, and no longer', async () => {
        const set = await leave();
        const write = put('a', await current(set, 'a'), 'other');
        expect(await set.store().commit([write])).toStrictEqual({ committed: false, conflicts: [0] });
        set.pass(expiry + 1);
        expect(await set.store().commit([write])).toStrictEqual({ committed: false, conflicts: [0] }); // ends it
        expect(await set.store().sweep()).toBe(0);
        expect(await set.store().commit([write])).toStrictEqual({ committed: true });
        expect((await current(set, 'a'))?.versionId).toBe(4);
      });

      test('is ended by a large commit as well, also where it would create what that creates', async () => {
        const set = await leave();
        set.pass(expiry + 1);
        expect((await set.store().commit(set.writes)).committed).toBe(false);
        expect(await set.store().commit(set.writes)).toStrictEqual({ committed: true });
        await settles(set, 'all');
      });

      test('is aborted by a reader, so that it cannot commit any more', async () => {
        const set = await scene(table);
        const reader = set.store();
        let isStaged = false;
        const slow = gated(table, async (call, name) => {
          isStaged ||= name === 'write' && (await lockedCount(table, set)) >= 6;
          if (isStaged) {
            set.pass(expiry / 2);
            expect(await sees(reader)).toBe('nothing');
          }
          return call();
        });
        expect((await set.store(slow).commit(set.writes)).committed).toBe(false);
        expect(isStaged).toBe(true);
        await settles(set, 'nothing');
      });

      test('and that goes on after all, by a clock that is slow, changes nothing and leaves nothing', async () => {
        // Stopped before each of the calls until it is committed: others end it, then it goes on.
        for (let at = 1; at <= flip; at += every) {
          const set = await scene(table);
          let made = 0;
          const paused = gated(table, async (call) => {
            made += 1;
            if (made === at) {
              set.pass(expiry + 1);
              await set.store().sweep();
            }
            return call();
          });
          const answer = await set.store(paused, () => start + 1_000).commit(set.writes);
          const isBegun = at > 2; // before its record is there, nobody can end it
          expect([at, answer.committed]).toEqual([at, !isBegun]);
          await settles(set, isBegun ? 'nothing' : 'all');
        }
      });

      test('is ended by who asks for the history of the type', async () => {
        const set = await leave();
        set.pass(expiry * 2);
        expect((await typeHistory(set.store())).toSorted()).toEqual(historyBefore.toSorted());
        await settles(set, 'nothing');
      });
    });

    test('that is committed but not rolled forward counts for writers, who roll it forward', async () => {
      const set = await scene(table);
      const { table: dying } = failing(table, { at: flip + 2, when: 'after', dead: true });
      expect(await set.store(dying).commit(set.writes)).toStrictEqual({ committed: true });
      expect(await sees(set.store())).toBe('all');
      const previous = await set.store().read(key('new-2'));
      const next = put('new-2', previous, 'next');
      let attempts = 1;
      while (!(await set.store().commit([next])).committed) attempts += 1;
      expect(attempts).toBeLessThanOrEqual(2);
      expect((await set.store().history(key('new-2'), { count: 9 })).map(({ versionId }) => versionId)).toEqual([2, 1]);
    });

    test('may be rolled forward by others while its own process does so, and be superseded by then', async () => {
      for (let at = flip + 1; at <= calls; at += every) {
        const set = await scene(table);
        const written = ['a', 'b', 'gone', 'new-1', 'new-2'];
        let made = 0;
        const paused = gated(table, async (call) => {
          made += 1;
          if (made === at) {
            await set.store().sweep();
            for (const id of written) {
              const next = put(id, await set.store().read(key(id)), 'next');
              expect(await set.store().commit([next])).toStrictEqual({ committed: true });
            }
          }
          return call();
        });
        expect(await set.store(paused).commit(set.writes)).toStrictEqual({ committed: true });
        const found = await set.store().readMany(written.map(key));
        expect(found.map((version) => version?.body.includes('"next"'))).toEqual(Array(5).fill(true));
        expect(found.map((version) => version?.versionId)).toEqual([5, 3, 4, 2, 2]);
        await view(set.store());
        await expectNothingLeft(table, set);
      }
    });

    test('does not show its versions in the history of types before all of them are there', async () => {
      const set = await scene(table);
      const seen = new Set<number>();
      const watched = gated(table, async (call) => {
        const { end } = await set.store().historyOfTypes({ types: ['Patient'], oldestFirst: true, count: 999 });
        const instants = set.writes.flatMap((write) => (write.kind === 'put' ? [write.next.lastUpdated] : []));
        // Either the page says that it ends before them, or none or all of them are there.
        if (instants.every((instant) => instant <= end)) {
          seen.add((await typeHistory(set.store())).length - historyBefore.length);
        }
        return call();
      });
      await set.store(watched).commit(set.writes);
      seen.add((await typeHistory(set.store())).length - historyBefore.length);
      expect([...seen]).toEqual([0, 6]);
    });

    test('with a check that does not hold writes nothing', async () => {
      for (const id of ['kept', 'also-kept', 'kept-too', 'more-kept', 'nobody']) {
        const set = await scene(table);
        const rival = put(id, id === 'nobody' ? undefined : await set.store().read(key(id)), 'rival');
        await set.store().commit([rival]);
        expect((await set.store().commit(set.writes)).committed).toBe(false);
        expect(await set.store().read(key('new-1'))).toBeUndefined();
        await expectNothingLeft(table, set);
      }
    });

    test('with a claim that others made in between writes nothing', async () => {
      for (const criteria of ['made', 'replaced']) {
        const set = await scene(table);
        const previous = await set.store().claimed(criteria);
        const rival: ResourceWrite = {
          kind: 'claim',
          criteria,
          target: key('b'),
          ...(previous === undefined ? {} : { previous }),
        };
        expect(await set.store().commit([rival])).toStrictEqual({ committed: true });
        expect((await set.store().commit(set.writes)).committed).toBe(false);
        expect(await set.store().claimed(criteria)).toStrictEqual(key('b'));
        await expectNothingLeft(table, set);
      }
    });

    test('of two over the same resources in different order at least one is done, and the other tries again', async () => {
      const set = await scene(table);
      const shared = ['a', 'b', 'dies', 'new-1', 'new-2'];
      const bundle = async (order: readonly string[], mark: string): Promise<number> => {
        for (let attempt = 1; attempt < 50; attempt += 1) {
          const previous = await set.store().readMany(order.map(key));
          const writes = order.map((id, place) => put(id, previous[place], mark));
          if ((await set.store().commit(writes)).committed) return attempt;
        }
        throw new Error('Neither got through');
      };
      const attempts = await Promise.all([bundle(shared, 'one'), bundle(shared.toReversed(), 'two')]);
      expect(Math.min(...attempts)).toBeLessThan(10);
      const found = await set.store().readMany(shared.map(key));
      expect(found.map((version) => version?.versionId)).toEqual([5, 3, 3, 2, 2]);
      expect(new Set(found.map((version) => version?.body.includes('"one"'))).size).toBe(1);
      await expectNothingLeft(table, set);
    });
  });
}

/** What a commit answered before its process ended; undefined when it did not get so far. */
const stopped = (commit: ReturnType<ResourceStore['commit']>) =>
  commit.catch((error: unknown) => {
    expect(error).toBeInstanceOf(Stopped);
    return undefined;
  });

async function lockedCount(table: Table, { tenant }: Scene): Promise<number> {
  const items = await table.batchGet(ids.map((id) => ({ pk: `${tenant}#Patient#${id}`, sk: 'current' })));
  return items.filter((item) => item?.['lock'] !== undefined).length;
}

async function lastPosition(table: Table): Promise<string | undefined> {
  for (let after: string | undefined; ;) {
    const page = await table.changes({ limit: 1_000, ...(after === undefined ? {} : { after }) });
    if (page.length === 0) return after;
    after = page.at(-1)?.position;
  }
}
