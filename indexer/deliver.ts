import type { Deliveries, Delivery } from '../persistence/deliveries.js';
import { interruptibleSleep, type InterruptibleSleep } from './interruptible-sleep.js';
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

/** Brings deliveries to their endpoints. */
export interface Deliverer {
  /** Has a subscriber served: what it waits for is told, one after the other. */
  serve(subscriber: Subscriber): void;
  /** Ends serving a subscriber. @param forget whether its deliveries are removed. */
  drop(id: string, forget: boolean): Promise<void>;
  /** Ends after the requests under way, which are given up. */
  stop(): Promise<void>;
}

const longestPause = 600_000;
const pageSize = 50;
/** An endpoint that says so is never asked again. https://www.rfc-editor.org/rfc/rfc9110#name-410-gone */
const gone = 410;

interface Served {
  subscriber: Subscriber;
  readonly pause: InterruptibleSleep;
  /** Whether something may have come since it looked. */
  isWanted: boolean;
  /** Gives up the request under way. */
  readonly ending: AbortController;
  running?: Promise<void>;
}

/** Why a request to an endpoint did not succeed; it holds nothing of what was sent or answered. */
interface Failure {
  readonly why: string;
  readonly isFinal: boolean;
}

/**
 * Tells subscribers at least once, each of one change after the other, in their order; those of different subscribers
 * side by side. What fails is tried again with growing pauses; in the end the subscription fails, and what it was not
 * told of waits until it is requested again.
 */
export function deliverer(options: DeliverOptions): Deliverer {
  const { deliveries, subscriptions, send, onProblem, now = Date.now } = options;
  const { attempts = 8, pause: firstPause = 1000 } = options;
  const served = new Map<string, Served>();
  const ending = new AbortController();
  const isOver = (): boolean => ending.signal.aborted;
  const pauseAfter = (tries: number): number =>
    Math.min(longestPause, firstPause * 2 ** tries) * (0.5 + Math.random() / 2);

  async function ask(
    one: Served,
    request: HookRequest,
    accepts: (status: number) => boolean,
  ): Promise<Failure | undefined> {
    try {
      const status = await send(request, AbortSignal.any([ending.signal, one.ending.signal]));
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
  async function shakeHands(one: Served): Promise<boolean> {
    const { subscriber, pause } = one;
    const { request, accepts } = subscriber.handshake;
    for (let tries = 0; ; tries += 1) {
      const failure = await ask(one, request, accepts);
      if (!isServed(one, subscriber)) return true;
      if (failure === undefined) {
        await subscriptions.setStatus(subscriber, 'active');
        return false;
      }
      if (failure.isFinal || tries + 1 >= Math.min(3, attempts)) {
        await fail(subscriber, `The endpoint cannot be notified: ${failure.why}`);
        return false;
      }
      await pause.sleep(pauseAfter(tries));
      if (!isServed(one, subscriber)) return true;
    }
  }

  /** @returns what is next: the delivery after it, this one again, or nothing. */
  async function tell(one: Served, delivery: Delivery): Promise<'next' | 'again' | 'nothing'> {
    const { subscriber, pause } = one;
    const { id } = subscriber;
    if (delivery.due > now()) await pause.sleep(delivery.due - now());
    if (!isServed(one, subscriber)) return 'again';
    if (delivery.due > now()) return 'again'; // something else woke it
    const request = await subscriber.notification(delivery);
    const failure = request && (await ask(one, request, (status) => status >= 200 && status < 300));
    if (failure === undefined) {
      await deliveries.remove(id, delivery);
      return 'next';
    }
    if (!isServed(one, subscriber)) return 'again';
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

  const isServed = (one: Served, subscriber: Subscriber): boolean =>
    !isOver() && served.get(subscriber.id) === one && one.subscriber === subscriber;

  /** @returns whether there may be more to do. */
  async function step(one: Served): Promise<boolean> {
    const { subscriber } = one;
    if (subscriber.end !== undefined && subscriber.end <= now()) {
      await subscriptions.setStatus(subscriber, 'off');
      return false;
    }
    if (subscriber.status === 'requested') return shakeHands(one);
    const waiting = await deliveries.first(subscriber.id, pageSize);
    for (const delivery of waiting) {
      const next = await tell(one, delivery);
      if (next !== 'next') return next === 'again';
    }
    return waiting.length > 0;
  }

  async function run(one: Served): Promise<void> {
    for (let failures = 0; one.isWanted && isServed(one, one.subscriber);) {
      one.isWanted = false;
      try {
        one.isWanted = (await step(one)) || one.isWanted;
        failures = 0;
      } catch (error) {
        one.isWanted = true;
        onProblem({ what: 'a subscriber cannot be told', error, subscription: one.subscriber.id });
        await one.pause.sleep(pauseAfter(failures));
        failures += 1;
      }
    }
    delete one.running;
  }

  return {
    serve(subscriber) {
      let one = served.get(subscriber.id);
      if (one === undefined) {
        one = { subscriber, pause: interruptibleSleep(isOver), isWanted: true, ending: new AbortController() };
        served.set(subscriber.id, one);
      } else if (one.subscriber !== subscriber) {
        one.subscriber = subscriber;
        one.pause.wake();
      }
      one.isWanted = true;
      one.running ??= run(one);
    },
    async drop(id, forget) {
      const one = served.get(id);
      served.delete(id);
      one?.pause.wake();
      one?.ending.abort();
      if (!forget) return;
      await one?.running;
      for (;;) {
        const left = await deliveries.first(id, pageSize);
        if (left.length === 0) return;
        for (const delivery of left) await deliveries.remove(id, delivery);
      }
    },
    async stop() {
      ending.abort();
      for (const { pause } of served.values()) pause.wake();
      await Promise.all([...served.values()].flatMap(({ running }) => running ?? []));
    },
  };
}
