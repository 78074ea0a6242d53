import type { Table } from '../../persistence/table.js';

/** The calls of the table port that a store makes. */
const calls = ['get', 'batchGet', 'query', 'queryHistory', 'write'] as const;

/** A table whose calls go through a gate: `call` does the call itself, whenever the gate wants. */
export function gated(
  table: Table,
  gate: <Result>(call: () => Promise<Result>, name: string) => Promise<Result>,
): Table {
  const through = (name: (typeof calls)[number]) => {
    const method = table[name].bind(table) as (request: unknown) => Promise<unknown>;
    return (request: unknown) => gate(() => method(request), name);
  };
  return { ...table, ...(Object.fromEntries(calls.map((name) => [name, through(name)])) as Partial<Table>) };
}

/** Any port, all of whose calls go through a gate: `call` does the call itself, whenever the gate wants. */
export const gatedPort = <Port extends object>(
  port: Port,
  gate: (call: () => Promise<unknown>) => Promise<unknown>,
): Port =>
  new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...given: unknown[]) => gate(() => Reflect.apply(member, target, given) as Promise<unknown>);
    },
  });

/** Stands for the end of a process, or a lost connection. */
export class Stopped extends Error {}

/** Where a table fails: at a call (from 1 on), before or after it is done; `dead` then never answers again. */
export interface Fault {
  readonly at: number;
  readonly when: 'before' | 'after';
  readonly dead: boolean;
}

/** A table that fails once, or from then on. `made` counts its calls. */
export function failing(table: Table, fault?: Fault): { readonly table: Table; readonly made: () => number } {
  let made = 0;
  const gate = async <Result>(call: () => Promise<Result>): Promise<Result> => {
    made += 1;
    if (fault === undefined || made < fault.at || (made > fault.at && !fault.dead)) return call();
    if (made === fault.at && fault.when === 'after') await call();
    throw new Stopped(`call ${String(made)}`);
  };
  return { table: gated(table, gate), made: () => made };
}
