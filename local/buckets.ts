/** How often each of many may do something: as often as its bucket holds, which fills again with time. */
export interface Buckets {
  /** Whether the bucket of a key is empty. */
  isEmpty(key: string): boolean;
  /** Takes one out of it. @returns false when it is empty. */
  take(key: string): boolean;
}

/** So many are remembered; who is forgotten has a full bucket again. */
const mostKeys = 10_000;

/**
 * Makes buckets.
 * @param capacity how many a full one holds.
 * @param perSecond how many come back in a second.
 * @param now the clock, in milliseconds since 1970.
 */
export function createBuckets(capacity: number, perSecond: number, now: () => number = Date.now): Buckets {
  const buckets = new Map<string, { readonly held: number; readonly at: number }>();
  const heldOf = (key: string): number => {
    const known = buckets.get(key);
    return known === undefined ? capacity : Math.min(capacity, known.held + ((now() - known.at) / 1000) * perSecond);
  };
  return {
    isEmpty: (key) => heldOf(key) < 1,
    take(key) {
      const held = heldOf(key);
      if (held < 1) return false;
      buckets.delete(key); // the last in order is the last that took
      buckets.set(key, { held: held - 1, at: now() });
      if (buckets.size > mostKeys) for (const oldest of buckets.keys()) if (buckets.delete(oldest)) break;
      return true;
    },
  };
}
