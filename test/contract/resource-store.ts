import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ResourceStore, ResourceWrite, StoredVersion } from '../../persistence/resource-store.js';
import { createResourceStore } from '../../persistence/store.js';
import { currentChange } from '../../persistence/stream.js';
import type { Table } from '../../persistence/table.js';
import { nextVersion, tombstone } from '../../persistence/version.js';
import type { TableUnderTest } from './table.js';
import { tenant } from '../support/tenant.js';

/**
 * What the resource store does on every table, as a suite.
 * @param make a new, empty table; called for each test.
 * @param writers how many write one resource at the same time: tries grow with their square.
 */
export function describeResourceStore(name: string, make: () => Promise<TableUnderTest>, writers = 50): void {
  describe(`Resource store on ${name}`, () => {
    let table: Table;
    let store: ResourceStore;
    let close: () => Promise<void>;
    beforeEach(async () => {
      ({ table, close } = await make());
      store = createResourceStore(table);
    });
    afterEach(() => close());

    const now = Date.parse('2026-01-01T00:00:00.000Z');
    const key = (id: string) => ({ type: 'Patient', id });
    const version = (id: string, previous?: StoredVersion, text = 'x'): StoredVersion =>
      nextVersion({
        resource: { resourceType: 'Patient', text },
        ...(previous === undefined ? {} : { previous }),
        method: previous === undefined ? 'POST' : 'PUT',
        now,
        id,
        compartments: [`Patient/${id}`],
      });
    const put = (id: string, previous?: StoredVersion, text?: string): ResourceWrite => ({
      kind: 'put',
      next: version(id, previous, text),
      ...(previous === undefined ? {} : { previous }),
    });
    const there = async (id: string, in_: ResourceStore = store): Promise<StoredVersion> => {
      const found = await in_.read(key(id));
      if (found === undefined) throw new Error(`Patient/${id} is not there`);
      return found;
    };
    /** Patient/a with versions 1 to `count`. */
    async function chain(count: number): Promise<void> {
      await store.commit([put('a')]);
      for (let n = 1; n < count; n += 1) await store.commit([put('a', await there('a'))]);
    }

    describe('versions', () => {
      test('a version comes back as it was committed, with its commit', async () => {
        const next = version('a');
        expect(await store.commit([{ kind: 'put', next }])).toStrictEqual({ committed: true });
        const { commitId, ...found } = await there('a');
        expect(found).toStrictEqual(next);
        expect(commitId).toMatch(/./);
      });

      test('updates make a chain without gaps; each version stays as it was', async () => {
        await chain(1);
        const first = await there('a');
        for (let n = 2; n <= 12; n += 1) await store.commit([put('a', await there('a'), String(n))]);
        const history = await store.history(key('a'), { count: 100 });
        expect(history.map(({ versionId }) => versionId)).toStrictEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
        expect(history.at(-1)).toStrictEqual(first);
        for (const each of history) expect(await store.vread(key('a'), each.versionId)).toStrictEqual(each);
        expect(history.map(({ lastUpdated }) => lastUpdated)).toStrictEqual(
          history.map(({ versionId }) => new Date(now + versionId - 1).toISOString()),
        );
      });

      test.each([0, -1, 1.5, 4, NaN])('there is no version %d of three', async (versionId) => {
        await chain(3);
        expect(await store.vread(key('a'), versionId)).toBeUndefined();
      });

      test('history comes in pages that meet', async () => {
        await chain(7);
        const pages: number[][] = [];
        for (let before: number | undefined; ;) {
          const page = await store.history(key('a'), { count: 3, ...(before === undefined ? {} : { before }) });
          if (page.length === 0) break;
          pages.push(page.map(({ versionId }) => versionId));
          before = page.at(-1)?.versionId;
        }
        expect(pages).toStrictEqual([[7, 6, 5], [4, 3, 2], [1]]);
        expect(await store.history(key('a'), { count: 0 })).toStrictEqual([]);
        expect(await store.history(key('nobody'), { count: 3 })).toStrictEqual([]);
      });

      test('a deletion is a version, and writing again continues the numbering', async () => {
        await chain(2);
        const before = await there('a');
        await store.commit([{ kind: 'put', next: tombstone(before, now), previous: before }]);
        const gone = await there('a');
        expect(gone).toMatchObject({
          versionId: 3,
          deleted: true,
          method: 'DELETE',
          body: '',
          compartments: ['Patient/a'],
        });
        await store.commit([put('a', gone)]);
        const history = await store.history(key('a'), { count: 9 });
        expect(history.map(({ versionId, deleted }) => [versionId, deleted])).toStrictEqual([
          [4, false],
          [3, true],
          [2, false],
          [1, false],
        ]);
      });

      test('many are read in the keys’ order', async () => {
        await store.commit([put('a'), put('b')]);
        const found = await store.readMany([key('b'), key('c'), key('a'), key('b')]);
        expect(found.map((each) => each?.id)).toStrictEqual(['b', undefined, 'a', 'b']);
      });

      test('tenants do not see each other', async () => {
        await chain(1);
        expect(await createResourceStore(table, { tenant: tenant('other') }).read(key('a'))).toBeUndefined();
      });
    });

    describe('a commit', () => {
      test('names the places of all writes that met another one, and writes nothing', async () => {
        await store.commit([put('a'), put('b')]);
        const stale = await there('a');
        await store.commit([put('a', stale)]);
        const result = await store.commit([
          put('new'),
          put('a', stale),
          { kind: 'check', key: key('b'), versionId: 1 },
          put('b'),
          { kind: 'check', key: key('c'), versionId: 2 },
          { kind: 'check', key: key('d'), versionId: 0 },
        ]);
        expect(result).toStrictEqual({ committed: false, conflicts: [2] });
        const second = await store.commit([
          put('new'),
          put('a', stale),
          put('b'),
          { kind: 'check', key: key('c'), versionId: 2 },
        ]);
        expect(second).toStrictEqual({ committed: false, conflicts: [1, 2, 3] });
        expect(await store.read(key('new'))).toBeUndefined();
        expect((await there('a')).versionId).toBe(2);
      });

      test(`of ${String(writers)} concurrent updates of one version one wins, and retried ones leave no gap`, async () => {
        await chain(1);
        const update = async (): Promise<void> => {
          while (!(await store.commit([put('a', await there('a'))])).committed);
        };
        await Promise.all(Array.from({ length: writers }, update));
        const versions = (await store.history(key('a'), { count: 100 })).map(({ versionId }) => versionId);
        expect(versions).toStrictEqual(Array.from({ length: writers + 1 }, (_, n) => writers + 1 - n));
      });

      test('may check a resource it also puts, and check one twice', async () => {
        await chain(1);
        const check: ResourceWrite = { kind: 'check', key: key('a'), versionId: 1 };
        expect(await store.commit([check, put('a', await there('a')), check])).toStrictEqual({ committed: true });
        expect(await store.commit([check, check])).toStrictEqual({ committed: false, conflicts: [0, 1] });
        expect(await store.commit([])).toStrictEqual({ committed: true });
      });

      test('is refused when a resource stands in two puts or a version does not follow', async () => {
        await chain(2);
        const current = await there('a');
        const first = (await store.vread(key('a'), 1)) ?? current;
        await expect(store.commit([put('b'), put('b')])).rejects.toThrow('two puts');
        await expect(store.commit([{ kind: 'put', next: current }])).rejects.toThrow('does not follow');
        await expect(store.commit([{ kind: 'put', next: version('b', current), previous: first }])).rejects.toThrow(
          'cannot replace',
        );
        expect(await store.read(key('b'))).toBeUndefined();
      });

      test('is not done on a locked resource', async () => {
        await chain(1);
        const item = await table.get({ pk: '-#Patient#a', sk: 'current' });
        await table.write([{ kind: 'put', item: { ...item, pk: '-#Patient#a', sk: 'current', lock: 't1' } }]);
        expect(await store.commit([put('a', await there('a'))])).toStrictEqual({ committed: false, conflicts: [0] });
      });

      test.each([
        ['actions', { maxActions: 3 }],
        ['bytes', { maxBytes: 2_000 }],
      ])('of more %s than the table takes in one write is all done as well', async (_what, limits) => {
        const limited = createResourceStore({ ...table, ...limits });
        expect(await limited.commit([put('a'), put('b'), put('c')])).toStrictEqual({ committed: true });
        const updates = [put('a', await there('a')), put('b', await there('b'))];
        expect(await limited.commit(updates)).toStrictEqual({ committed: true });
        expect([(await there('a')).versionId, (await there('b')).versionId]).toEqual([2, 2]);
        expect(await limited.commit([...updates, put('d')])).toMatchObject({ committed: false });
        expect(await store.read(key('d'))).toBeUndefined();
      });
    });

    describe('claims', () => {
      const claim = (id: string, previous?: string): ResourceWrite => ({
        kind: 'claim',
        criteria: 'Patient?identifier=http://example.org|1',
        target: key(id),
        ...(previous === undefined ? {} : { previous: key(previous) }),
      });
      test('are made in the commit of their resource, once, and replaced only from the target read', async () => {
        expect(await store.claimed('Patient?identifier=http://example.org|1')).toBeUndefined();
        expect(await store.commit([put('a'), claim('a')])).toStrictEqual({ committed: true });
        expect(await store.claimed('Patient?identifier=http://example.org|1')).toStrictEqual(key('a'));
        expect(await store.commit([put('b'), claim('b')])).toStrictEqual({ committed: false, conflicts: [1] });
        expect(await store.commit([put('b'), claim('b', 'c')])).toStrictEqual({ committed: false, conflicts: [1] });
        expect(await store.read(key('b'))).toBeUndefined();
        expect(await store.commit([put('b'), claim('b', 'a')])).toStrictEqual({ committed: true });
        expect(await store.claimed('Patient?identifier=http://example.org|1')).toStrictEqual(key('b'));
      });
      test('of one commit for the same criteria exclude each other', async () => {
        expect(await store.commit([put('a'), claim('a'), put('b'), claim('b')])).toStrictEqual({
          committed: false,
          conflicts: [3],
        });
      });
      test('are no change of a resource', async () => {
        await store.commit([put('a'), claim('a')]);
        await store.commit([put('a', await there('a'))]);
        const changes = await table.changes({ limit: 99 });
        expect(changes.map(currentChange).flatMap((each) => (each ? [each.versionId] : []))).toStrictEqual([1, 2]);
        expect(changes.length).toBe(5); // the first is that there are Patients
      });
    });

    describe('when the engine fails or repeats a write', () => {
      test('a repeated write whose first try won counts as committed', async () => {
        const repeating = createResourceStore({
          ...table,
          write: async (actions) => {
            await table.write(actions);
            return table.write(actions);
          },
        });
        expect(await repeating.commit([put('a')])).toStrictEqual({ committed: true });
        expect(await repeating.commit([put('a', await there('a')), put('b')])).toStrictEqual({ committed: true });
        expect((await store.history(key('a'), { count: 9 })).map(({ versionId }) => versionId)).toStrictEqual([2, 1]);
        const claim: ResourceWrite = { kind: 'claim', criteria: 'c', target: key('a') };
        expect(await repeating.commit([claim])).toStrictEqual({ committed: true });
      });

      test('also when others have superseded it before the repetition', async () => {
        const repeating = createResourceStore({
          ...table,
          write: async (actions) => {
            await table.write(actions);
            await store.commit([put('a', await there('a'))]);
            await store.commit([put('a', await there('a'))]);
            return table.write(actions);
          },
        });
        await store.commit([put('b')]); // the type is known: the only write left is the commit
        expect(await repeating.commit([put('a')])).toStrictEqual({ committed: true });
        expect((await there('a')).versionId).toBe(3);
      });

      test('but another’s same version is a conflict', async () => {
        await store.commit([put('a')]);
        expect(await store.commit([put('a')])).toStrictEqual({ committed: false, conflicts: [0] });
      });

      test('at any call, before or after it, everything is written or nothing', async () => {
        await chain(2);
        await store.commit([put('b')]);
        const [a, b] = [await there('a'), await there('b')];
        const writes = [put('a', a, 'new'), put('b', b, 'new'), put('c', undefined, 'new')];
        for (const when of ['before', 'after'] as const) {
          const failing = createResourceStore({
            ...table,
            write: async (actions) => {
              if (when === 'after') await table.write(actions);
              throw new Error('planted');
            },
          });
          await expect(failing.commit(writes)).rejects.toThrow('planted');
          const now = await store.readMany([key('a'), key('b'), key('c')]);
          expect(now.map((each) => each?.body.includes('new') ?? false)).toStrictEqual(Array(3).fill(when === 'after'));
          expect((await store.history(key('a'), { count: 9 })).map(({ versionId }) => versionId)).toStrictEqual(
            when === 'after' ? [3, 2, 1] : [2, 1],
          );
        }
      });
    });
  });
}
