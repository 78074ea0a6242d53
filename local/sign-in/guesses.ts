import { createBuckets } from '../buckets.js';

/** How many wrong passwords may still be sent, by where they come from and for whom. */
export interface Guesses {
  /** Whether a password may be tried. */
  areLeft(from: string, name: string): boolean;
  /** Counts a wrong one. */
  wrong(from: string, name: string): void;
  /** Remembers that somebody signed in from there. */
  right(from: string, name: string): void;
}

/** So many who signed in are remembered. */
const mostKnown = 10_000;

/**
 * Counts wrong passwords: twenty from an address, fifty for a name, then one in ten seconds. Who guesses from many
 * addresses keeps nobody out who signed in from theirs before (ADR 80).
 * @param now the clock, in milliseconds since 1970.
 */
export function createGuesses(now: () => number = Date.now): Guesses {
  const [ofAddress, ofName] = [createBuckets(20, 0.1, now), createBuckets(50, 0.1, now)];
  const known = new Set<string>();
  const both = (from: string, name: string): string => JSON.stringify([from, name]);
  return {
    areLeft: (from, name) => !ofAddress.isEmpty(from) && (known.has(both(from, name)) || !ofName.isEmpty(name)),
    wrong(from, name) {
      ofAddress.take(from);
      if (!known.has(both(from, name))) ofName.take(name);
    },
    right(from, name) {
      known.delete(both(from, name)); // the last in order is the last that came
      known.add(both(from, name));
      if (known.size > mostKnown) for (const oldest of known) if (known.delete(oldest)) break;
    },
  };
}
