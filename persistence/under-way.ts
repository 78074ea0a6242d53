import type { Table } from './table.js';

/**
 * The writes that one process has under way on a table that nobody else writes: with them the history of types is
 * complete up to now, and needs no time for what may still come (docs/adr/0061-one-writer-keeps-its-word.md).
 */
export interface UnderWay {
  /**
   * Begins a commit.
   * @param instants of its versions, in milliseconds since 1970.
   * @param now the clock.
   * @returns what ends it; undefined when a history was told to be complete already that one of the instants belongs
   * into: the commit must be decided anew.
   */
  begin(instants: readonly number[], now: number): (() => void) | undefined;
  /**
   * Up to when the history is complete, which no later commit will belie: before what is under way.
   * @param end up to when it is apart from what is under way, in milliseconds since 1970.
   */
  complete(end: number): number;
}

const ofTables = new WeakMap<Table, Map<string, UnderWay>>();

/** The writes of a tenant to a table: the same for every store of the process. */
export function underWayOf(table: Table, tenant: string): UnderWay {
  let ofTenants = ofTables.get(table);
  if (ofTenants === undefined) ofTables.set(table, (ofTenants = new Map<string, UnderWay>()));
  let found = ofTenants.get(tenant);
  if (found === undefined) ofTenants.set(tenant, (found = underWay()));
  return found;
}

function underWay(): UnderWay {
  const begun = new Set<{ readonly first: number }>();
  let told = -Infinity;
  return {
    begin(instants, now) {
      // Where the clock went back nothing could be written until it is there again.
      told = Math.min(told, now);
      const first = Math.min(...instants);
      if (first < told) return undefined;
      const commit = { first };
      begun.add(commit);
      return () => void begun.delete(commit);
    },
    complete(end) {
      const complete = [...begun].reduce((least, { first }) => Math.min(least, first - 1), end);
      told = Math.max(told, complete);
      return complete;
    },
  };
}
