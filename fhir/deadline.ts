import { AsyncLocalStorage } from 'node:async_hooks';

// Whoever asked waits for so long and no longer: what a request makes of calls ends with it.

/** The time of some work: when it is over, on the clock of `performance`. */
interface Time {
  end: number;
}

const times = new AsyncLocalStorage<Time>();

/**
 * Does work that is to end within so many milliseconds: calls of engines that it makes are given up then.
 * @param begins is called at once with what lets the time begin anew, for work that waits for its client first.
 * @returns what the work gives.
 */
export function within<Result>(milliseconds: number, work: () => Result, begins?: (anew: () => void) => void): Result {
  const time = { end: performance.now() + milliseconds };
  begins?.(() => {
    time.end = performance.now() + milliseconds;
  });
  return times.run(time, work);
}

/** Does work that nobody waits for, such as what several requests share, or what goes on beside them. */
export const withoutDeadline = <Result>(work: () => Result): Result => times.exit(work);

/** How many milliseconds the work under way has left; less than 0 when its time is over, Infinity when nobody waits. */
export function timeLeft(): number {
  const end = times.getStore()?.end;
  return end === undefined ? Infinity : end - performance.now();
}
