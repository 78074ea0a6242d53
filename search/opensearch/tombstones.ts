import type { Client } from '@opensearch-project/opensearch';
import { unhurried } from './client.js';
import { indicesOf } from './create-index.js';
import { nextAlias } from './next-index.js';

/** Twice as long as a stream keeps a change (24 hours): nothing older comes any more that a tombstone keeps out. */
const kept = 48 * 60 * 60 * 1_000;

/**
 * Removes the tombstones of what was deleted so long ago; none while an index is being made beside this one, since
 * what is read for it may be older.
 * @param now milliseconds since 1970.
 * @returns how many.
 */
export async function removeOldTombstones(client: Client, alias: string, now: number): Promise<number> {
  if ((await indicesOf(client, nextAlias(alias))).length > 0) return 0;
  const query = {
    bool: {
      filter: [{ term: { deleted: true } }, { range: { lastUpdated: { lt: new Date(now - kept).toISOString() } } }],
    },
  };
  // What changes meanwhile is no old tombstone any more: left out, not an error.
  const { body } = await client.deleteByQuery({ index: alias, body: { query }, conflicts: 'proceed' }, unhurried);
  return 'deleted' in body ? body.deleted : 0;
}
