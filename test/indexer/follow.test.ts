import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { OperationOutcomeError, unavailable } from '../../fhir/outcome.js';
import { followChanges, type Follower, type FollowOptions, type IndexingProblem } from '../../indexer/follow.js';
import type { BodyStore } from '../../persistence/body-store.js';
import { lmdbTable } from '../../persistence/lmdb.js';
import type { ResourceStore, ResourceWrite } from '../../persistence/resource-store.js';
import { StoreError } from '../../persistence/store-error.js';
import { createResourceStore } from '../../persistence/store.js';
import { newCurrent } from '../../persistence/stream.js';
import type { ItemChange, Table } from '../../persistence/table.js';
import { recordItem } from '../../persistence/transaction/record.js';
import { nextVersion, tombstone } from '../../persistence/version.js';
import type { Indexable } from '../../search/search-index.js';
import { temporaryRoot } from '../persistence/temporary-root.js';
import { memoryBodies } from '../support/memory-bodies.js';
import { gated, Stopped } from '../support/table-calls.js';
import { defaultTenant } from '../../persistence/keys.js';

let table: Table;
let store: ResourceStore;
let close: () => Promise<void>;
let follower: Follower | undefined;
let problems: IndexingProblem[];
beforeEach(() => {
  const temporary = temporaryRoot();
  ({ close } = temporary);
  table = lmdbTable(temporary.root, 'r4');
  store = createResourceStore(table);
  problems = [];
});
afterEach(async () => {
  await follower?.stop();
  follower = undefined;
  await close();
});

async function put(id: string, text = 'x'): Promise<void> {
  const previous = await store.read({ type: 'Patient', id });
  const known = previous === undefined ? {} : { previous };
  const resource = { resourceType: 'Patient', text };
  const next = nextVersion({ resource, ...known, method: 'PUT', now: Date.now(), id, compartments: [] });
  await store.commit([{ kind: 'put', next, ...known }]);
}

/** An index that keeps the newest version of each resource, and what it was given; `refuse` throws for what it does not take. */
function indexOf(refuse: (version: Indexable) => void = () => undefined) {
  const held = new Map<string, number>();
  const puts: string[][] = [];
  return {
    held,
    puts,
    put: (versions: readonly Indexable[]): Promise<void> =>
      new Promise((resolve) => {
        puts.push(versions.map(({ id, versionId }) => `${id}/${String(versionId)}`));
        versions.forEach(refuse); // what it throws rejects
        for (const { id, versionId } of versions) held.set(id, Math.max(held.get(id) ?? 0, versionId));
        resolve();
      }),
  };
}
type TestIndex = ReturnType<typeof indexOf>;
const follow = (
  index: TestIndex,
  changes: Table['changes'] = (request) => table.changes(request),
  more: Pick<FollowOptions, 'bodies' | 'recover' | 'handOn'> = {},
): Follower =>
  (follower = followChanges({
    ...more,
    changes,
    index,
    onProblem: (each) => problems.push(each),
    idle: 1,
    pause: 1,
  }));
const told = (): string[] => problems.map(({ what, version }) => [what, version?.id].filter(Boolean).join(': '));

