import { beforeEach, describe, expect, test } from '@jest/globals';
import { unavailable } from '../../fhir/outcome.js';
import { deliverOnce } from '../../indexer/deliver-once.js';
import type { DeliverOptions } from '../../indexer/delivery-steps.js';
import { type ChangeLook, changeLook, handedChange, type HandedChange } from '../../indexer/look-at-change.js';
import type { Subscriber, Subscriptions } from '../../indexer/subscriber.js';
import { type Deliveries, deliveriesIn } from '../../persistence/deliveries.js';
import { enlistedIn } from '../../persistence/enlisted.js';
import { defaultTenant } from '../../persistence/keys.js';
import type { ResourceStore } from '../../persistence/resource-store.js';
import { createResourceStore } from '../../persistence/store.js';
import type { Table } from '../../persistence/table.js';
import { nextVersion } from '../../persistence/version.js';
import { memoryTable } from '../support/memory-table.js';

// What functions do that are handed changes by a queue, each call by itself.

let table: Table;
let store: ResourceStore;
let deliveries: Deliveries;
let look: ChangeLook;
let woken: string[];
let sent: string[];
let statuses: string[];
let answer: () => number;
let subscriber: Subscriber | 'kept' | undefined;
let fault: Error | undefined;
let delivering: DeliverOptions;
const active: Subscriber = {
  id: 's',
  tenant: defaultTenant,
  versionId: 1,
  since: '2000',
  status: 'active',
  type: 'Patient',
  handshake: { request: { endpoint: 'e', headers: [], method: 'HEAD' }, accepts: (status) => status < 300 },
  concerns: (version) => Promise.resolve(!version.body.includes('"active":false')),
  notification: ({ type, id, versionId }) =>
    Promise.resolve({ endpoint: 'e', headers: [], method: 'PUT', path: `${type}/${id}/${String(versionId)}` }),
};

beforeEach(() => {
  table = memoryTable();
  store = createResourceStore(table);
  deliveries = deliveriesIn(table);
  woken = [];
  sent = [];
  statuses = [];
  answer = () => 200;
  subscriber = active;
  fault = undefined;
  const subscriptions: Subscriptions = {
    // eslint-disable-next-line @typescript-eslint/require-await -- a generator that has all it gives
    async *all() {
      if (subscriber !== undefined && subscriber !== 'kept') yield subscriber;
    },
    read: () => Promise.resolve(subscriber),
    setStatus: (_, status, error) => Promise.resolve(void statuses.push(`${status} ${error ?? ''}`.trim())),
    async versionOf(_, { type, id, versionId }) {
      if (fault !== undefined) throw fault;
      return store.vread({ type, id }, versionId);
    },
  };
  const wake = (name: string, why: string): Promise<void> => Promise.resolve(void woken.push(`${name} ${why}`));
  look = changeLook({ subscriptions, deliveries, enlisted: enlistedIn(table), wake });
  delivering = {
    deliveries,
    subscriptions,
    attempts: 3,
    pause: 20_000,
    onProblem: () => undefined,
    send: ({ method, path = '' }) => Promise.resolve(void sent.push(`${method} ${path}`.trim())).then(() => answer()),
  };
});

const subscriptionChanged = (versionId = 1): HandedChange => ({
  tenant: defaultTenant,
  type: 'Subscription',
  id: 's',
  versionId,
  lastUpdated: '2026-01-01T00:00:00.000Z',
  deleted: false,
});
let position: string | undefined;
beforeEach(() => {
  position = undefined;
});
/** Writes a patient, and gives what the indexer hands on of it. */
async function written(id: string, isActive = true): Promise<readonly HandedChange[]> {
  const previous = await store.read({ type: 'Patient', id });
  const next = nextVersion({
    resource: { resourceType: 'Patient', active: isActive },
    method: 'PUT',
    now: Date.now(),
    id,
    compartments: [],
    ...(previous === undefined ? {} : { previous }),
  });
  await store.commit([{ kind: 'put', next, ...(previous === undefined ? {} : { previous }) }]);
  const page = await table.changes({ limit: 1000, ...(position === undefined ? {} : { after: position }) });
  position = page.at(-1)?.position ?? position;
  return page.flatMap((change) => handedChange(change) ?? []).filter(({ type }) => type === 'Patient');
}
const lookAtAll = async (changes: readonly HandedChange[]): Promise<void> => {
  for (const change of changes) await look.at(change);
};
const serve = (): Promise<number | undefined> => deliverOnce(delivering, active, Date.now() + 60_000);

