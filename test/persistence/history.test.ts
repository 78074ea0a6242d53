import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { BodyStore } from '../../persistence/body-store.js';
import type { ResourceStore, ResourceWrite } from '../../persistence/resource-store.js';
import { createResourceStore } from '../../persistence/store.js';
import type { HistoryEntry, Table } from '../../persistence/table.js';
import { nextVersion } from '../../persistence/version.js';
import { memoryTable } from '../support/memory-table.js';
import { gated, Stopped } from '../support/table-calls.js';

const start = Date.parse('2026-01-01T00:00:00.000Z');
const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();
const text = ({ type, id, versionId }: { type: string; id: string; versionId: number }): string =>
  `${type}/${id}/${String(versionId)}`;

/** The next version of a resource, with an instant. */
async function next(store: ResourceStore, type: string, id: string, now: number): Promise<ResourceWrite> {
  const previous = await store.read({ type, id });
  const known = previous === undefined ? {} : { previous };
  const version = nextVersion({
    resource: { resourceType: type },
    ...known,
    method: 'PUT',
    now,
    id,
    compartments: [],
  });
  return { kind: 'put', next: version, ...known };
}
const shown = async (store: ResourceStore, types = ['Patient']): Promise<string[]> =>
  (await store.historyOfTypes({ types, oldestFirst: true, count: 99 })).versions.map(text);

