import type { Tenant } from '../fhir/tenant.js';
import { tenantOf } from '../persistence/keys.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { newCurrent } from '../persistence/stream.js';
import type { ItemChange } from '../persistence/table.js';

/** What subscribers are told of a new version: what names it and how it came to be, and nothing that is in it. */
export interface ResourceChange {
  /** Whose resource it is. */
  readonly tenant: Tenant;
  readonly type: string;
  readonly id: string;
  readonly versionId: number;
  readonly action: 'create' | 'update' | 'patch' | 'delete';
  /** An instant in UTC with milliseconds. */
  readonly lastUpdated: string;
  /** The compartments the version is in, as `Patient/1`; a deletion is in those of the version before. */
  readonly compartments: readonly string[];
}

function actionOf({ deleted, created, versionId, method }: Omit<StoredVersion, 'body'>): ResourceChange['action'] {
  if (deleted) return 'delete';
  if (created ?? versionId === 1) return 'create';
  return method === 'PATCH' ? 'patch' : 'update';
}

/**
 * What a change of an item means for subscribers.
 * @returns undefined for what no subscriber is told of: archived and staged versions, locks, claims, records.
 * @throws Error when the item is no version.
 */
export function resourceChange(change: ItemChange): ResourceChange | undefined {
  const version = newCurrent(change);
  if (version === undefined) return undefined;
  const { type, id, versionId, lastUpdated, compartments } = version;
  return { tenant: tenantOf(change.key.pk), type, id, versionId, action: actionOf(version), lastUpdated, compartments };
}