describe('a change that is handed on', () => {
  test('is one for each version, told to who has asked before', async () => {
    await lookAtAll(await written('before'));
    await look.at(subscriptionChanged());
    await lookAtAll(await written('a'));
    await lookAtAll(await written('a'));
    await lookAtAll(await written('b', false));
    expect(woken).toEqual(['s version 1', 's Patient/a/1', 's Patient/a/2']);
    expect(await serve()).toBeUndefined();
    expect(sent).toEqual(['PUT Patient/a/1', 'PUT Patient/a/2']);
    expect(await deliveries.first('s', 1)).toEqual([]);
  });

  test('is looked at again after an engine did not answer, and told once', async () => {
    await look.at(subscriptionChanged());
    const changes = await written('a');
    fault = unavailable('Not now');
    await expect(lookAtAll(changes)).rejects.toThrow('Not now');
    fault = undefined;
    await lookAtAll(changes);
    await lookAtAll(changes);
    await serve();
    expect(sent).toEqual(['PUT Patient/a/1']);
  });

  test('of a Subscription that is off takes back what it was to be told; of one that failed it is kept', async () => {
    await look.at(subscriptionChanged());
    await lookAtAll(await written('a'));
    subscriber = 'kept';
    await look.at(subscriptionChanged(2));
    await lookAtAll(await written('b'));
    expect(await deliveries.first('s', 9)).toHaveLength(1);
    subscriber = undefined;
    await look.at(subscriptionChanged(3));
    expect(await deliveries.first('s', 9)).toEqual([]);
  });
});

describe('a Subscription that is served', () => {
  test('is asked first; what comes meanwhile waits', async () => {
    subscriber = { ...active, status: 'requested' };
    await look.at(subscriptionChanged());
    await lookAtAll(await written('a'));
    expect(await deliverOnce(delivering, subscriber, Date.now() + 60_000)).toBeUndefined();
    expect([sent, statuses]).toEqual([['HEAD'], ['active']]);
    expect(await deliveries.first('s', 9)).toHaveLength(1);
  });

  test('is left with what its endpoint does not take, until a later call; in the end it fails', async () => {
    await look.at(subscriptionChanged());
    await lookAtAll(await written('a'));
    answer = () => 503;
    const now = Date.now();
    const later = await serve();
    expect(later).toBeGreaterThan(now + 9_000);
    expect([sent, statuses]).toEqual([['PUT Patient/a/1'], []]);
    const second = await deliverOnce({ ...delivering, now: () => (later ?? 0) + 1 }, active, (later ?? 0) + 60_000);
    await deliverOnce({ ...delivering, now: () => (second ?? 0) + 1 }, active, (second ?? 0) + 60_000);
    expect(statuses).toEqual(['error Patient/a/_history/1 could not be told in 3 attempts: it answered 503']);
    expect(await deliveries.first('s', 9)).toHaveLength(1);
  });
});

describe('each minute', () => {
  test('what waits for nobody, or has ended, is served; what is to wait is not', async () => {
    await look.at({ ...subscriptionChanged() });
    await look.sweep(defaultTenant, Date.now());
    expect(woken).toEqual(['s version 1']);
    await lookAtAll(await written('a'));
    woken.length = 0;
    await look.sweep(defaultTenant, 120_000);
    expect(woken).toEqual(['s minute 2']);
    subscriber = { ...active, id: 'ended', end: 1_000 };
    await look.at({ ...subscriptionChanged(), id: 'ended' });
    woken.length = 0;
    await look.sweep(defaultTenant, 180_000);
    expect(woken.sort()).toEqual(['ended minute 3', 's minute 3']);
  });

  test('Subscriptions of before anybody was notified are taken up, once', async () => {
    await look.enlistAll();
    await look.enlistAll();
    expect(woken).toEqual(['s version 1']);
    await lookAtAll(await written('a'));
    expect(woken).toHaveLength(2);
  });
});
