import { setTimeout } from 'node:timers/promises';
import { type DeliverOptions, deliverySteps } from './delivery-steps.js';
import type { Subscriber } from './subscriber.js';

/** So long a pause is waited for, in milliseconds; for a longer one somebody comes again. */
const shortPause = 5_000;

/**
 * Tells a subscriber what waits for it, as far as there is time: nobody else may do so meanwhile.
 * @param until when its time is over, in milliseconds since 1970.
 * @returns when to come again, in milliseconds since 1970; undefined when nothing waits any more.
 * @throws what says that an engine does not answer: to be done again.
 */
export async function deliverOnce(
  options: DeliverOptions,
  subscriber: Subscriber,
  until: number,
): Promise<number | undefined> {
  const { now = Date.now } = options;
  const { step } = deliverySteps(options);
  const signal = AbortSignal.timeout(Math.max(1, until - now()));
  let later: number | undefined;
  const isServed = (): boolean => later === undefined && !signal.aborted;
  async function sleep(milliseconds: number): Promise<void> {
    if (milliseconds <= shortPause && now() + milliseconds < until) await setTimeout(milliseconds);
    else later = now() + milliseconds;
  }
  for (let more = true; more;) {
    more = await step({ subscriber, pause: { sleep }, signal, isServed });
    if (more && !isServed()) return later ?? now();
  }
  return undefined;
}
