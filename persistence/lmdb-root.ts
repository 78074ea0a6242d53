import { accessSync, constants, mkdirSync } from 'node:fs';
import { open, type RootDatabase } from 'lmdb';
import { commitsOf, type Room } from '../lmdb/commits.js';
import { markMade, requireIntact } from './lmdb-file.js';
import { lockFolder } from './lmdb-lock.js';
import { upgradeToHistory } from './lmdb-upgrade.js';
import { StoreError } from './store-error.js';

/** An LMDB environment that this process alone has open. `close` waits for queued writes and gives the folder free. */
export type Root = RootDatabase;

/**
 * Raise it when older programs could no longer read what this one writes, or would write what this one cannot read. 2: the
 * history index (ADR 19); 3: documents of the search index that its lists on disk lack (ADR 77).
 */
const formatVersion = 3;
const formatKey = 'format';

/**
 * How the environment of a store is opened: every commit is flushed to disk before it counts. lmdb-js compresses a value in a
 * thread beside, which takes the event loop ten times as long as to put it as it is: shorter ones, that a page holds, are
 * (docs/adr/0086-what-a-create-costs.md). Its own thread gets a batch as a whole: one that waits for the rest must be woken each time.
 */
export const environmentOptions = {
  maxDbs: 64,
  compression: { threshold: 4_000 },
  overlappingSync: false,
  eventTurnBatching: false,
  batchStartThreshold: Infinity,
  cache: false,
} as const;

/**
 * Opens the embedded store in a folder, which is made if it is not there.
 * Every commit is flushed to disk before it counts (no `overlappingSync`): what a reader saw, a power cut keeps.
 * @param room looks after the folder's disk; without it a full one is met by the write that finds it full.
 * @throws StoreError when the folder cannot be used, another process has it, or the store is damaged or newer.
 */
export function openRoot(folder: string, room?: Room): Root {
  requireWritable(folder);
  const unlock = lockFolder(folder);
  try {
    requireIntact(folder);
    const root = openEnvironment(folder, room);
    markMade(folder);
    const close = root.close.bind(root);
    root.close = async () => {
      await commitsOf(root).close();
      await close();
      unlock();
    };
    return root;
  } catch (error) {
    unlock();
    throw error;
  }
}

function requireWritable(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new StoreError(`The store's folder ${folder} cannot be written: ${reason(error)}`, { cause: error });
  }
}

function openEnvironment(folder: string, room: Room | undefined): RootDatabase {
  let root: RootDatabase;
  try {
    root = open({ path: folder, ...environmentOptions });
  } catch (error) {
    throw new StoreError(`The store in ${folder} cannot be opened: ${reason(error)}`, { cause: error });
  }
  commitsOf(root, room); // before an upgrade asks for them, which knows of no room
  try {
    requireFormat(root, folder);
  } catch (error) {
    void root.close();
    if (error instanceof StoreError) throw error;
    throw new StoreError(`The store in ${folder} is damaged: ${reason(error)}`, { cause: error });
  }
  return root;
}

/** Reads or, in an empty environment, writes the number of the format the store is kept in; brings an older store up to date. */
function requireFormat(root: RootDatabase, folder: string): void {
  const found: unknown = root.get(formatKey);
  if (found === undefined) {
    if (root.getKeysCount() > 0) throw new StoreError(`${folder} holds an LMDB database that is not this server's`);
    root.putSync(formatKey, formatVersion);
  } else if (typeof found !== 'number') {
    throw new StoreError(`The store in ${folder} is damaged: its format number cannot be read`);
  } else if (found > formatVersion) {
    throw new StoreError(
      `The store in ${folder} was written by a newer version of this server ` +
        `(format ${String(found)}, this one reads up to ${String(formatVersion)})`,
    );
  } else if (found < formatVersion) {
    if (found < 2) upgradeToHistory(root);
    root.putSync(formatKey, formatVersion);
  }
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
