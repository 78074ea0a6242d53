import { beforeEach, describe, expect, test } from '@jest/globals';
import { keyText } from '../../fhir/resource.js';
import { indexable } from '../../indexer/index-change.js';
import { continueReindex, reindex, type ReindexOptions } from '../../indexer/reindex.js';
import type { BodyKey, BodyStore } from '../../persistence/body-store.js';
import type { ResourceStore, StoredVersion } from '../../persistence/resource-store.js';
import { createResourceStore } from '../../persistence/store.js';
import type { Table } from '../../persistence/table.js';
import { nextVersion, tombstone } from '../../persistence/version.js';
import type { NextIndex } from '../../search/next-index.js';
import type { Indexable } from '../../search/search-index.js';
import { memoryTable } from '../support/memory-table.js';
import { Stopped } from '../support/table-calls.js';
import { defaultTenant } from '../../persistence/keys.js';

// On a table and indices in memory, so that it can be stopped at each of its calls.

const minute = 60_000;

/** Indices by name, the one that serves, and the one that is made, as every process sees them. */
interface Indices {
  readonly all: Map<string, Map<string, Indexable>>;
  serving: string;
  making: string | undefined;
}

let table: Table;
let indices: Indices;
let time: number;
let bodies: BodyStore;
let store: ResourceStore;

const putInto = (name: string | undefined, changes: readonly Indexable[]): void => {
  const index = indices.all.get(name ?? '');
  if (index === undefined) throw new Error(`no index ${String(name)}`);
  for (const change of changes) {
    const known = index.get(keyText(change));
    if (known === undefined || known.versionId < change.versionId) index.set(keyText(change), change);
  }
};

function nextIndex(terms = 'these'): NextIndex {
  return {
    terms,
    names: () => {
      const numbers = [...indices.all.keys()].map((name) => Number(name.slice(1)));
      return Promise.resolve({ replaces: indices.serving, index: `i${String(Math.max(...numbers) + 1)}` });
    },
    open: ({ index }) => {
      if (indices.serving === index) return Promise.resolve(false);
      if (indices.making !== undefined && indices.making !== index) indices.all.delete(indices.making);
      const isNew = !indices.all.has(index);
      if (isNew) indices.all.set(index, new Map());
      indices.making = index;
      return Promise.resolve(isNew);
    },
    put: (changes) => {
      putInto(indices.making, changes);
      return Promise.resolve();
    },
    count: ({ index }) => Promise.resolve(indices.all.get(index)?.size ?? 0),
    serve: ({ index, replaces }) => {
      indices.serving = index;
      indices.making = undefined;
      indices.all.delete(replaces);
      return Promise.resolve();
    },
    abandon: ({ index }) => {
      indices.all.delete(index);
      indices.making = undefined;
      return Promise.resolve();
    },
  };
}

/** Writes a resource, or deletes it, and brings the change to the indices as the stream does. */
async function write(id: string, text?: string): Promise<void> {
  const previous = await store.read({ type: 'Patient', id });
  const next =
    text === undefined && previous !== undefined
      ? tombstone(previous, time)
      : nextVersion({
          resource: { resourceType: 'Patient', text: text ?? '' },
          ...(previous === undefined ? {} : { previous }),
          method: 'PUT',
          now: time,
          id,
          compartments: [],
        });
  const writing = { kind: 'put' as const, next, ...(previous === undefined ? {} : { previous }) };
  expect((await store.commit([writing])).committed).toBe(true);
  putInto(indices.serving, [indexable(defaultTenant, next)]);
  if (indices.making !== undefined) putInto(indices.making, [indexable(defaultTenant, next)]);
}

const ids = Array.from({ length: 12 }, (_, n) => `p${String(n)}`);
beforeEach(async () => {
  table = memoryTable();
  time = Date.parse('2026-01-01T00:00:00Z');
  indices = { all: new Map([['i1', new Map<string, Indexable>()]]), serving: 'i1', making: undefined };
  const kept = new Map<string, string>();
  const nameOf = (key: BodyKey): string => JSON.stringify(key);
  bodies = {
    put: (key, body) => Promise.resolve(void kept.set(nameOf(key), body)),
    get: (key) => Promise.resolve(kept.get(nameOf(key))),
    delete: () => Promise.resolve(),
    // eslint-disable-next-line @typescript-eslint/require-await -- the port's shape
    list: async function* () {
      yield* [];
    },
  };
  store = createResourceStore(table, { bodies, inlineLimit: 1_000, now: () => time });
  for (const id of ids) await write(id, 'first');
  await write('p1', 'second');
  await write('p2');
});

const options = (more: Partial<ReindexOptions> = {}): ReindexOptions => ({
  table,
  bodies,
  next: nextIndex(),
  now: () => time,
  segments: 3,
  ...more,
});

/** What is shown of versions to compare them. */
const shown = (version: StoredVersion): Indexable => indexable(defaultTenant, version);

/** Fails unless the index that serves is what the store holds, alone, and nothing is kept of a reindex. */
async function expectDone(name: string, all: readonly string[] = ids): Promise<void> {
  const versions = await store.readMany(all.map((id) => ({ type: 'Patient', id })));
  const expected = new Map(versions.flatMap((found) => (found === undefined ? [] : [[keyText(found), shown(found)]])));
  expect(indices.serving).toBe(name);
  expect([...indices.all.keys()]).toEqual([name]);
  expect(new Map([...(indices.all.get(name) ?? [])].sort())).toEqual(new Map([...expected].sort()));
  expect(await table.query({ pk: '-#reindex', limit: 99 })).toEqual([]);
}

