import type { Database, RootDatabase } from 'lmdb';
import { commitsOf } from '../lmdb/commits.js';

/** How far a reader of a change feed has come, kept over restarts. */
export interface KeptPlace {
  /** The position; undefined when none was kept. */
  read(): string | undefined;
  /** Resolves once it is durable. */
  write(position: string): Promise<void>;
}

/** A place kept in an LMDB environment, in the database `name`. */
export function lmdbPlace(root: RootDatabase, name: string): KeptPlace {
  const kept: Database<string, string> = root.openDB({ name, cache: false });
  const commits = commitsOf(root);
  const collected = commits.database(kept);
  const key = 'position';
  return {
    read: () => kept.get(key),
    write: (position) =>
      commits.commitSmall(() => {
        collected.put(key, position);
      }),
  };
}
