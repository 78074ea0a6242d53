import type { Tenant } from '../fhir/tenant.js';
import type { Delivery } from '../persistence/deliveries.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import type { HookRequest } from './rest-hook.js';

/** A FHIR Subscription that asks to be told of changes, as it is understood. */
export interface Subscriber {
  /** Its name among those of all tenants: `ownName` of persistence/keys.ts. */
  readonly id: string;
  /** Whose it is: it is told of changes of this tenant's only. */
  readonly tenant: Tenant;
  /** The version of the Subscription this is read from. */
  readonly versionId: number;
  /** Since when it has been requested or active: what was changed before is not told. */
  readonly since: string;
  readonly status: 'requested' | 'active';
  /** The type of the resources it is told of. */
  readonly type: string;
  /** When it ends, in milliseconds since 1970; never without it. */
  readonly end?: number;
  /** Asks the endpoint whether it is there, and whether a status says so. */
  readonly handshake: { readonly request: HookRequest; readonly accepts: (status: number) => boolean };
  /** Whether a version is one that it is told of: it matches the criteria, and its author may see it. */
  concerns(version: StoredVersion): Promise<boolean>;
  /** The notification of a version; undefined when it is not to be told any more. */
  notification(delivery: Delivery): Promise<HookRequest | undefined>;
}

/** The Subscriptions of all tenants of a server, by their names (`ownName` of persistence/keys.ts). */
export interface Subscriptions {
  /** All that are requested or active. */
  all(): AsyncIterable<Subscriber>;
  /** One; `kept` when it failed and its deliveries wait for it to be requested again, undefined when it is off or gone. */
  read(id: string): Promise<Subscriber | 'kept' | undefined>;
  /** Says what became of a Subscription, unless it was changed since it was read. */
  setStatus(subscriber: Subscriber, status: 'active' | 'error' | 'off', error?: string): Promise<void>;
  /** The version of a change; undefined when it is gone or a deletion. */
  versionOf(tenant: Tenant, key: Pick<StoredVersion, 'type' | 'id' | 'versionId'>): Promise<StoredVersion | undefined>;
}

/** What notifying met; never what is in a resource. */
export interface NotifyingProblem {
  readonly what:
    | 'the change feed cannot be read'
    | 'changes were lost: subscribers were not told of them'
    | 'a change cannot be looked at'
    | 'how far changes were looked at cannot be kept'
    | 'a subscriber cannot be told'
    | 'a subscription failed';
  readonly error: unknown;
  readonly subscription?: string;
}