/** Something whose calls are counted, and which never answers again from one of them on. */
function dying(
  at: number,
  when: 'before' | 'after',
): Pick<ReindexOptions, 'table' | 'next'> & { readonly made: () => number } {
  let made = 0;
  const dies = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return async (...parameters: unknown[]): Promise<unknown> => {
          made += 1;
          if (made < at || (made === at && when === 'after')) {
            const answer: unknown = await Reflect.apply(member, target, parameters);
            if (made < at) return answer;
          }
          throw new Stopped();
        };
      },
    });
  return { table: dies(table), next: dies(nextIndex()), made: () => made };
}

test('the new index has the current version of everything, tombstones included, and takes the place of the old one', async () => {
  await write('large', 'x'.repeat(5_000));
  expect(await reindex(options())).toEqual({ resources: 12, deleted: 1 });
  await expectDone('i2', [...ids, 'large']);
  expect(indices.all.get('i2')?.get('Patient/large')?.resource?.['text']).toHaveLength(5_000);
  expect(await reindex(options({ segments: 1 }))).toEqual({ resources: 12, deleted: 1 });
  await expectDone('i3', [...ids, 'large']);
});

test.each(['before', 'after'] as const)(
  'killed %s any of its calls, the old index serves on, and another process goes on to the same end',
  async (when) => {
    const { table: counted, next, made } = dying(Infinity, when);
    await reindex(options({ table: counted, next }));
    const calls = made();
    expect(calls).toBeGreaterThan(15);
    for (let at = 1; at <= calls; at += 1) {
      const before = indices.serving;
      await reindex(options(dying(at, when))).catch(() => undefined);
      await write('p3', String(at)); // the index under way gets what is written meanwhile
      await write('p4', at % 2 === 0 ? String(at) : undefined);
      expect([before, `i${String(Number(before.slice(1)) + 1)}`]).toContain(indices.serving);
      expect(indices.all.get(indices.serving)?.size).toBe(ids.length);
      time += 2 * minute;
      const counts = (await continueReindex(options())) ?? (await reindex(options()));
      expect(counts.resources + counts.deleted).toBe(ids.length);
      await expectDone(indices.serving);
      expect(await continueReindex(options())).toBeUndefined();
    }
  },
);

test('what is written between any two of its calls is in the new index', async () => {
  let writes = 0;
  const watched = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return async (...parameters: unknown[]): Promise<unknown> => {
          const id = ids[(writes += 1) % ids.length] ?? '';
          await write(id, writes % 5 === 0 ? undefined : String(writes));
          const answer: unknown = await Reflect.apply(member, target, parameters);
          await write(`new-${String(writes)}`, 'new');
          return answer;
        };
      },
    });
  await reindex(options({ table: watched(table), next: watched(nextIndex()), segments: 1 }));
  await expectDone('i2', [...ids, ...Array.from({ length: writes }, (_, n) => `new-${String(n + 1)}`)]);
});

describe('one that is left under way', () => {
  beforeEach(async () => {
    const stopped = dying(15, 'after'); // some of it is done
    await expect(reindex(options(stopped))).rejects.toThrow(Stopped);
  });

  test('keeps others out while its process may be alive', async () => {
    await expect(reindex(options())).rejects.toMatchObject({ status: 409 });
    expect(await continueReindex(options())).toBeUndefined();
    time += 2 * minute;
    await reindex(options());
    await expectDone('i2');
  });

  test('is begun anew when its index was removed meanwhile: what was done is not there any more', async () => {
    time += 2 * minute;
    indices.all.delete(indices.making ?? '');
    indices.making = undefined;
    expect(await continueReindex(options())).toEqual({ resources: 11, deleted: 1 });
    await expectDone('i2');
  });

  test('is not gone on with by another program, which begins anew when it is asked to', async () => {
    time += 2 * minute;
    const next = nextIndex('others');
    expect(await continueReindex(options({ next }))).toBeUndefined();
    await reindex(options({ next }));
    await expectDone('i3');
  });
});

test('a process that comes back after another one has done it gives up, and spoils nothing', async () => {
  for (let at = 1; at < 20; at += 1) {
    const before = Number(indices.serving.slice(1));
    let made = 0;
    const pausing = new Proxy(table, {
      get(target, name) {
        const member = Reflect.get(target, name) as (...parameters: unknown[]) => Promise<unknown>;
        if (typeof member !== 'function') return member;
        return async (...parameters: unknown[]): Promise<unknown> => {
          if ((made += 1) === at) {
            time += 2 * minute;
            await reindex(options());
          }
          return Reflect.apply(member, target, parameters);
        };
      },
    });
    await reindex(options({ table: pausing })).catch((error: unknown) => {
      expect(error).toBeInstanceOf(Error);
    });
    time += 2 * minute;
    await continueReindex(options());
    expect(Number(indices.serving.slice(1))).toBeGreaterThan(before);
    await expectDone(indices.serving);
  }
});

test('an index that lacks something never serves', async () => {
  const next = { ...nextIndex(), put: () => Promise.resolve() };
  await expect(reindex(options({ next }))).rejects.toThrow('The new search index lacks resources: the old one stays');
  await expectDone('i1');
});

test('a server that ends leaves it to another one, which need not wait', async () => {
  const ending = new AbortController();
  const next = nextIndex();
  const put = (changes: readonly Indexable[]): Promise<void> => {
    ending.abort();
    return next.put(changes);
  };
  const { signal } = ending;
  await expect(reindex(options({ signal, next: { ...next, put } }))).rejects.toMatchObject({ status: 503 });
  expect(indices.serving).toBe('i1');
  expect(await continueReindex(options())).toEqual({ resources: 11, deleted: 1 });
  await expectDone('i2');
});
