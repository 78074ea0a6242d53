/** A loop's pause that something else may end. */
export interface InterruptibleSleep {
  /** Lasts so many milliseconds, less when it is woken, and none once the loop is over. */
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly wake: () => void;
}

/**
 * The pause after so many failures in a row, in milliseconds: doubled each time, up to the longest; up to half of it is
 * left out by chance, so that processes do not come back together.
 */
export const pauseAfter = (first: number, failures: number, longest = 60_000): number =>
  Math.min(longest, first * 2 ** failures) * (0.5 + Math.random() / 2);

/** The longest pause while an engine does not answer: what was written meanwhile waits no longer once it does. */
export const longestOutage = 10_000;

/**
 * The pauses of one loop.
 * @param isOver whether the loop is to end: then no pause lasts.
 */
export function interruptibleSleep(isOver: () => boolean): InterruptibleSleep {
  let wake: () => void = () => undefined;
  return {
    sleep: (milliseconds) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, isOver() ? 0 : milliseconds);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
    wake: () => {
      wake();
    },
  };
}
