import { parseJson } from '../fhir/json.js';
import type { Resource } from '../fhir/resource.js';
import type { Tenant } from '../fhir/tenant.js';
import { tenantOf } from '../persistence/keys.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import type { Item } from '../persistence/table.js';
import { UnreadableVersion } from '../persistence/unreadable-version.js';
import type { Indexable } from '../search/search-index.js';

/**
 * A version as the search index takes it; a tombstone has no resource.
 * @param tenant whose it is.
 * @param version the version that became current (`currentChange` of persistence/stream.ts).
 */
export const indexable = (tenant: Tenant, version: StoredVersion): Indexable => ({
  tenant,
  type: version.type,
  id: version.id,
  versionId: version.versionId,
  lastUpdated: version.lastUpdated,
  compartments: version.compartments,
  ...(version.deleted ? {} : { resource: parseJson(version.body) as Resource }),
});

/**
 * The version that an item holds as the search index takes it.
 * @throws UnreadableVersion when its body is no JSON.
 */
export function readable(item: Item, version: StoredVersion): Indexable {
  try {
    return indexable(tenantOf(item.pk), version);
  } catch {
    throw new UnreadableVersion(item, 'its body is no JSON', version);
  }
}
