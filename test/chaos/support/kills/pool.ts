import { isDeepStrictEqual } from 'node:util';
import { deleted, type PlannedCommit } from './planned.js';
import type { StoreState } from './store-state.js';

/**
 * The resources that one client alone writes, and each of their versions as they must be: so it is known exactly what
 * is in the store, but for the one commit whose answer did not come.
 */
export interface Pool {
  /** How many places there are; a prime number. */
  readonly size: number;
  place(at: number): { readonly type: string; readonly id: string; readonly subject: string };
  isThere(type: string, id: string): boolean;
  /** What stands in the newest version; undefined where there is none, or it is deleted. */
  label(type: string, id: string): string | undefined;
  /** By resource (`Patient/1`) the labels of its versions, the oldest first. */
  readonly versions: ReadonlyMap<string, readonly string[]>;
  /** The labels of the versions that a subscriber is to be told of. */
  readonly told: ReadonlySet<string>;
  /** Takes a commit as done. @param idOf tells the ids that the server chose, by label. */
  done(commit: PlannedCommit, idOf: (label: string) => string | undefined): void;
}

/** Makes the pool of a client. */
export function newPool(name: string): Pool {
  const size = 701;
  const versions = new Map<string, string[]>();
  const told = new Set<string>();
  const label = (type: string, id: string): string | undefined => {
    const last = versions.get(`${type}/${id}`)?.at(-1);
    return last === deleted ? undefined : last;
  };
  return {
    size,
    versions,
    told,
    place: (at) => ({
      type: at % 2 === 0 ? 'Patient' : 'Observation',
      id: `${name}-${String(at)}`,
      subject: `${name}-${String(at - (at % 2))}`,
    }),
    isThere: (type, id) => label(type, id) !== undefined,
    label,
    done({ writes }, idOf) {
      for (const { type, id, label, isTold = false } of writes) {
        if (isTold && label !== undefined) told.add(label);
        const key = `${type}/${id ?? (label === undefined ? undefined : idOf(label)) ?? `unknown ${String(label)}`}`;
        versions.set(key, [...(versions.get(key) ?? []), label ?? deleted]);
      }
    },
  };
}

/** What a subscriber must have been told of: what was deleted before it could be told is told no more. */
export const stillTold = ({ versions, told }: Pool): string[] =>
  [...versions.values()].flatMap((labels) =>
    labels.slice(labels.lastIndexOf(deleted) + 1).filter((label) => told.has(label)),
  );

/**
 * Compares what clients were told with what is in a store: every answered commit is there and whole, the others are
 * whole or not there at all, and nothing else is.
 * @param unknown the commits whose answer did not come; those that are there are taken as done.
 * @returns what is wrong, and which of the unknown ones are there.
 */
export function reconcile(
  pools: readonly Pool[],
  unknown: readonly { readonly writer: { readonly pool: Pool }; readonly commit: PlannedCommit }[],
  state: StoreState,
): { readonly wrong: readonly string[]; readonly found: ReadonlySet<PlannedCommit> } {
  const found = new Set<PlannedCommit>();
  for (const { writer, commit } of unknown) {
    const { pool } = writer;
    if (!isThere(state, pool, commit)) continue;
    pool.done(commit, (label) => state.idOf.get(label));
    found.add(commit);
  }
  const expected = new Map(pools.flatMap((pool) => [...pool.versions]));
  const wrong: string[] = [];
  for (const key of new Set([...expected.keys(), ...state.versions.keys()])) {
    const there = state.versions.get(key) ?? [];
    const numbers = there.map(({ versionId }) => versionId);
    if (
      !isDeepStrictEqual(
        numbers,
        Array.from(there.keys(), (at) => at + 1),
      )
    ) {
      wrong.push(`${key} has the versions ${numbers.join(' ')}`);
    }
    const labels = there.map(({ label }) => label);
    if (isDeepStrictEqual(labels, expected.get(key) ?? [])) continue;
    wrong.push(`${key} has ${labels.join(' ')}, not ${(expected.get(key) ?? []).join(' ')}`);
  }
  return { wrong, found };
}

/** Whether any write of a commit is there. */
function isThere(state: StoreState, pool: Pool, { writes }: PlannedCommit): boolean {
  return writes.some(({ type, id, label }) => {
    if (label !== undefined) return state.labels.has(label);
    const key = `${type}/${String(id)}`;
    return (state.versions.get(key)?.length ?? 0) > (pool.versions.get(key)?.length ?? 0);
  });
}