describe('an indexer', () => {
  test('ends a transaction whose process ended right after committing it, and indexes what it wrote', async () => {
    const ids = ['a', 'b', 'c', 'd'];
    const small = { ...table, maxActions: 3 };
    // Its process ends with the call after the one that committed it.
    let isCommitted = false;
    const dying = gated(small, async (call) => {
      if (isCommitted) throw new Stopped('its process has ended');
      const done = await call();
      isCommitted = (await store.read({ type: 'Patient', id: 'a' })) !== undefined;
      return done;
    });
    const writes = ids.map((id): ResourceWrite => {
      const resource = { resourceType: 'Patient' };
      return { kind: 'put', next: nextVersion({ resource, method: 'PUT', now: Date.now(), id, compartments: [] }) };
    });
    expect(await createResourceStore(dying).commit(writes)).toStrictEqual({ committed: true });
    const index = indexOf();
    const left = createResourceStore(small);
    follower = followChanges({
      changes: table.changes.bind(table),
      index,
      recover: ({ id }) => left.recover(id),
      onProblem: (each) => problems.push(each),
      idle: 1,
    });
    await follower.settled();
    expect(Object.fromEntries(index.held)).toEqual({ a: 1, b: 1, c: 1, d: 1 });
    expect([await store.sweep(), problems]).toEqual([0, []]);
  });

  test('records that come late, once more, behind newer ones, put nothing older in the place of what is newer', async () => {
    await put('a');
    await put('a', 'y');
    const all = await table.changes({ limit: 100 });
    const [first, second] = all.filter(({ key }) => key.sk === 'current');
    if (first === undefined || second === undefined) throw new Error('There are two versions');
    let isRefused = true;
    const index = indexOf(({ versionId }) => {
      if (versionId === 2 && isRefused) throw new Error('refused');
    });
    // The first page has the older version last; the second one has it once more, while the newer one is set aside.
    const pages = [[second, first], [first]];
    follow(index, () => Promise.resolve(pages.shift() ?? []));
    while (!index.puts.flat().includes('a/1')) await new Promise((resolve) => setTimeout(resolve, 1));
    isRefused = false;
    while (index.held.get('a') !== 2) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(index.puts[0]).toEqual(['a/2']);
  });

  test('brings what was committed before and after it began to the index, deletions included', async () => {
    await put('a');
    await put('b');
    const index = indexOf();
    const indexer = follow(index);
    await indexer.settled();
    expect(Object.fromEntries(index.held)).toEqual({ a: 1, b: 1 });
    const previous = await store.read({ type: 'Patient', id: 'a' });
    if (previous === undefined) throw new Error('It is not there');
    await store.commit([{ kind: 'put', next: tombstone(previous, Date.now()), previous }]);
    await indexer.settled();
    expect(Object.fromEntries(index.held)).toEqual({ a: 2, b: 1 });
  });

  test('puts current versions only, and of several at once the newest', async () => {
    for (let n = 0; n < 4; n += 1) await put('a', String(n));
    await store.commit([{ kind: 'claim', criteria: 'c', target: { type: 'Patient', id: 'a' } }]);
    const index = indexOf();
    await follow(index).settled();
    expect(index.puts).toEqual([['a/4']]);
  });

  test('hands on every change once it is in the index, also those of versions that are no longer current', async () => {
    const index = indexOf();
    const handedOn: string[] = [];
    follow(index, undefined, {
      handOn(page) {
        for (const change of page) {
          const version = newCurrent(change);
          if (version === undefined) continue;
          expect(index.held.get(version.id)).toBeGreaterThanOrEqual(version.versionId);
          handedOn.push(`${version.id}/${String(version.versionId)}`);
        }
      },
    });
    for (const id of ['a', 'b', 'a', 'a']) await put(id);
    await follower?.settled();
    expect(handedOn).toEqual(['a/1', 'b/1', 'a/2', 'a/3']);
  });

  test('begins anew after a restart: what is indexed is put again', async () => {
    await put('a');
    const index = indexOf();
    await follow(index).settled();
    await follower?.stop();
    await follow(index).settled();
    expect(index.puts).toEqual([['a/1'], ['a/1']]);
  });

  test('waits while the index does not answer, and loses nothing', async () => {
    let away = 5;
    const index = indexOf(() => {
      if ((away -= 1) >= 0) throw unavailable('away');
    });
    for (const id of ['a', 'b', 'c']) await put(id);
    await follow(index).settled();
    expect(Object.fromEntries(index.held)).toEqual({ a: 1, b: 1, c: 1 });
    expect(new Set(told())).toEqual(new Set(['the index takes nothing']));
    expect(index.puts.every((each) => each.length === 3)).toBe(true);
  });

  test.each([
    ['ConnectionError', Object.assign(new Error(), { name: 'ConnectionError' })],
    ['429', Object.assign(new Error(), { statusCode: 429 })],
    ['500', new OperationOutcomeError(500, [])],
  ])('takes %s for an index that does not answer', async (_, error) => {
    let away = 2;
    const index = indexOf(() => {
      if ((away -= 1) >= 0) throw error;
    });
    await put('a');
    await follow(index).settled();
    expect(told()).toEqual(Array(2).fill('the index takes nothing'));
  });

  test('sets a version aside that the index refuses: all others go in, and it does once it is taken', async () => {
    let poisoned = true;
    const index = indexOf(({ id }) => {
      if (poisoned && id === 'n5') throw new Error('refused');
    });
    for (let n = 0; n < 9; n += 1) await put(`n${String(n)}`);
    const indexer = follow(index);
    await indexer.settled();
    await put('after');
    await indexer.settled();
    expect([...index.held.keys()].toSorted()).toEqual(['after', 'n0', 'n1', 'n2', 'n3', 'n4', 'n6', 'n7', 'n8']);
    expect(new Set(told())).toEqual(new Set(['a version cannot be indexed: n5']));
    poisoned = false;
    while (!index.held.has('n5')) await indexer.settled();
  });

  test('forgets what was set aside once a newer version is in the index', async () => {
    const index = indexOf(({ versionId }) => {
      if (versionId === 1) throw new Error('refused');
    });
    await put('a');
    const indexer = follow(index);
    await indexer.settled();
    await put('a');
    await indexer.settled();
    await indexer.settled();
    const tried = index.puts.length;
    for (let n = 0; n < 20; n += 1) await indexer.settled();
    expect(index.puts.slice(tried)).toEqual([]);
    expect(index.held.get('a')).toBe(2);
  });

  test('passes over an item that is no version, and says so', async () => {
    await table.write([{ kind: 'put', item: { pk: '-#Patient#odd', sk: 'current', versionId: 'one' } }]);
    await put('a');
    const index = indexOf();
    await follow(index).settled();
    expect(Object.fromEntries(index.held)).toEqual({ a: 1 });
    expect(told()).toEqual(['a change cannot be read']);
  });

  test('goes on when the feed fails; when changes were lost, it says so and indexes what is left', async () => {
    await put('a');
    const failures = [new Error('cut off'), new StoreError('trimmed')];
    const index = indexOf();
    const changes = (request: Parameters<Table['changes']>[0]): Promise<readonly ItemChange[]> => {
      const failure = failures.shift();
      return failure === undefined ? table.changes(request) : Promise.reject(failure);
    };
    await follow(index, changes).settled();
    expect(Object.fromEntries(index.held)).toEqual({ a: 1 });
    expect(told()).toEqual(['the change feed cannot be read', 'changes were lost: the index must be rebuilt']);
  });

  test('fetches the bodies that are kept elsewhere, and reads the page again while they cannot be had', async () => {
    const kept = memoryBodies();
    store = createResourceStore(table, { bodies: kept, inlineLimit: 100 });
    await put('large', 'x'.repeat(200));
    await put('small');
    let away = 3;
    const bodies: BodyStore = {
      ...kept,
      get: (key) => ((away -= 1) >= 0 ? Promise.reject(unavailable('away')) : kept.get(key)),
    };
    const index = indexOf();
    follow(index, undefined, { bodies });
    await follower?.settled();
    expect(Object.fromEntries(index.held)).toEqual({ large: 1, small: 1 });
    expect(told()).toEqual(Array(3).fill('the change feed cannot be read'));
  });

  test('ends the transactions of several steps that were decided, and brings what they wrote', async () => {
    const small = { ...table, maxActions: 3 };
    let fatal = Infinity;
    const killed = createResourceStore({
      ...small,
      write: (actions) => ((fatal -= 1) < 0 ? Promise.reject(new Error('killed')) : small.write(actions)),
    });
    const next = (id: string) =>
      nextVersion({ resource: { resourceType: 'Patient' }, method: 'PUT', now: Date.now(), id, compartments: [] });
    const writes = () => ['a', 'b', 'c', 'd'].map((id) => ({ kind: 'put' as const, next: next(id) }));
    const index = indexOf();
    const healthy = createResourceStore(small);
    follow(index, undefined, { recover: ({ id }) => healthy.recover(id) });
    const later = createResourceStore(small, { now: () => Date.now() + 1e7 });
    for (let calls = 0; !index.held.has('a'); calls += 1) {
      fatal = calls; // one call later each time, until the kill comes behind the decision
      await killed.commit(writes()).catch(() => undefined);
      for (let n = 0; n < 5; n += 1) await follower?.settled();
      if (index.held.has('a')) break;
      await later.sweep(); // undoes what was not decided
      expect(await later.read({ type: 'Patient', id: 'a' })).toBeUndefined();
    }
    await follower?.settled();
    expect(Object.fromEntries(index.held)).toEqual({ a: 1, b: 1, c: 1, d: 1 });
    expect(problems).toEqual([]);
  });

  test('tries again to end a transaction that the database did not answer for', async () => {
    const started = new Date().toISOString();
    const item = recordItem(defaultTenant, { id: 't', state: 'committed', expires: 1, chunks: 1, started });
    await table.write([{ kind: 'put', item }]);
    await put('a');
    let tries = 0;
    const recover = (): Promise<void> => {
      tries += 1;
      return tries < 3 ? Promise.reject(unavailable('DynamoDB does not answer')) : Promise.resolve();
    };
    const index = indexOf();
    follow(index, undefined, { recover });
    await follower?.settled();
    expect([tries, told().length, index.held.get('a')]).toEqual([3, 2, 1]);
  });

  test('leaves a transaction that cannot be ended to the sweeper, and goes on', async () => {
    const started = new Date().toISOString();
    const item = recordItem(defaultTenant, { id: 't', state: 'committed', expires: 1, chunks: 1, started });
    await table.write([{ kind: 'put', item }]);
    await put('a');
    const index = indexOf();
    follow(index, undefined, { recover: () => Promise.reject(new Error('away')) });
    await follower?.settled();
    expect(told()).toEqual(['a transaction cannot be ended']);
    expect(index.held.get('a')).toBe(1);
  });
});
