import { afterEach, describe, expect, test } from '@jest/globals';
import { handOn, type HandedOn } from '../../indexer/hand-on.js';
import { type Notifier, type NotifyOptions, notifySubscribers } from '../../indexer/notify.js';
import type { PublishedFeed } from '../../indexer/publish.js';
import type { HookRequest, SendHook } from '../../indexer/rest-hook.js';
import type { NotifyingProblem, Subscriber, Subscriptions } from '../../indexer/subscriber.js';
import { unavailable } from '../../fhir/outcome.js';
import { deliveriesIn } from '../../persistence/deliveries.js';
import type { ResourceStore } from '../../persistence/resource-store.js';
import { createResourceStore } from '../../persistence/store.js';
import type { Table } from '../../persistence/table.js';
import { nextVersion } from '../../persistence/version.js';
import { memoryTable } from '../support/memory-table.js';
import { until } from '../support/receiver.js';
import { defaultTenant } from '../../persistence/keys.js';

const running: Notifier[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((notifier) => notifier.stop()));
});

/** A table, what is written to it, and processes that notify of it, each with a reader of its own of all changes. */
function deployment() {
  const table: Table = memoryTable();
  const store: ResourceStore = createResourceStore(table);
  const feeds: HandedOn[] = [];
  const sent: string[] = [];
  const problems: NotifyingProblem[] = [];
  let position: string | undefined;
  let answer: (request: HookRequest) => number = () => 200;
  let fault: Error | undefined;

  /** Hands every process what was committed since. */
  async function stream(): Promise<void> {
    const page = await table.changes({ limit: 1000, ...(position === undefined ? {} : { after: position }) });
    position = page.at(-1)?.position ?? position;
    for (const feed of feeds) feed.take(page);
  }

  const subscriber: Subscriber = {
    id: 's',
    tenant: defaultTenant,
    versionId: 1,
    since: '2000',
    status: 'active',
    type: 'Patient',
    handshake: { request: { endpoint: 'e', headers: [], method: 'HEAD' }, accepts: () => true },
    concerns: (version) => Promise.resolve(!version.body.includes('"active":false')),
    notification: ({ type, id, versionId }) =>
      Promise.resolve({ endpoint: 'e', headers: [], method: 'PUT', path: `${type}/${id}/${String(versionId)}` }),
  };
  const statuses: string[] = [];
  const subscriptions: Subscriptions = {
    // eslint-disable-next-line @typescript-eslint/require-await -- a generator that has all it gives
    async *all() {
      yield subscriber;
    },
    read: () => Promise.resolve(subscriber),
    setStatus: (_, status, error) => {
      statuses.push(`${status} ${error ?? ''}`.trim());
      return Promise.resolve();
    },
    async versionOf(_, { type, id, versionId }) {
      if (fault !== undefined) throw fault;
      return store.vread({ type, id }, versionId);
    },
  };

  let place: string | undefined;
  /** The changes of the table, for the one process there is. */
  const feedAlone: PublishedFeed = {
    changes: (request) => table.changes(request),
    end: () => position,
    readPlace: () => place,
    writePlace: (next) => {
      place = next;
      return Promise.resolve();
    },
    onChange: () => undefined,
  };

  return {
    feedAlone,
    sent,
    statuses,
    problems,
    deliveries: deliveriesIn(table),
    answers: (next: typeof answer) => (answer = next),
    faults: (error: Error | undefined) => (fault = error),
    start: (more: Partial<NotifyOptions> = {}, name = ''): Notifier => {
      const feed = handOn('');
      feeds.push(feed);
      const send: SendHook = (request) => {
        sent.push(`${name}${request.path ?? ''}`);
        return Promise.resolve(answer(request));
      };
      const notifier = notifySubscribers({
        feed,
        subscriptions,
        deliveries: deliveriesIn(table),
        send,
        isShared: true,
        onProblem: (problem) => void problems.push(problem),
        idle: 5,
        pause: 1,
        lease: 60,
        attempts: 3,
        ...more,
      });
      running.push(notifier);
      return notifier;
    },
    write: async (id: string, active = true): Promise<void> => {
      const previous = await store.read({ type: 'Patient', id });
      const next = nextVersion({
        resource: { resourceType: 'Patient', active },
        method: 'PUT',
        now: Date.now(),
        id,
        compartments: [],
        ...(previous === undefined ? {} : { previous }),
      });
      await store.commit([{ kind: 'put', next, ...(previous === undefined ? {} : { previous }) }]);
      await stream();
    },
  };
}

