import type { Deliveries, Delivery } from '../persistence/deliveries.js';
import { type InterruptibleSleep, pauseAfter as pauseOf } from './interruptible-sleep.js';
import type { HookRequest, SendHook } from './rest-hook.js';
import type { NotifyingProblem, Subscriber, Subscriptions } from './subscriber.js';

/** How deliveries are tried. */
export interface DeliverOptions {
  readonly deliveries: Deliveries;
  readonly subscriptions: Pick<Subscriptions, 'setStatus'>;
  readonly send: SendHook;
  readonly onProblem: (problem: NotifyingProblem) => void;
  /** How often a delivery is tried before its subscription fails; 8 without it. */
  readonly attempts?: number;
  /** The first pause after a failure, doubled each time up to ten minutes, in milliseconds; 1,000 without it. */
  readonly pause?: number;
  /** The clock, in milliseconds since 1970. */
  readonly now?: () => number;
}

/** A subscriber that is served: asked and told one thing after the other. */
export interface Serving {
  readonly subscriber: Subscriber;
  readonly pause: Pick<InterruptibleSleep, 'sleep'>;
  /** Gives up the request under way. */
  readonly signal: AbortSignal;
  /** False when somebody else serves it, it was changed, or the process ends. */
  isServed(): boolean;
}

const longestPause = 600_000;
const pageSize = 50;
/** An endpoint that says so is never asked again. https://www.rfc-editor.org/rfc/rfc9110#name-410-gone */
const gone = 410;

/** Why a request to an endpoint did not succeed; it holds nothing of what was sent or answered. */
interface Failure {
  readonly why: string;
  readonly isFinal: boolean;
}

/** What is done for a subscriber, step by step. */
export interface DeliverySteps {
  /** Shakes hands, tells what waits, or ends it. @returns whether there may be more to do. */
  readonly step: (serving: Serving) => Promise<boolean>;
  /** How long to wait after so many failures, in milliseconds. */
  readonly pauseAfter: (tries: number) => number;
}

/** The steps by which subscribers are told at least once, each of one change after the other, in their order. */
export function deliverySteps(options: DeliverOptions): DeliverySteps {
  const { deliveries, subscriptions, send, onProblem, now = Date.now } = options;
  const { attempts = 8, pause: firstPause = 1000 } = options;
  const pauseAfter = (tries: number): number => pauseOf(firstPause, tries, longestPause);

  async function ask(
    { signal }: Serving,
    request: HookRequest,
    accepts: (status: number) => boolean,
  ): Promise<Failure | undefined> {
    try {
      const status = await send(request, signal);
      return accepts(status) ? undefined : { why: `it answered ${String(status)}`, isFinal: status === gone };
    } catch (error) {
      const { name, code, message } = error as Error & { readonly code?: string };
      if (name === 'EndpointRefused') return { why: message, isFinal: true };
      return { why: `it did not answer (${code ?? name})`, isFinal: false };
    }
  }

  async function fail(subscriber: Subscriber, error: string): Promise<void> {
    onProblem({ what: 'a subscription failed', error: new Error(error), subscription: subscriber.id });
    await subscriptions.setStatus(subscriber, 'error', error);
  }

  /** @returns whether there may be more to do. */
  async function shakeHands(serving: Serving): Promise<boolean> {
    const { subscriber, pause } = serving;
    const { request, accepts } = subscriber.handshake;
    for (let tries = 0; ; tries += 1) {
      const failure = await ask(serving, request, accepts);
      if (!serving.isServed()) return true;
      if (failure === undefined) {
        await subscriptions.setStatus(subscriber, 'active');
        return false;
      }
      if (failure.isFinal || tries + 1 >= Math.min(3, attempts)) {
        await fail(subscriber, `The endpoint cannot be notified: ${failure.why}`);
        return false;
      }
      await pause.sleep(pauseAfter(tries));
      if (!serving.isServed()) return true;
    }
  }

  /** @returns what is next: the delivery after it, this one again, or nothing. */
  async function tell(serving: Serving, delivery: Delivery): Promise<'next' | 'again' | 'nothing'> {
    const { subscriber, pause } = serving;
    const { id } = subscriber;
    if (delivery.due > now()) await pause.sleep(delivery.due - now());
    if (!serving.isServed()) return 'again';
    if (delivery.due > now()) return 'again'; // something else woke it
    const request = await subscriber.notification(delivery);
    const failure = request && (await ask(serving, request, (status) => status >= 200 && status < 300));
    if (failure === undefined) {
      await deliveries.remove(id, delivery);
      return 'next';
    }
    if (!serving.isServed()) return 'again';
    const tries = delivery.tries + 1;
    if (!failure.isFinal && tries < attempts) {
      await deliveries.put(id, { ...delivery, tries, due: now() + pauseAfter(tries - 1) });
      return 'again';
    }
    await deliveries.put(id, { ...delivery, tries: 0, due: 0 });
    const version = `${delivery.type}/${delivery.id}/_history/${String(delivery.versionId)}`;
    await fail(subscriber, `${version} could not be told in ${String(tries)} attempts: ${failure.why}`);
    return 'nothing';
  }

  return {
    pauseAfter,
    async step(serving) {
      const { subscriber } = serving;
      if (subscriber.end !== undefined && subscriber.end <= now()) {
        await subscriptions.setStatus(subscriber, 'off');
        return false;
      }
      if (subscriber.status === 'requested') return shakeHands(serving);
      const waiting = await deliveries.first(subscriber.id, pageSize);
      for (const delivery of waiting) {
        const next = await tell(serving, delivery);
        if (next !== 'next') return next === 'again';
      }
      return waiting.length > 0;
    },
  };
}

/** Removes what a subscriber was to be told. */
export async function forgetDeliveries(deliveries: Deliveries, id: string): Promise<void> {
  for (;;) {
    const left = await deliveries.first(id, pageSize);
    if (left.length === 0) return;
    for (const delivery of left) await deliveries.remove(id, delivery);
  }
}
