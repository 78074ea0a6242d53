import { type Notifier, type NotifyOptions, notifySubscribers } from '../indexer/notify.js';
import { restHook } from '../indexer/rest-hook.js';
import type { FhirServer } from '../interactions/server.js';
import { subscriptionsOf } from '../interactions/subscriptions.js';
import { deliveriesIn } from '../persistence/deliveries.js';
import type { Table } from '../persistence/table.js';
import type { DefinitionOptions } from './serve.js';

/** What a server notifies the endpoints of Subscriptions by; undefined where nobody is notified. */
export function notifierOf(
  server: FhirServer & { readonly table: Table },
  from: Pick<NotifyOptions, 'feed' | 'isShared'>,
  { notifying = {}, onNotifying }: DefinitionOptions,
): Notifier | undefined {
  const { subscriptions } = server;
  if (subscriptions === undefined) return undefined;
  return notifySubscribers({
    ...from,
    ...notifying,
    subscriptions: subscriptionsOf(server, subscriptions),
    deliveries: deliveriesIn(server.table),
    send: restHook(subscriptions),
    onProblem: (problem) => onNotifying?.(problem),
  });
}
