/** A loop's pause that something else may end. */
export interface InterruptibleSleep {
  /** Lasts so many milliseconds, less when it is woken, and none once the loop is over. */
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly wake: () => void;
}

/** The pause after so many failures in a row, in milliseconds: doubled each time, up to a minute. */
export const pauseAfter = (first: number, failures: number): number => Math.min(60_000, first * 2 ** failures);

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
