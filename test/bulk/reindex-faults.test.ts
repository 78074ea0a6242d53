import { beforeEach, describe, expect, test } from '@jest/globals';
import { keyText } from '../../fhir/resource.js';
import { indexable } from '../../indexer/index-change.js';
import { createJobs } from '../../bulk/jobs.js';
import { beginReindex, workOnReindexes } from '../../bulk/outdated-index.js';
import { reindexKind } from '../../bulk/reindex-segment.js';
import type { JobSpace } from '../../bulk/work-segment.js';
import { reindexedCounts, type ReindexInput } from '../../interactions/jobs/reindex-input.js';
import { jobItems } from '../../persistence/job.js';
import type { BodyKey, BodyStore } from '../../persistence/body-store.js';
import type { ResourceStore, StoredVersion } from '../../persistence/resource-store.js';
import { createResourceStore } from '../../persistence/store.js';
import type { Table } from '../../persistence/table.js';
import { nextVersion, tombstone } from '../../persistence/version.js';
import type { NextIndex } from '../../search/next-index.js';
import type { Indexable } from '../../search/search-index.js';
import { memoryTable } from '../support/memory-table.js';
import { callerOf } from '../support/server.js';
import { gatedPort, Stopped } from '../support/table-calls.js';
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
      if (indices.serving === index) return Promise.resolve();
      if (indices.making !== index) return Promise.reject(new Error(`no index ${index}`));
      indices.serving = index;
      indices.making = undefined;
      indices.all.delete(replaces);
      return Promise.resolve();
    },
    abandon: ({ index }) => {
      if (indices.making !== index) return Promise.resolve();
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
/** A store of 12 patients, one of them deleted, and its index. */
async function fresh(): Promise<void> {
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
}
beforeEach(fresh);

/** What a process works with: its own of what a test replaces. */
interface Process {
  readonly table?: Table;
  readonly next?: NextIndex;
  readonly isShared?: boolean;
  readonly page?: number;
  readonly signal?: AbortSignal;
}

const problems: unknown[] = [];
const spaceOf = ({
  table: own = table,
  next = nextIndex(),
  isShared = true,
  page = 4,
  signal,
}: Process = {}): JobSpace => ({
  items: jobItems(own, defaultTenant),
  output: {
    create: () => Promise.reject(new Error('A reindex writes no files')),
    read: () => Promise.resolve(undefined),
    remove: () => Promise.resolve(),
  },
  kinds: {
    reindex: reindexKind({
      table: own,
      bodies,
      index: {
        put: (changes) => {
          putInto(indices.serving, changes);
          return Promise.resolve();
        },
      },
      next,
      isShared,
      page,
    }),
  },
  now: () => time,
  onProblem: (error) => void problems.push(error),
  ...(signal === undefined ? {} : { signal }),
});

/** Begins one, unless it is under way. @returns its job. */
async function begin(segments = 3, process: Process = {}): Promise<string> {
  const next = process.next ?? nextIndex();
  const { terms } = next;
  const space = spaceOf(process);
  await beginReindex({ space, terms, names: () => next.names(), segments });
  const running = (await space.items.list()).find(({ state }) => state === 'running');
  if (running === undefined) throw new Error('no reindex is under way');
  return running.id;
}

/** Works on what is under way as one process does. */
const work = (process?: Process): Promise<number> => workOnReindexes(spaceOf(process), () => false);

const stateOf = async (job: string): Promise<string | undefined> => (await spaceOf().items.read(job))?.state;
const countsOf = async (job: string): Promise<object> => reindexedCounts(await spaceOf().items.segments(job));

/** What is shown of versions to compare them. */
const shown = (version: StoredVersion): Indexable => indexable(defaultTenant, version);

/** Fails unless the index that serves is what the store holds, alone. */
async function expectDone(name: string, all: readonly string[] = ids): Promise<void> {
  const versions = await store.readMany(all.map((id) => ({ type: 'Patient', id })));
  const expected = new Map(versions.flatMap((found) => (found === undefined ? [] : [[keyText(found), shown(found)]])));
  expect(indices.serving).toBe(name);
  expect([...indices.all.keys()]).toEqual([name]);
  expect(indices.making).toBeUndefined();
  expect(new Map([...(indices.all.get(name) ?? [])].sort())).toEqual(new Map([...expected].sort()));
}

/** Something whose calls are counted, and which never answers again from one of them on. */
function dying(
  at: number,
  when: 'before' | 'after',
): Required<Pick<Process, 'table' | 'next'>> & { readonly made: () => number } {
  let made = 0;
  const dies = <Port extends object>(port: Port): Port =>
    gatedPort(port, async (call) => {
      made += 1;
      if (made < at || (made === at && when === 'after')) {
        const answer = await call();
        if (made < at) return answer;
      }
      throw new Stopped();
    });
  return { table: dies(table), next: dies(nextIndex()), made: () => made };
}

test('the new index has the current version of everything, tombstones included, and takes the place of the old one', async () => {
  await write('large', 'x'.repeat(5_000));
  const job = await begin();
  await work();
  expect([await stateOf(job), await countsOf(job)]).toEqual(['complete', { resources: 12, deleted: 1, unreadable: 0 }]);
  await expectDone('i2', [...ids, 'large']);
  expect(indices.all.get('i2')?.get('Patient/large')?.resource?.['text']).toHaveLength(5_000);
  await begin(1);
  await work();
  await expectDone('i3', [...ids, 'large']);
});

test.each(['before', 'after'] as const)(
  'killed %s any of its calls, the old index serves on, and another process goes on to the same end',
  async (when) => {
    const { table: counted, next, made } = dying(Infinity, when);
    await begin();
    await work({ table: counted, next });
    const calls = made();
    expect(calls).toBeGreaterThan(40);
    for (let at = 1; at <= calls; at += 1) {
      await fresh();
      const before = indices.serving;
      const job = await begin();
      await work(dying(at, when)).catch(() => undefined);
      await write('p3', String(at)); // the index under way gets what is written meanwhile
      await write('p4', at % 2 === 0 ? String(at) : undefined);
      expect([before, `i${String(Number(before.slice(1)) + 1)}`]).toContain(indices.serving);
      expect(indices.all.get(indices.serving)?.size).toBe(ids.length);
      for (let tries = 0; (await stateOf(job)) === 'running' && tries < 5; tries += 1) {
        time += 2 * minute;
        await work();
      }
      expect([at, await stateOf(job)]).toEqual([at, 'complete']);
      await expectDone(indices.serving);
    }
  },
);

test('what is written between any two of its calls is in the new index', async () => {
  let writes = 0;
  const watched = <Port extends object>(port: Port): Port =>
    gatedPort(port, async (call) => {
      const id = ids[(writes += 1) % ids.length] ?? '';
      await write(id, writes % 5 === 0 ? undefined : String(writes));
      const answer = await call();
      await write(`new-${String(writes)}`, 'new');
      return answer;
    });
  const job = await begin(1);
  await work({ table: watched(table), next: watched(nextIndex()), page: 500 }); // of small ones there would be no end
  expect(await stateOf(job)).toBe('complete');
  await expectDone('i2', [...ids, ...Array.from({ length: writes }, (_, n) => `new-${String(n + 1)}`)]);
});

test('cancelled between any two of its calls, nothing of the new index stays, or all of it serves', async () => {
  for (let at = 1; at < 60; at += 1) {
    const before = indices.serving;
    const job = await begin(2);
    let made = 0;
    const cancelling = <Port extends object>(port: Port): Port =>
      gatedPort(port, async (call) => {
        if ((made += 1) === at) await createJobs(spaceOf(), { onBegun: () => undefined }).cancel(job);
        return call();
      });
    await work({ table: cancelling(table), next: cancelling(nextIndex()) });
    expect(await stateOf(job)).toBe(made < at ? 'complete' : undefined);
    expect([before, `i${String(Number(before.slice(1)) + 1)}`]).toContain(indices.serving);
    await expectDone(indices.serving);
  }
});

describe('one that is left under way', () => {
  let job: string;
  beforeEach(async () => {
    job = await begin();
    await expect(work(dying(25, 'after'))).rejects.toThrow(Stopped); // some of it is done
  });

  test('has its segments to itself while its process may be alive', async () => {
    await work();
    expect(await stateOf(job)).toBe('running');
    expect(await begin()).toBe(job);
    time += 2 * minute;
    await work();
    await expectDone('i2');
  });

  test('is left alone by another program, and given up when that begins its own', async () => {
    time += 2 * minute;
    const others = { next: nextIndex('others') };
    expect(await work(others)).toBe(0);
    expect(await stateOf(job)).toBe('running');
    const own = await begin(3, others);
    expect([own === job, await stateOf(job)]).toEqual([false, 'failed']);
    await work(others);
    await expectDone(indices.serving);
  });

  test('fails where no other process could do it', async () => {
    time += 2 * minute;
    const alone = { next: nextIndex('others'), isShared: false };
    for (let tries = 0; tries < 10; tries += 1, time += 10 * minute) await work(alone);
    expect(await stateOf(job)).toBe('failed');
    await expectDone('i1');
  });

  test('fails when its index was removed meanwhile: what was done is not there any more', async () => {
    time += 2 * minute;
    indices.all.delete(indices.making ?? '');
    indices.making = undefined;
    await work();
    expect(await stateOf(job)).toBe('failed');
    await expectDone('i1');
  });
});

test('a process that comes back after another one has done it spoils nothing', async () => {
  for (let at = 1; at < 40; at += 1) {
    await fresh();
    const job = await begin();
    const before = Number(indices.serving.slice(1));
    let made = 0;
    const pausing = gatedPort(table, async (call) => {
      if ((made += 1) === at) {
        time += 2 * minute;
        await work();
      }
      return call();
    });
    await work({ table: pausing });
    time += 2 * minute;
    await work();
    expect([at, await stateOf(job)]).toEqual([at, 'complete']);
    expect(Number(indices.serving.slice(1))).toBe(before + 1);
    await expectDone(indices.serving);
  }
});

test('an index that lacks something never serves', async () => {
  const job = await begin();
  await work({ next: { ...nextIndex(), put: () => Promise.resolve() } });
  expect(await stateOf(job)).toBe('failed');
  expect(problems.map(String)).toContain('Error: The new search index lacks resources: the old one stays');
  await expectDone('i1');
});

test('a server that ends leaves it to another one, which need not wait', async () => {
  const ending = new AbortController();
  const next = nextIndex();
  const put = (changes: readonly Indexable[]): Promise<void> => {
    ending.abort();
    return next.put(changes);
  };
  const job = await begin();
  await work({ signal: ending.signal, next: { ...next, put } });
  expect([indices.serving, await stateOf(job)]).toEqual(['i1', 'running']);
  await work();
  expect(await stateOf(job)).toBe('complete');
  await expectDone('i2');
});

test('of some types, what serves has them as they are, and all else as it was', async () => {
  const space = spaceOf();
  const stale = { tenant: defaultTenant, type: 'Patient', id: 'p5', versionId: 0, lastUpdated: '', compartments: [] };
  indices.all.get('i1')?.set('Patient/p5', stale);
  const jobs = createJobs(space, { onBegun: () => undefined });
  const { principal } = callerOf('operator');
  for (const [types, isStale] of [
    [['Observation'], true],
    [['Patient'], false],
  ] as const) {
    const input: ReindexInput = { terms: 'these', types };
    const id = await jobs.begin({ kind: 'reindex', principal, request: '$reindex', input });
    await work();
    expect(await stateOf(id)).toBe('complete');
    expect(indices.all.get('i1')?.get('Patient/p5') === stale).toBe(isStale);
  }
  await expectDone('i1');
});
