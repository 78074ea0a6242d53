import { AsyncLocalStorage } from 'node:async_hooks';

// Whoever asked waits for so long and no longer: what a request makes of calls ends with it.

const ends = new AsyncLocalStorage<number>();

/**
 * Does work that is to end within so many milliseconds: calls of engines that it makes are given up then.
 * @returns what the work gives.
 */
export const within = <Result>(milliseconds: number, work: () => Result): Result =>
  ends.run(performance.now() + milliseconds, work);

/** Does work that nobody waits for, such as what several requests share, or what goes on beside them. */
export const withoutDeadline = <Result>(work: () => Result): Result => ends.exit(work);

/** How many milliseconds the work under way has left; less than 0 when its time is over, Infinity when nobody waits. */
export function timeLeft(): number {
  const end = ends.getStore();
  return end === undefined ? Infinity : end - performance.now();
}