describe('A notifier', () => {
  test('tells of each version that concerns a subscriber, of one resource in their order', async () => {
    const { start, write, sent, deliveries } = deployment();
    start();
    await write('a');
    await write('b', false);
    await write('a');
    await write('c');
    await until(() => sent.length >= 3);
    expect(sent).toEqual(['Patient/a/1', 'Patient/a/2', 'Patient/c/1']);
    await until(async () => (await deliveries.first('s', 1)).length === 0);
  });

  test('shares the work: one process at a time tells, and another goes on when it ends', async () => {
    const { start, write, sent } = deployment();
    const first = start({}, '1 ');
    await write('a');
    await until(() => sent.length >= 1);
    start({}, '2 ');
    await write('b');
    await until(() => sent.length >= 2);
    expect(sent).toEqual(['1 Patient/a/1', '1 Patient/b/1']);
    await first.stop();
    await write('c');
    await until(() => sent.includes('2 Patient/c/1'));
    expect(sent.filter((each) => each.startsWith('1 '))).toEqual(['1 Patient/a/1', '1 Patient/b/1']);
  });

  test('goes on with what another process was told of and could not tell', async () => {
    const { start, write, sent, answers } = deployment();
    answers(() => 500);
    const first = start({ attempts: 1000, onProblem: () => undefined }, '1 ');
    await write('a');
    await until(() => sent.length >= 1);
    await first.stop();
    answers(() => 200);
    start({}, '2 ');
    await until(() => sent.includes('2 Patient/a/1'));
  });

  test('looks at all of its feed when no process before it kept a place: one may have been killed before it could', async () => {
    const { start, write, sent, feedAlone } = deployment();
    await write('p');
    start({ isShared: false, feed: feedAlone });
    await until(() => sent.includes('Patient/p/1'));
  });

  test('waits while the store does not answer, and passes over what cannot be read', async () => {
    const { start, write, sent, faults, problems } = deployment();
    faults(unavailable('for now'));
    start();
    await write('a');
    await until(() => problems.some(({ what }) => what === 'the change feed cannot be read'));
    expect(sent).toEqual([]);
    faults(undefined);
    await until(() => sent.length >= 1);
    faults(new Error('broken'));
    await write('b');
    await until(() => problems.some(({ what }) => what === 'a change cannot be looked at'));
    faults(undefined);
    await write('c');
    await until(() => sent.length >= 2);
    expect(sent).toEqual(['Patient/a/1', 'Patient/c/1']);
  });

  test('gives up after so many attempts, says so, and keeps what could not be told', async () => {
    const { start, write, sent, answers, statuses, deliveries } = deployment();
    answers(() => 503);
    start();
    await write('a');
    await until(() => statuses.length >= 1);
    expect(sent).toEqual(['Patient/a/1', 'Patient/a/1', 'Patient/a/1']);
    expect(statuses).toEqual(['error Patient/a/_history/1 could not be told in 3 attempts: it answered 503']);
    expect(await deliveries.first('s', 9)).toMatchObject([{ id: 'a', versionId: 1, tries: 0 }]);
  });

  test('asks an endpoint never again that says it is gone', async () => {
    const { start, write, sent, answers, statuses } = deployment();
    answers(() => 410);
    start();
    await write('a');
    await until(() => statuses.length >= 1);
    expect(sent).toEqual(['Patient/a/1']);
  });
});
