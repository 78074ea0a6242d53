import type { Tenant } from '../fhir/tenant.js';
import type { BodyStore } from './body-store.js';
import { versionOf } from './item.js';
import { isCurrent, tenantOf } from './keys.js';
import { loadVersion } from './load-version.js';
import type { StoredVersion } from './resource-store.js';
import type { Item, ItemChange } from './table.js';
import { lockOf, recordOf } from './transaction/record.js';

/**
 * The version that became current by a change, a tombstone included. Where a body store is used, `loadCurrentChange`.
 * @returns undefined for what an index ignores: archived versions, claims, staged and locked versions, records of
 * transactions, removed items.
 * @throws Error when the body is kept elsewhere.
 */
export const currentChange = (change: ItemChange): StoredVersion | undefined => {
  const item = currentItem(change);
  return item === undefined ? undefined : versionOf(item);
};

/**
 * The version that became current by a change, its body fetched from where it is.
 * @returns undefined for what an index ignores.
 */
export async function loadCurrentChange(change: ItemChange, bodies?: BodyStore): Promise<StoredVersion | undefined> {
  const item = currentItem(change);
  return item === undefined ? undefined : loadVersion(item, bodies);
}

/**
 * The version that became current by a change, without its body: what can be told of it wherever the body is.
 * @returns undefined for all else, also when the version was current before: only its lock came or went.
 * @throws Error when the item is no version.
 */
export function newCurrent(change: ItemChange): Omit<StoredVersion, 'body'> | undefined {
  const item = currentItem(change);
  if (item === undefined || item['versionId'] === change.before?.['versionId']) return undefined;
  return versionOf({ ...item, body: '' });
}

const currentItem = ({ key, after }: ItemChange): Item | undefined =>
  isCurrent(key) && lockOf(after) === undefined ? after : undefined;

/** A transaction, and whose. */
export interface DecidedTransaction {
  readonly tenant: Tenant;
  readonly id: string;
}

/**
 * The transaction that a change committed or aborted: who reads the stream ends it (`recover` of its tenant's store),
 * unless the process that began it has done so.
 * @returns undefined for any other change.
 */
export function decidedTransaction({ key, after }: ItemChange): DecidedTransaction | undefined {
  const record = recordOf(after);
  if (record === undefined || record.state === 'pending' || record.ended !== undefined) return undefined;
  return { tenant: tenantOf(key.pk), id: record.id };
}