describe('the history of types', () => {
  test('equals the list of what was written, whatever the shards, types, bounds, order and size of pages', async () => {
    const write = fc.record({
      type: fc.constantFrom('Patient', 'Basic', 'Flag'),
      id: fc.constantFrom('a', 'ab', 'A', 'a-1', '0', 'zz'),
      later: fc.integer({ min: 0, max: 2 }),
    });
    const asked = fc.record({
      types: fc.shuffledSubarray(['Patient', 'Basic', 'Flag'], { minLength: 1 }),
      oldestFirst: fc.boolean(),
      count: fc.integer({ min: 1, max: 12 }),
      from: fc.option(fc.nat({ max: 30 }), { nil: undefined }),
      to: fc.option(fc.nat({ max: 30 }), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(write, { maxLength: 25 }),
        asked,
        fc.integer({ min: 1, max: 3 }),
        async (writes, { types, oldestFirst, count, from, to }, historyShards) => {
          const store = createResourceStore({ ...memoryTable(), historyShards });
          const model: { place: string; text: string; type: string; lastUpdated: string }[] = [];
          let now = start;
          for (const { type, id, later } of writes) {
            const put = await next(store, type, id, (now += later));
            await store.commit([put]);
            if (put.kind !== 'put') continue;
            const { lastUpdated, versionId } = put.next;
            const place = `${lastUpdated}|${type}|${id}|${String(versionId).padStart(16, '0')}`;
            model.push({ place, text: text(put.next), type, lastUpdated });
          }
          const range = {
            types,
            oldestFirst,
            ...(from === undefined ? {} : { from: iso(start + from) }),
            ...(to === undefined ? {} : { to: iso(start + to) }),
          };
          const expected = model
            .filter(
              ({ type, lastUpdated }) =>
                types.includes(type) && lastUpdated >= (range.from ?? '') && lastUpdated <= (range.to ?? '9'),
            )
            .sort((a, b) => (a.place < b.place ? -1 : 1) * (oldestFirst ? 1 : -1));
          const found: string[] = [];
          for (let after: string | undefined; ;) {
            const page = await store.historyOfTypes({ ...range, count, ...(after === undefined ? {} : { after }) });
            found.push(...page.versions.map(text));
            expect(page.versions.length).toBe(page.more ? count : page.versions.length);
            after = page.last;
            if (!page.more) break;
          }
          expect(found).toEqual(expected.map((each) => each.text));
          expect(await store.countHistory(range)).toBe(expected.length);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('reads a version by its number where the index still says that it is current, and shows it once', async () => {
    const table = memoryTable();
    const store = createResourceStore(table);
    const stale: HistoryEntry[] = [];
    for (let n = 0; n < 3; n += 1) {
      await store.commit([await next(store, 'Patient', 'a', start + n)]);
      stale.push(...(await table.queryHistory({ pk: '-#Patient#0', limit: 99 })).filter(({ sk }) => sk === 'current'));
    }
    const lagging: Table = {
      ...table,
      queryHistory: async (request) => {
        const now = await table.queryHistory(request);
        const old = stale.filter(
          ({ hs }) => request.pk === '-#Patient#0' && !now.some((each) => each.hs === hs && each.sk === 'current'),
        );
        return [...now, ...old].sort((a, b) => (a.hs < b.hs ? -1 : 1));
      },
    };
    expect(await shown(createResourceStore(lagging))).toEqual(['Patient/a/1', 'Patient/a/2', 'Patient/a/3']);
    expect(await createResourceStore(lagging).countHistory({ types: ['Patient'], oldestFirst: true })).toBe(3);
  });
});

const noBodies: BodyStore = {
  put: () => Promise.resolve(),
  get: () => Promise.resolve('{}'),
  delete: () => Promise.resolve(),
  async *list() {
    // none is looked for
  },
};

describe('where one process writes alone', () => {
  const range = { types: ['Patient'], oldestFirst: true, count: 9 };

  test('the history ends before a write under way, and goes on with it', async () => {
    const table = memoryTable();
    const store = createResourceStore(table, { now: () => start + 5 });
    let go = (): void => undefined;
    const held = new Promise<void>((resolve) => (go = resolve));
    const bodies: BodyStore = { ...noBodies, put: () => held };
    const slow = createResourceStore(table, { now: () => start + 5, inlineLimit: 0, bodies });
    const writing = slow.commit([await next(slow, 'Patient', 'slow', start + 2)]);
    await store.commit([await next(store, 'Patient', 'quick', start + 3)]);
    const meanwhile = await store.historyOfTypes(range);
    expect([meanwhile.versions.map(text), meanwhile.end]).toEqual([[], iso(start + 1)]);
    go();
    expect(await writing).toStrictEqual({ committed: true });
    const after = await slow.historyOfTypes({ ...range, from: meanwhile.end });
    expect([after.versions.map(text), after.end]).toEqual([['Patient/slow/1', 'Patient/quick/1'], iso(start + 5)]);
  });

  test('a version that belongs into what was told to be complete is refused, and written with a new instant', async () => {
    let time = start;
    const store = createResourceStore(memoryTable(), { now: () => time });
    const late = await next(store, 'Patient', 'a', time);
    const atOnce = await next(store, 'Patient', 'b', (time += 1));
    expect((await store.historyOfTypes(range)).end).toBe(iso(time));
    expect(await store.commit([late])).toStrictEqual({ committed: false, conflicts: [0] });
    expect(await store.commit([atOnce])).toStrictEqual({ committed: true }); // `_since` includes its instant
  });

  test('a clock that goes back hinders no write', async () => {
    let time = start;
    const store = createResourceStore(memoryTable(), { now: () => time });
    await store.historyOfTypes(range);
    time -= 3_600_000;
    expect(await store.commit([await next(store, 'Patient', 'a', time)])).toStrictEqual({ committed: true });
  });
});

describe('where the index lags and clocks differ', () => {
  const horizon = 10_000;
  const lagging = () => {
    let time = start;
    const table: Table = { ...memoryTable(), historyHorizon: horizon, maxActions: 3 };
    const now = (): number => time;
    const store = (on: Table = table): ResourceStore => createResourceStore(on, { now });
    return { table, store, now, pass: (milliseconds: number) => (time += milliseconds) };
  };

  test('the history ends where all that was written is shown, and says so', async () => {
    const { store, now, pass } = lagging();
    await store().commit([await next(store(), 'Patient', 'a', now())]);
    pass(horizon - 1);
    await store().commit([await next(store(), 'Patient', 'b', now())]);
    expect(await shown(store())).toEqual([]);
    pass(1);
    const page = await store().historyOfTypes({ types: ['Patient'], oldestFirst: false, count: 9 });
    expect([page.versions.map(text), page.end]).toEqual([['Patient/a/1'], iso(start)]);
    pass(horizon);
    expect(await shown(store())).toEqual(['Patient/a/1', 'Patient/b/1']);
  });

  test('a version that comes too late for its instant is refused, and written with a new one', async () => {
    const { store, now, pass } = lagging();
    const late = await next(store(), 'Patient', 'a', now());
    pass(horizon / 2 + 1);
    expect(await store().commit([late])).toStrictEqual({ committed: false, conflicts: [0] });
    expect(await store().commit([await next(store(), 'Patient', 'a', now())])).toStrictEqual({ committed: true });
  });

  test('it ends before a large commit until the index has had time to show all of it', async () => {
    const { table, store, now, pass } = lagging();
    await store().commit([await next(store(), 'Patient', 'before', now() - 1)]);
    const writes = await Promise.all(['a', 'b', 'c', 'd'].map((id) => next(store(), 'Patient', id, now())));
    const slow = gated(table, (call) => {
      pass(1_000);
      return call();
    });
    expect(await store(slow).commit(writes)).toStrictEqual({ committed: true });
    expect(now() - start).toBeGreaterThan(horizon);
    expect(await shown(store())).toEqual(['Patient/before/1']);
    await store().sweep();
    expect(await shown(store())).toEqual(['Patient/before/1']);
    pass(horizon / 2 + 1);
    await store().sweep();
    expect(await shown(store())).toHaveLength(5);
    expect(await table.queryHistory({ pk: '-#open', limit: 9 })).toEqual([]);
  });

  test('a large commit whose process ended does not hold the history up for ever', async () => {
    const { table, store, now, pass } = lagging();
    const writes = await Promise.all(['a', 'b', 'c', 'd'].map((id) => next(store(), 'Patient', id, now())));
    let calls = 0;
    const dying = gated(table, (call) => ((calls += 1) > 5 ? Promise.reject(new Stopped()) : call()));
    await expect(store(dying).commit(writes)).rejects.toThrow(Stopped);
    pass(1_000);
    await store().commit([await next(store(), 'Patient', 'after', now())]);
    pass(horizon + 1);
    expect(await shown(store())).toEqual([]);
    pass(60_000);
    expect(await shown(store())).toEqual(['Patient/after/1']);
  });
});
