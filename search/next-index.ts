import type { Indexable } from './search-index.js';

/** An index that is made, and the one that serves meanwhile. */
export interface NextIndexNames {
  readonly index: string;
  readonly replaces: string;
}

/**
 * How an index is made anew beside the one that serves, where several processes may write it. Every step may be done
 * again, by another process or after another start.
 */
export interface NextIndex {
  /** What the terms of its documents depend on (`termsFingerprint`). */
  readonly terms: string;
  /** Names for an index that is not there yet. */
  names(): Promise<NextIndexNames>;
  /**
   * Makes the next index if it is not there, and removes others that were begun. Resolves when every change that any
   * process puts from then on is put into it as well.
   * @returns whether it was not there.
   */
  open(names: NextIndexNames): Promise<boolean>;
  /**
   * Puts versions into the next index only. One that is older than what is there changes nothing; the same one takes its
   * place: a process of another program may have put it with other terms.
   */
  put(changes: readonly Indexable[]): Promise<void>;
  /** How many versions the next index holds, those of deleted resources included. */
  count(names: NextIndexNames): Promise<number>;
  /** Lets the next index take the place of the one that serves, which is removed. */
  serve(names: NextIndexNames): Promise<void>;
  /** Removes a next index that is not to serve. */
  abandon(names: NextIndexNames): Promise<void>;
}
