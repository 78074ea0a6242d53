import type { Table } from '../../persistence/table.js';
import { gated, Stopped } from './table-calls.js';

/** Several processes on one table, whose calls happen one at a time, in an order that numbers decide. */
export interface Interleaving {
  /** The table as a process sees it: its calls wait for their turn. After `calls` of them the process ends. */
  table(calls?: number): Table;
  /** Lets the processes' calls happen until all have come to their end. */
  run(processes: readonly Promise<unknown>[]): Promise<void>;
}

/**
 * @param picks which of the waiting calls is next, one after the other and again from the start.
 */
export function interleave(table: Table, picks: readonly number[]): Interleaving {
  const waiting: (() => Promise<void>)[] = [];

  return {
    table(calls = Infinity) {
      let made = 0;
      return gated(
        table,
        (call) =>
          new Promise((resolve, reject) => {
            waiting.push(async () => {
              if ((made += 1) > calls) {
                reject(new Stopped('its process has ended'));
                return;
              }
              try {
                resolve(await call());
              } catch (error) {
                reject(error instanceof Error ? error : new Error(String(error)));
              }
            });
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
        await new Promise((resolve) => setImmediate(resolve)); // what can go on without the table goes on
        const [next] = waiting.splice((picks[turn % picks.length] ?? 0) % Math.max(1, waiting.length), 1);
        await next?.();
      }
      for (const outcome of await ended) if (outcome.status === 'rejected') throw outcome.reason;
    },
  };
}
