import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { counted } from '../../../bench/cost/counted.js';
import type { ResourceStore, ResourceWrite, StoredVersion } from '../../../persistence/resource-store.js';
import { createResourceStore } from '../../../persistence/store.js';
import type { Table } from '../../../persistence/table.js';
import { nextVersion, tombstone } from '../../../persistence/version.js';
import { counting } from '../support/count.js';
import { localClients, newTable } from '../support/dynamodb.js';

const clients = localClients();
const counter = counting(clients.client);
let close: () => Promise<void>;
let store: ResourceStore;
let table: Table;
beforeAll(async () => {
  ({ table, close } = await newTable(clients));
  store = createResourceStore(table);
});
beforeEach(() => void counter.take());
afterAll(async () => {
  await close();
  clients.close();
});

let made = 0;
/** A new resource; with its envelope it is an item of less than 1,024 bytes, one write unit. */
function create(): ResourceWrite & { readonly kind: 'put' } {
  made += 1;
  const resource = { resourceType: 'Patient', text: 'x'.repeat(400) };
  const id = `p${String(made)}`;
  return { kind: 'put', next: nextVersion({ resource, method: 'POST', now: Date.now(), id, compartments: [] }) };
}
const update = (previous: StoredVersion): ResourceWrite => {
  const { id } = previous;
  const resource = { resourceType: 'Patient', text: 'y'.repeat(400) };
  const next = nextVersion({ resource, previous, method: 'PUT', now: Date.now(), id, compartments: [] });
  return { kind: 'put', next, previous };
};
/** A resource with as many versions, and nothing counted. */
async function stored(versions: number): Promise<StoredVersion> {
  const first = create();
  await store.commit([first]);
  const read = async (): Promise<StoredVersion> => {
    const version = await store.read(first.next);
    if (version === undefined) throw new Error('It is not there');
    return version;
  };
  for (let n = 1; n < versions; n += 1) await store.commit([update(await read())]);
  const current = await read();
  counter.take();
  return current;
}

/** A resource whose item has so many kilobytes: a little less, since it has an envelope. */
function sized(kilobytes: number, id: string, previous?: StoredVersion): ResourceWrite & { readonly kind: 'put' } {
  const resource = { resourceType: 'Device', text: 'x'.repeat(kilobytes * 1024 - 620) };
  const known = previous === undefined ? {} : { previous };
  const method = previous === undefined ? 'POST' : 'PUT';
  const next = nextVersion({ resource, ...known, method, now: Date.now(), id, compartments: [] });
  return { kind: 'put', next, ...known };
}

describe.each([1, 2, 5])('what docs/costs.md reckons with, for items of %i KB', (kilobytes) => {
  const name = (part: string): string => `${part}-${String(kilobytes)}`;
  beforeAll(async () => {
    await store.commit([sized(1, name('first'))]); // the first one of a type takes a write more
    counter.take();
  });

  test('create, read, update', async () => {
    const write = sized(kilobytes, name('one'));
    await store.commit([write]);
    expect(counter.take()).toEqual(counted.create(kilobytes));
    const current = await store.read(write.next);
    expect(counter.take()).toEqual(counted.read(kilobytes));
    if (current === undefined) throw new Error('It is not there');
    await store.read(write.next);
    await store.commit([sized(kilobytes, name('one'), current)]);
    expect(counter.take()).toEqual(counted.update(kilobytes));
  });

  test('a transaction of 40 creates, and a page of 20 of them', async () => {
    const writes = Array.from({ length: 40 }, (_, at) => sized(kilobytes, name(`many-${String(at)}`)));
    await store.commit(writes);
    // DynamoDB Local tells the units of one of them only.
    const { writeUnits } = counted.transaction(kilobytes, 1);
    expect(counter.take()).toEqual({ ...counted.transaction(kilobytes, 40), writeUnits });
    await store.readMany(writes.slice(0, 20).map(({ next: { type, id } }) => ({ type, id })));
    expect(counter.take()).toEqual(counted.page(kilobytes, 20));
  });

  test('a scan of a table of them', async () => {
    const own = await newTable(clients);
    const another = createResourceStore(own.table);
    await another.commit(Array.from({ length: 40 }, (_, at) => sized(kilobytes, name(`all-${String(at)}`))));
    counter.take();
    await own.table.scan({ segment: 0, segments: 1, limit: 200 });
    const { calls, readUnits } = counter.take();
    expect(calls).toEqual(['Scan']);
    const whole = counted.scan(kilobytes, 41).readUnits; // one more item tells the type
    expect(readUnits).toBeGreaterThan(whole * 0.7);
    expect(readUnits).toBeLessThanOrEqual(whole);
    await own.close();
  });
});

