import type { Table } from '../../persistence/table.js';
import { gated, Stopped } from './table-calls.js';

/** Several processes on one table, whose calls happen one at a time, in an order that numbers decide. */
export interface Interleaving {
  /** The table as a process sees it: its calls wait for their turn. After `calls` of them the process ends. */
  readonly table: (process: number, calls?: number) => Table;
  /** Lets the processes' calls happen until all have come to their end. */
  readonly run: (processes: readonly Promise<unknown>[]) => Promise<void>;
}

/** Which of the waiting processes is next, and for how many of its calls. */
export interface Pick {
  readonly process: number;
  readonly calls: number;
}

interface Waiting {
  readonly process: number;
  readonly call: () => Promise<void>;
}

/**
 * @param picks one after the other, and again from the start.
 */
export function interleave(table: Table, picks: readonly Pick[]): Interleaving {
  const waiting: Waiting[] = [];

  return {
    table(process, calls = Infinity) {
      let made = 0;
      return gated(
        table,
        (call) =>
          new Promise((resolve, reject) => {
            const happen = async (): Promise<void> => {
              if ((made += 1) > calls) {
                reject(new Stopped('its process has ended'));
                return;
              }
              try {
                resolve(await call());
              } catch (error) {
                reject(error instanceof Error ? error : new Error(String(error)));
              }
            };
            waiting.push({ process, call: happen });
          }),
      );
    },
    async run(processes) {
      let live = processes.length;
      const ended = Promise.allSettled(
        processes.map((process) =>
          process.finally(() => {
            live -= 1;
          }),
        ),
      );
      for (let turn = 0; live > 0; turn += 1) {
        const pick = picks[turn % picks.length] ?? { process: 0, calls: 1 };
        let chosen: number | undefined;
        for (let call = 0; call < pick.calls; call += 1) {
          await new Promise((resolve) => setImmediate(resolve)); // what can go on without the table goes on
          chosen ??= waiting[pick.process % Math.max(1, waiting.length)]?.process;
          const place = waiting.findIndex(({ process }) => process === chosen);
          if (place < 0) break;
          await waiting.splice(place, 1)[0]?.call();
        }
      }
      for (const outcome of await ended) if (outcome.status === 'rejected') throw outcome.reason;
    },
  };
}
