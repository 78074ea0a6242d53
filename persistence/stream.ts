import { versionOf } from './item.js';
import { currentKey } from './keys.js';
import type { StoredVersion } from './resource-store.js';
import type { ItemChange } from './table.js';

/**
 * The version that became current by a change, a tombstone included.
 * @returns undefined for what an index ignores: archived versions, claims, staged versions, removed items.
 */
export const currentChange = (change: ItemChange): StoredVersion | undefined =>
  change.key.sk === currentKey && change.after !== undefined ? versionOf(change.after) : undefined;
