import type { Tenant } from '../fhir/tenant.js';
import type { AllowedEndpoints } from '../indexer/endpoint.js';
import { type Notifier, type NotifyOptions, notifySubscribers } from '../indexer/notify.js';
import { restHook } from '../indexer/rest-hook.js';
import type { Subscriptions } from '../indexer/subscriber.js';
import type { FhirServer } from '../interactions/server.js';
import { subscriptionsOf } from '../interactions/subscriptions.js';
import { deliveriesIn, namedSubscription } from '../persistence/deliveries.js';
import type { Table } from '../persistence/table.js';
import { tenantsIn } from '../persistence/tenants.js';
import type { DefinitionOptions } from './serve.js';

/** A version as it is served to each tenant. */
interface Servers {
  readonly table: Table;
  readonly subscriptions?: AllowedEndpoints;
  readonly ofTenant: (tenant: Tenant) => FhirServer;
}

/** What a server notifies the endpoints of Subscriptions by, those of all its tenants; undefined where nobody is notified. */
export function notifierOf(
  server: Servers,
  from: Pick<NotifyOptions, 'feed' | 'isShared'>,
  { notifying = {}, onNotifying }: DefinitionOptions,
): Notifier | undefined {
  const { subscriptions } = server;
  if (subscriptions === undefined) return undefined;
  return notifySubscribers({
    ...from,
    ...notifying,
    subscriptions: subscriptionsOfAll(server, subscriptions),
    deliveries: deliveriesIn(server.table),
    send: restHook(subscriptions),
    onProblem: (problem) => onNotifying?.(problem),
  });
}

/** The Subscriptions of all tenants, each with the rights of who wrote it. */
export function subscriptionsOfAll({ table, ofTenant }: Servers, allowed: AllowedEndpoints): Subscriptions {
  const of = (tenant: Tenant): Subscriptions => subscriptionsOf(ofTenant(tenant), allowed);
  return {
    async *all() {
      for (const tenant of await tenantsIn(table)) yield* of(tenant).all();
    },
    read: (name) => of(namedSubscription(name).tenant).read(name),
    setStatus: (subscriber, status, error) => of(subscriber.tenant).setStatus(subscriber, status, error),
    versionOf: (tenant, key) => of(tenant).versionOf(tenant, key),
  };
}
