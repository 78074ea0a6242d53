import type { Tenant } from '../fhir/tenant.js';
import { defaultTenant, tenantOf } from './keys.js';
import type { VersionKey } from './resource-store.js';
import type { Item, ItemKey, Table } from './table.js';

/*
 * What is kept of the notifications of FHIR Subscriptions:
 *
 * | Item     | Partition key               | Sort key                              | Holds                          |
 * | -------- | --------------------------- | ------------------------------------- | ------------------------------ |
 * | progress | `-#notifications`           | `progress`                            | `through`, `owner`, `until`    |
 * | delivery | `tenant#notifications#[id]` | `[lastUpdated] [type]/[id]/[version]` | what is to be told, tries, due |
 *
 * A delivery stays until its endpoint has taken it, or its subscription ends. The order of sort keys is that of changes.
 */

/** A version that a subscription is to be told of. */
export interface Delivery extends VersionKey {
  /** The instant of the version. */
  readonly lastUpdated: string;
  /** How often that was tried. */
  readonly tries: number;
  /** When it is tried again, in milliseconds since 1970. */
  readonly due: number;
}

/** How far changes were looked at, and by whom. */
export interface NotificationProgress {
  /** The instant of the last version that was looked at. */
  readonly through: string;
  /** Who looks at changes, and until when nobody else may, in milliseconds since 1970. */
  readonly owner: string;
  readonly until: number;
}

/** Whose Subscription a name means (`ownName` of keys.ts), and which. */
export function namedSubscription(name: string): { readonly tenant: Tenant; readonly id: string } {
  const mark = name.indexOf('#');
  return mark < 0 ? { tenant: defaultTenant, id: name } : { tenant: tenantOf(name), id: name.slice(mark + 1) };
}

function partition(subscription: string): string {
  const { tenant, id } = namedSubscription(subscription);
  return `${tenant}#notifications#${id}`;
}
/** How far changes were looked at is kept once: those of all tenants are one feed. */
const progressKey: ItemKey = { pk: `${defaultTenant}#notifications`, sk: 'progress' };

/** Versions of a resource in their order: so many digits have the numbers. */
const digits = 15;

const keyOf = (subscription: string, delivery: Delivery): ItemKey => ({
  pk: partition(subscription),
  sk: `${delivery.lastUpdated} ${delivery.type}/${delivery.id}/${String(delivery.versionId).padStart(digits, '0')}`,
});

/** The deliveries of all subscriptions by their names among all tenants' (`ownName` of keys.ts), and how far changes were looked at. */
export interface Deliveries {
  /** Keeps deliveries; one that is there already stays as it is. */
  add(subscription: string, deliveries: readonly Delivery[]): Promise<void>;
  /** The first deliveries of a subscription, in order. */
  first(subscription: string, limit: number): Promise<readonly Delivery[]>;
  /** Keeps how often a delivery was tried. */
  put(subscription: string, delivery: Delivery): Promise<void>;
  remove(subscription: string, delivery: Delivery): Promise<void>;
  progress(): Promise<NotificationProgress | undefined>;
  /**
   * Keeps how far changes were looked at.
   * @param before as it is known; undefined when there was none.
   * @returns whether it was still so.
   */
  keepProgress(before: NotificationProgress | undefined, next: NotificationProgress): Promise<boolean>;
}

/** Deliveries in the table of the resources. */
export function deliveriesIn(table: Pick<Table, 'get' | 'query' | 'write'>): Deliveries {
  const itemOf = (subscription: string, delivery: Delivery): Item => ({
    ...keyOf(subscription, delivery),
    ...delivery,
  });
  return {
    async add(subscription, deliveries) {
      for (const delivery of deliveries) {
        const item = itemOf(subscription, delivery);
        await table.write([{ kind: 'put', item, condition: { kind: 'absent' } }]);
      }
    },
    async first(subscription, limit) {
      return (await table.query({ pk: partition(subscription), limit })).map(deliveryOf);
    },
    async put(subscription, delivery) {
      await table.write([{ kind: 'put', item: itemOf(subscription, delivery) }]);
    },
    async remove(subscription, delivery) {
      await table.write([{ kind: 'remove', key: keyOf(subscription, delivery) }]);
    },
    async progress() {
      const item = await table.get(progressKey);
      return item && { through: text(item, 'through'), owner: text(item, 'owner'), until: count(item, 'until') };
    },
    async keepProgress(before, next) {
      const condition =
        before === undefined ? ({ kind: 'absent' } as const) : ({ kind: 'equals', attributes: { ...before } } as const);
      return (await table.write([{ kind: 'put', item: { ...progressKey, ...next }, condition }])).written;
    },
  };
}

const deliveryOf = (item: Item): Delivery => ({
  type: text(item, 'type'),
  id: text(item, 'id'),
  versionId: count(item, 'versionId'),
  lastUpdated: text(item, 'lastUpdated'),
  tries: count(item, 'tries'),
  due: count(item, 'due'),
});

function text(item: Item, name: string): string {
  const value = item[name];
  if (typeof value !== 'string') throw new Error(`The item ${item.pk} ${item.sk} has no text in its column ${name}`);
  return value;
}

function count(item: Item, name: string): number {
  const value = item[name];
  if (typeof value !== 'number') throw new Error(`The item ${item.pk} ${item.sk} has no number in its column ${name}`);
  return value;
}
