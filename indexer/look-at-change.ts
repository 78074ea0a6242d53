import type { Tenant } from '../fhir/tenant.js';
import { type Deliveries, type Delivery, namedSubscription } from '../persistence/deliveries.js';
import type { Enlisted, EnlistedSubscriptions } from '../persistence/enlisted.js';
import { ownName, tenantOf } from '../persistence/keys.js';
import { newCurrent } from '../persistence/stream.js';
import type { ItemChange } from '../persistence/table.js';
import { forgetDeliveries } from './delivery-steps.js';
import type { Subscriber, Subscriptions } from './subscriber.js';

/** A version that became current, as it is handed on to who looks for the Subscriptions that it concerns. */
export interface HandedChange {
  readonly tenant: Tenant;
  readonly type: string;
  readonly id: string;
  readonly versionId: number;
  readonly lastUpdated: string;
  readonly deleted: boolean;
}

/**
 * What is handed on of a change.
 * @returns undefined for what is no new version.
 * @throws Error for an item that is no version.
 */
export function handedChange(change: ItemChange): HandedChange | undefined {
  const version = newCurrent(change);
  if (version === undefined) return undefined;
  const { type, id, versionId, lastUpdated, deleted } = version;
  return { tenant: tenantOf(change.key.pk), type, id, versionId, lastUpdated, deleted };
}

/** What changes are looked at with. */
export interface LookOptions {
  readonly subscriptions: Subscriptions;
  readonly deliveries: Deliveries;
  readonly enlisted: EnlistedSubscriptions;
  /**
   * Has a Subscription served by one at a time.
   * @param why the same for the same reason: it is served once for it, if not later again.
   */
  readonly wake: (subscription: string, why: string) => Promise<void>;
}

/** Looks at changes, by many processes at the same time; those of one resource one after the other. */
export interface ChangeLook {
  /**
   * Has the Subscriptions told that a change concerns. A change of a Subscription itself counts for what is changed later.
   * @throws what says that an engine does not answer: the change is to be looked at again, which does no harm.
   */
  at(change: HandedChange): Promise<void>;
  /** Has served what waits, has ended or was never served, of a tenant: what a process that was killed left. */
  sweep(tenant: Tenant, now: number): Promise<void>;
  /** Enlists the Subscriptions that ask to be told and are not: those of before anybody was notified. */
  enlistAll(): Promise<void>;
}

/** @see ChangeLook */
export function changeLook({ subscriptions, deliveries, enlisted, wake }: LookOptions): ChangeLook {
  /** Subscribers as they were understood, by the names and versions of their Subscriptions. */
  const known = new Map<string, { readonly versionId: number; readonly subscriber: Subscriber }>();

  async function enlist(id: string, { tenant, versionId, type, since, end }: Subscriber): Promise<void> {
    await enlisted.enlist(tenant, { id, versionId, type, since, ...(end === undefined ? {} : { end }) });
  }

  async function takeUp({ tenant, id, versionId }: HandedChange): Promise<void> {
    const name = ownName(tenant, id);
    const subscriber = await subscriptions.read(name);
    if (subscriber !== undefined && subscriber !== 'kept') {
      await enlist(id, subscriber);
      await wake(name, `version ${String(versionId)}`);
      return;
    }
    await enlisted.strike(tenant, id);
    known.delete(name);
    if (subscriber === undefined) await forgetDeliveries(deliveries, name);
  }

  async function subscriberOf(tenant: Tenant, { id, versionId }: Enlisted): Promise<Subscriber | undefined> {
    const name = ownName(tenant, id);
    const before = known.get(name);
    if (before?.versionId === versionId) return before.subscriber;
    const subscriber = await subscriptions.read(name);
    if (subscriber === undefined || subscriber === 'kept') return undefined; // its own change is on its way
    known.set(name, { versionId: subscriber.versionId, subscriber });
    return subscriber;
  }

  return {
    async at(change) {
      const { tenant, type, lastUpdated } = change;
      if (type === 'Subscription') await takeUp(change);
      if (change.deleted) return;
      const asking = (await enlisted.of(tenant)).filter((one) => one.type === type && lastUpdated >= one.since);
      const version = asking.length === 0 ? undefined : await subscriptions.versionOf(tenant, change);
      if (version === undefined) return;
      const { id, versionId } = version;
      const delivery: Delivery = { type, id, versionId, lastUpdated: version.lastUpdated, tries: 0, due: 0 };
      for (const one of asking) {
        const subscriber = await subscriberOf(tenant, one);
        if (subscriber === undefined || !(await subscriber.concerns(version))) continue;
        await deliveries.add(subscriber.id, [delivery]);
        await wake(subscriber.id, `${type}/${id}/${String(versionId)}`);
      }
    },
    async sweep(tenant, now) {
      for (const { id, end = Infinity } of await enlisted.of(tenant)) {
        const name = ownName(tenant, id);
        const isDue = end <= now || (await deliveries.first(name, 1)).some(({ due }) => due <= now);
        if (isDue) await wake(name, `minute ${String(Math.floor(now / 60_000))}`);
      }
    },
    async enlistAll() {
      const there = new Map<Tenant, ReadonlySet<string>>();
      for await (const subscriber of subscriptions.all()) {
        const { tenant } = subscriber;
        const ids = there.get(tenant) ?? new Set((await enlisted.of(tenant)).map(({ id }) => id));
        there.set(tenant, ids);
        const { id } = namedSubscription(subscriber.id);
        if (ids.has(id)) continue;
        await enlist(id, subscriber);
        await wake(subscriber.id, `version ${String(subscriber.versionId)}`);
      }
    },
  };
}
