import type { IndexingProblem } from './follow.js';
import { interruptibleSleep } from './interruptible-sleep.js';

/** A sweeper that runs. */
export interface Sweeper {
  /** Ends it after the sweep under way. */
  stop(): Promise<void>;
}

/**
 * Ends the transactions that processes have left, now and every minute.
 * @param sweep of the store.
 * @param every milliseconds between the end of a sweep and the next.
 */
export function sweepTransactions(
  sweep: () => Promise<number>,
  onProblem: (problem: IndexingProblem) => void,
  every = 60_000,
): Sweeper {
  let stopped = false;
  const { sleep, wake } = interruptibleSleep(() => stopped);
  async function run(): Promise<void> {
    while (!stopped) {
      try {
        await sweep();
      } catch (error) {
        onProblem({ what: 'a transaction cannot be ended', error });
      }
      await sleep(every);
    }
  }
  const running = run();
  return {
    async stop() {
      stopped = true;
      wake();
      await running;
    },
  };
}
