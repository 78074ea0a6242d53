import { randomUUID } from 'node:crypto';
import type { Delivery, NotificationProgress } from '../persistence/deliveries.js';
import { ownName, tenantOf } from '../persistence/keys.js';
import { StoreError } from '../persistence/store-error.js';
import { newCurrent } from '../persistence/stream.js';
import type { ItemChange } from '../persistence/table.js';
import { deliverer } from './deliver.js';
import type { DeliverOptions } from './delivery-steps.js';
import { feedNews } from './feed-news.js';
import { interruptibleSleep, pauseAfter } from './interruptible-sleep.js';
import type { PublishedFeed } from './publish.js';
import type { Subscriber, Subscriptions } from './subscriber.js';

/** What a notifier is given. */
export interface NotifyOptions extends DeliverOptions {
  readonly subscriptions: Subscriptions;
  readonly feed: PublishedFeed;
  /**
   * Whether other processes read a feed of the same changes: then one of them at a time looks at changes, and how far is
   * kept in the table; otherwise the feed keeps it.
   */
  readonly isShared: boolean;
  /** How long to wait when there is nothing new, in milliseconds; 250 without it. */
  readonly idle?: number;
  /** A process that says nothing for so long was killed, in milliseconds; 15,000 without it. */
  readonly lease?: number;
}

/** A notifier that runs. */
export interface Notifier {
  /** Ends it after the changes under way, and keeps how far it came. */
  stop(): Promise<void>;
}

const pageSize = 500;
/** So much is looked at again after another process took over: clocks are apart, and streams out of step. */
const overlap = 60_000;

/**
 * Looks at every change of a feed for the Subscriptions that it concerns, and has them told: what is to be told is kept
 * before the feed's place is, so that a killed process tells it again, never not at all. Subscriptions that come, change
 * and go are changes of the same feed.
 */
export function notifySubscribers(options: NotifyOptions): Notifier {
  const { feed, subscriptions, deliveries, onProblem, isShared, now = Date.now } = options;
  const { idle = 250, pause = 1000, lease = 15_000 } = options;
  const sending = deliverer(options);
  const owner = randomUUID();
  const subscribers = new Map<string, Subscriber>();
  let stopped = false;
  const pauses = interruptibleSleep(() => stopped);
  const { sleep, wake } = pauses;
  const news = feedNews((listener) => {
    feed.onChange(listener);
  }, pauses);

  let place: string | undefined;
  let keptPlace: string | undefined;
  let keptAt = 0;
  let progress: NotificationProgress | undefined;
  let through = '';
  let isLoaded = false;

  function serve(subscriber: Subscriber): void {
    subscribers.set(subscriber.id, subscriber);
    sending.serve(subscriber);
  }

  async function reload(id: string): Promise<void> {
    const subscriber = await subscriptions.read(id);
    if (subscriber !== undefined && subscriber !== 'kept') {
      serve(subscriber);
      return;
    }
    subscribers.delete(id);
    await sending.drop(id, subscriber === undefined);
  }

  async function load(): Promise<void> {
    for await (const subscriber of subscriptions.all()) serve(subscriber);
    isLoaded = true;
  }

  /** Has the subscribers told that a change concerns. */
  async function look(change: ItemChange): Promise<void> {
    const changed = newCurrent(change);
    if (changed === undefined || (isShared && isOld(changed.lastUpdated))) return;
    const tenant = tenantOf(change.key.pk);
    if (changed.type === 'Subscription') await reload(ownName(tenant, changed.id));
    const asking = [...subscribers.values()].filter(
      (each) => each.tenant === tenant && each.type === changed.type && changed.lastUpdated >= each.since,
    );
    const version = asking.length === 0 || changed.deleted ? undefined : await subscriptions.versionOf(tenant, changed);
    if (version !== undefined) {
      const { type, id, versionId, lastUpdated } = version;
      const delivery: Delivery = { type, id, versionId, lastUpdated, tries: 0, due: 0 };
      for (const subscriber of asking) {
        if (!(await subscriber.concerns(version))) continue;
        await deliveries.add(subscriber.id, [delivery]);
        sending.serve(subscriber);
      }
    }
    if (changed.lastUpdated > through) through = changed.lastUpdated;
  }

  const isOld = (lastUpdated: string): boolean =>
    progress !== undefined && Date.parse(lastUpdated) < Date.parse(progress.through) - overlap;

  /** Has those end whose time is over. */
  function endDue(): void {
    for (const subscriber of subscribers.values()) {
      if (subscriber.end !== undefined && subscriber.end <= now()) sending.serve(subscriber);
    }
  }

  /** Keeps how far changes were looked at; where processes share the work, also that it is this one's. */
  async function keep(): Promise<void> {
    keptAt = now();
    if (!isShared) {
      if (place !== undefined && place !== keptPlace) await feed.writePlace(place);
      keptPlace = place;
      return;
    }
    if (progress?.owner !== owner) return;
    await own({ through, owner, until: now() + (stopped ? 0 : lease) });
  }

  /** @returns whether the work is this process's. */
  async function own(next: NotificationProgress): Promise<boolean> {
    const isMine = await deliveries.keepProgress(progress, next);
    progress = isMine ? next : undefined;
    return isMine;
  }

  /** Whether this process is the one that looks at changes. */
  async function isMine(): Promise<boolean> {
    if (!isShared) return true;
    if (progress?.owner === owner) return true;
    const found = await deliveries.progress();
    if (found !== undefined && found.owner !== owner && found.until > now()) return false;
    progress = found;
    through = found?.through ?? new Date(now()).toISOString();
    isLoaded = false;
    return own({ through, owner, until: now() + lease });
  }

  async function lookAt(page: readonly ItemChange[]): Promise<void> {
    for (const change of page) {
      if (stopped) return;
      try {
        await look(change);
      } catch (error) {
        if (isPassing(error)) throw error;
        onProblem({ what: 'a change cannot be looked at', error });
      }
      place = change.position;
    }
  }

  async function run(): Promise<void> {
    // Where none was kept, an earlier process may have been killed before it kept one: all the feed has is looked at.
    place = isShared ? undefined : feed.readPlace();
    keptPlace = place;
    for (let failures = 0; !stopped;) {
      try {
        if (!(await isMine())) {
          await sleep(lease / 3);
          continue;
        }
        if (!isLoaded) await load();
        if (now() - keptAt >= (isShared ? lease / 3 : 1000)) await keep();
        endDue();
        news.reading();
        const page = await feed.changes({ limit: pageSize, ...(place === undefined ? {} : { after: place }) });
        await lookAt(page);
        failures = 0;
        if (page.length === 0) await news.rest(idle);
      } catch (error) {
        const lost = error instanceof StoreError;
        if (lost) place = undefined; // what the feed still has is looked at
        onProblem({
          what: lost ? 'changes were lost: subscribers were not told of them' : 'the change feed cannot be read',
          error,
        });
        await sleep(pauseAfter(pause, failures));
        failures += 1;
      }
    }
  }

  const running = run();
  return {
    async stop() {
      stopped = true;
      wake();
      await running;
      await sending.stop();
      try {
        await keep();
      } catch (error) {
        onProblem({ what: 'how far changes were looked at cannot be kept', error });
      }
    },
  };
}

/** Whether what was thrown says that a store does not answer for now: nothing is wrong with the change. */
function isPassing(error: unknown): boolean {
  const { status } = error as { readonly status?: unknown };
  return typeof status === 'number' && status >= 500;
}