describe('calls and units of a resource of a kilobyte, the history index included', () => {
  test('read: one GetItem, one unit', async () => {
    const { type, id } = await stored(1);
    await store.read({ type, id });
    expect(counter.take()).toEqual({ calls: ['GetItem'], readUnits: 1, writeUnits: 0 });
  });

  test('vread: one GetItem of the current version, two of an older one', async () => {
    const key = await stored(2);
    await store.vread(key, 2);
    expect(counter.take().calls).toEqual(['GetItem']);
    await store.vread(key, 1);
    expect(counter.take()).toMatchObject({ calls: ['GetItem', 'GetItem'], readUnits: 2 });
  });

  test('create: one PutItem, no read', async () => {
    await store.commit([create()]);
    expect(counter.take()).toEqual({ calls: ['PutItem'], readUnits: 0, writeUnits: 2 });
  });

  test('update and delete: a read and two plain writes', async () => {
    const { type, id } = await stored(1);
    const current = await store.read({ type, id });
    if (current === undefined) throw new Error('It is not there');
    await store.commit([update(current)]);
    expect(counter.take()).toEqual({ calls: ['GetItem', 'PutItem', 'PutItem'], readUnits: 1, writeUnits: 5 });
    const second = await store.read({ type, id });
    if (second === undefined) throw new Error('It is not there');
    await store.commit([{ kind: 'put', next: tombstone(second, Date.now()), previous: second }]);
    expect(counter.take().calls).toEqual(['GetItem', 'PutItem', 'PutItem']);
  });

  test('an update that meets another one: no read more than it takes to see that it was not done before', async () => {
    const stale = await stored(1);
    await store.commit([update(stale)]);
    counter.take();
    expect((await store.commit([update(stale)])).committed).toBe(false);
    expect(counter.take().calls).toEqual(['PutItem', 'PutItem', 'GetItem']);
  });

  test('history page: a GetItem and a Query', async () => {
    const key = await stored(5);
    await store.history(key, { count: 4 });
    expect(counter.take().calls).toEqual(['GetItem', 'Query']);
  });

  test('transaction of 101 creates: 11 calls, 3 of them transactions', async () => {
    expect(await store.commit(Array.from({ length: 101 }, create))).toEqual({ committed: true });
    const { calls } = counter.take();
    expect([calls.length, calls.filter((call) => call === 'TransactWriteItems').length]).toEqual([11, 3]);
  });

  test('a page of the history of a type: a Query per shard, one for open transactions, and the versions', async () => {
    await stored(3);
    const queries = 1 + table.historyShards;
    const page = { types: ['Patient'], oldestFirst: false };
    expect((await store.historyOfTypes({ ...page, count: 3 })).versions).toHaveLength(3);
    expect(counter.take().calls).toEqual([...Array<string>(queries).fill('Query'), 'BatchGetItem']);
    expect((await store.historyOfTypes({ ...page, count: 300 })).versions.length).toBeGreaterThan(100);
    expect(counter.take().calls.filter((call) => call === 'Query')).toHaveLength(queries);
    // Of the system: the same per type in use, and one Query for the types.
    await store.historyOfTypes({ types: ['Patient', 'Observation', 'Flag'], oldestFirst: false, count: 3 });
    expect(counter.take().calls).toEqual([...Array<string>(queries + 1).fill('Query'), 'BatchGetItem']);
  });

  test('250 resources: three BatchGetItem', async () => {
    const keys = Array.from({ length: 250 }, (_, n) => ({ type: 'Patient', id: `n${String(n)}` }));
    await store.readMany([...keys, ...keys]);
    expect(counter.take().calls).toEqual(Array(3).fill('BatchGetItem'));
  });

  test('transaction of 100 creates: one TransactWriteItems', async () => {
    expect(await store.commit(Array.from({ length: 100 }, create))).toEqual({ committed: true });
    const { calls, readUnits } = counter.take();
    expect([calls, readUnits]).toEqual([['TransactWriteItems'], 0]);
  });

  test('a check alone is a read, not a transaction', async () => {
    const key = await stored(1);
    expect(await store.commit([{ kind: 'check', key, versionId: 1 }])).toEqual({ committed: true });
    expect(await store.commit([{ kind: 'check', key, versionId: 2 }])).toEqual({ committed: false, conflicts: [0] });
    expect(counter.take()).toEqual({ calls: ['GetItem', 'GetItem'], readUnits: 2, writeUnits: 0 });
  });
});
