import { versionOf } from './item.js';
import { currentKey } from './keys.js';
import type { StoredVersion } from './resource-store.js';
import type { ItemChange } from './table.js';
import { lockOf, recordOf } from './transaction/record.js';

/**
 * The version that became current by a change, a tombstone included.
 * @returns undefined for what an index ignores: archived versions, claims, staged and locked versions, records of
 * transactions, removed items.
 */
export const currentChange = ({ key, after }: ItemChange): StoredVersion | undefined =>
  key.sk === currentKey && after !== undefined && lockOf(after) === undefined ? versionOf(after) : undefined;

/**
 * The transaction that a change committed or aborted: who reads the stream ends it (`recover` of the store), unless
 * the process that began it has done so.
 * @returns undefined for any other change.
 */
export function decidedTransaction({ after }: ItemChange): string | undefined {
  const record = recordOf(after);
  return record === undefined || record.state === 'pending' || record.ended !== undefined ? undefined : record.id;
}
