import { type DeliverOptions, deliverySteps, forgetDeliveries } from './delivery-steps.js';
import { interruptibleSleep, type InterruptibleSleep } from './interruptible-sleep.js';
import type { Subscriber } from './subscriber.js';

/** Brings deliveries to their endpoints. */
export interface Deliverer {
  /** Has a subscriber served: what it waits for is told, one after the other. */
  serve(subscriber: Subscriber): void;
  /** Ends serving a subscriber. @param forget whether its deliveries are removed. */
  drop(id: string, forget: boolean): Promise<void>;
  /** Ends after the requests under way, which are given up. */
  stop(): Promise<void>;
}

interface Served {
  subscriber: Subscriber;
  readonly pause: InterruptibleSleep;
  /** Whether something may have come since it looked. */
  isWanted: boolean;
  /** Gives up the request under way. */
  readonly ending: AbortController;
  running?: Promise<void>;
}

/**
 * Tells subscribers at least once, each of one change after the other, in their order; those of different subscribers
 * side by side. What fails is tried again with growing pauses; in the end the subscription fails, and what it was not
 * told of waits until it is requested again.
 */
export function deliverer(options: DeliverOptions): Deliverer {
  const { deliveries, onProblem } = options;
  const { step, pauseAfter } = deliverySteps(options);
  const served = new Map<string, Served>();
  const ending = new AbortController();
  const isOver = (): boolean => ending.signal.aborted;

  const isServed = (one: Served, subscriber: Subscriber): boolean =>
    !isOver() && served.get(subscriber.id) === one && one.subscriber === subscriber;

  async function run(one: Served): Promise<void> {
    for (let failures = 0; one.isWanted && isServed(one, one.subscriber);) {
      one.isWanted = false;
      const { subscriber, pause } = one;
      try {
        const more = await step({
          subscriber,
          pause,
          signal: AbortSignal.any([ending.signal, one.ending.signal]),
          isServed: () => isServed(one, subscriber),
        });
        one.isWanted = more || one.isWanted;
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
      await forgetDeliveries(deliveries, id);
    },
    async stop() {
      ending.abort();
      for (const { pause } of served.values()) pause.wake();
      await Promise.all([...served.values()].flatMap(({ running }) => running ?? []));
    },
  };
}
