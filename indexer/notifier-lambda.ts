import type { Context, ScheduledEvent, SQSEvent, SQSRecord } from 'aws-lambda';
import { lambdaLog, named, wordless } from '../compose/lambda-log.js';
import { type Environment, optionalUrl, required } from '../compose/lambda-settings.js';
import { subscriptionsOfAll } from '../compose/notify.js';
import { once } from '../compose/once.js';
import { openLambda } from '../compose/open-lambda.js';
import { SettingsError } from '../compose/settings-error.js';
import { deliveriesIn } from '../persistence/deliveries.js';
import { enlistedIn } from '../persistence/enlisted.js';
import { tenantsIn } from '../persistence/tenants.js';
import { deliverOnce } from './deliver-once.js';
import type { DeliverOptions } from './delivery-steps.js';
import { changeLook, type HandedChange } from './look-at-change.js';
import { openQueues } from './queue.js';
import { restHook } from './rest-hook.js';
import { type BatchAnswer, failuresAt } from './stream-event.js';

/** The Lambda function that notifies the endpoints of FHIR Subscriptions (ADR 66). */
const open = once(() => openNotifier(process.env));
// Begun while the function starts; a failure is told to the first event, which tries again.
open().catch(() => undefined);

/** What a message says: a change to look at, or a Subscription to serve. */
type Told = { readonly change: HandedChange } | { readonly subscription: string };

/** What is left of the function's time when no more is told, in milliseconds: a request under way may take ten seconds. */
const reserve = 15_000;

/** Takes messages of one of its two queues, or a minute of the schedule. @returns which messages are to come again. */
export const handler = wordless(
  async (
    event: SQSEvent | ScheduledEvent,
    context: Pick<Context, 'getRemainingTimeInMillis'>,
  ): Promise<BatchAnswer | undefined> => {
    const notifier = await open();
    if (!('Records' in event)) {
      await notifier.sweep(event);
      return undefined;
    }
    const until = Date.now() + context.getRemainingTimeInMillis() - reserve;
    const { Records: records } = event;
    for (const [at, record] of records.entries()) {
      // A queue in order: what is behind one that is to come again, comes again with it.
      if (!(await notifier.take(record, until))) return failuresAt(...records.slice(at).map((each) => each.messageId));
    }
    return failuresAt();
  },
);

interface Notifier {
  /** @returns whether the message is done with. */
  take(record: SQSRecord, until: number): Promise<boolean>;
  sweep(event: ScheduledEvent): Promise<void>;
}

async function openNotifier(environment: Environment): Promise<Notifier> {
  const queue = required(environment, 'DELIVERIES_QUEUE_URL');
  const { server, settings } = await openLambda(environment, { sealsPages: false });
  const { subscriptions: allowed, region } = settings;
  if (allowed === undefined) throw new SettingsError('SUBSCRIPTION_ENDPOINTS is not set');
  const queues = openQueues({ endpoint: optionalUrl(environment, 'SQS_ENDPOINT'), region });
  const subscriptions = subscriptionsOfAll(server, allowed);
  const deliveries = deliveriesIn(server.table);
  const delivering: DeliverOptions = {
    subscriptions,
    deliveries,
    send: restHook(allowed),
    onProblem: ({ what, subscription }) => {
      lambdaLog.error({ subscription }, `notifying: ${what}`);
    },
  };
  const look = changeLook({
    subscriptions,
    deliveries,
    enlisted: enlistedIn(server.table),
    wake: (subscription, why) =>
      queues.send(queue, [{ body: JSON.stringify({ subscription }), order: { group: subscription, why } }]),
  });

  /** Serves a Subscription; its queue has one do so at a time. */
  async function serve(name: string, { receiptHandle }: SQSRecord, until: number): Promise<boolean> {
    const subscriber = await subscriptions.read(name);
    if (subscriber === undefined || subscriber === 'kept') return true;
    const later = await deliverOnce(delivering, subscriber, until);
    if (later === undefined) return true;
    await queues.again(queue, receiptHandle, (later - Date.now()) / 1000);
    return false;
  }

  return {
    async take(record, until) {
      try {
        const told = JSON.parse(record.body) as Told;
        if ('subscription' in told) return await serve(told.subscription, record, until);
        await look.at(told.change);
        return true;
      } catch (error) {
        lambdaLog.error(named(error), 'notifying: a message is to come again');
        return false;
      }
    },
    async sweep({ time }) {
      for (const tenant of await tenantsIn(server.table)) await look.sweep(tenant, Date.now());
      if (Number(time.slice(14, 16)) % 10 === 0) await look.enlistAll();
    },
  };
}
