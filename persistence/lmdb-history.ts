import type { Database, RootDatabase } from 'lmdb';
import { commitsOf } from '../lmdb/commits.js';
import { keyOf, lowerBound, storedKey } from './lmdb-key.js';
import type { HistoryEntry, Item, ItemChange, QueryRequest } from './table.js';

/** The history index of an embedded table. */
export interface HistoryIndex {
  /** Follows changes of items, in their commit. */
  follow(changes: readonly Pick<ItemChange, 'before' | 'after'>[]): void;
  query(request: QueryRequest): readonly HistoryEntry[];
}

/**
 * The index over the items that have `hp` and `hs`, in a database of its own. A key is `hp`, `hs`, the item's
 * partition key and its sort key with zero bytes between them; no value.
 */
export function historyIndex(root: RootDatabase, name: string): HistoryIndex {
  const entries: Database<string, Uint8Array> = root.openDB({
    name,
    keyEncoding: 'binary',
    encoding: 'string',
    cache: false,
  });
  const collected = commitsOf(root).database(entries);

  function query({ pk, from, to, descending = false, limit }: QueryRequest): readonly HistoryEntry[] {
    const low = lowerBound(pk, from);
    const high = Buffer.concat([lowerBound(pk, to).subarray(0, to === undefined ? -1 : undefined), Buffer.of(1)]);
    const found: HistoryEntry[] = [];
    for (const key of entries.getKeys({ start: descending ? high : low, reverse: descending })) {
      if (descending && Buffer.compare(key, high) >= 0) continue; // the start of a range counts, the upper bound does not
      if (found.length >= limit || Buffer.compare(key, low) < 0 || Buffer.compare(key, high) >= 0) break;
      found.push(entryOf(key));
    }
    return found;
  }

  return {
    follow(changes) {
      for (const { before, after } of changes) {
        const old = before && entryKey(before);
        const next = after && entryKey(after);
        if (old !== undefined && next !== undefined && old.equals(next)) continue;
        if (old !== undefined) collected.remove(old);
        if (next !== undefined) collected.put(next, '');
      }
    },
    query,
  };
}

/** The key of an item's entry; undefined for an item that is not in the index. */
function entryKey(item: Item): Buffer | undefined {
  const { hp, hs } = item;
  if (hp === undefined || hs === undefined) return undefined;
  if (typeof hp !== 'string' || typeof hs !== 'string' || hp === '' || hs === '' || hs.includes('\0')) {
    throw new Error('hp and hs are texts, not empty and without a zero character');
  }
  return Buffer.concat([lowerBound(hp, hs), Buffer.of(0), storedKey(item)]);
}

function entryOf(stored: Uint8Array): HistoryEntry {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  const start = bytes.indexOf(0) + 1;
  const end = bytes.indexOf(0, start);
  return { ...keyOf(bytes.subarray(end + 1)), hs: bytes.toString('utf8', start, end) };
}
