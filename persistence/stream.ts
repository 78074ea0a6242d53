import type { BodyStore } from './body-store.js';
import { versionOf } from './item.js';
import { currentKey } from './keys.js';
import { loadVersion } from './load-version.js';
import type { StoredVersion } from './resource-store.js';
import type { ItemChange } from './table.js';

/**
 * The version that became current by a change, a tombstone included. Where a body store is used, `loadCurrentChange`.
 * @returns undefined for what an index ignores: archived versions, claims, staged versions, removed items.
 * @throws Error when the body is kept elsewhere.
 */
export const currentChange = (change: ItemChange): StoredVersion | undefined =>
  change.key.sk === currentKey && change.after !== undefined ? versionOf(change.after) : undefined;

/**
 * The version that became current by a change, its body fetched from where it is.
 * @returns undefined for what an index ignores.
 */
export async function loadCurrentChange(change: ItemChange, bodies?: BodyStore): Promise<StoredVersion | undefined> {
  const { key, after } = change;
  return key.sk === currentKey && after !== undefined ? loadVersion(after, bodies) : undefined;
}
