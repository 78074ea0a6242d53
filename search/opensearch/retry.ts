import { setTimeout as pause } from 'node:timers/promises';

/** So often is tried what OpenSearch has no room for at the moment. */
const tries = 8;

/** Answers by which OpenSearch says that it will do later what it cannot do now. */
export const isBusy = (status: unknown): boolean => status === 429 || status === 503;

/**
 * Tries again while OpenSearch is busy, waiting longer each time: 50 ms to 3 s, half of it by chance.
 * @param attempt gives what is left to do; undefined when all is done.
 * @throws Error when something is left after eight tries, or what the attempt throws.
 */
export async function untilDone<Left>(first: Left, attempt: (left: Left) => Promise<Left | undefined>): Promise<void> {
  let left: Left | undefined = first;
  for (let i = 0; i < tries; i += 1) {
    if (i > 0) await pause(Math.min(3_000, 25 * 2 ** i) * (0.5 + Math.random() / 2));
    left = await attempt(left);
    if (left === undefined) return;
  }
  throw new Error(`OpenSearch is busy and was tried ${String(tries)} times`);
}
