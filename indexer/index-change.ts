import { parseJson } from '../fhir/json.js';
import type { Resource } from '../fhir/resource.js';
import type { Tenant } from '../fhir/tenant.js';
import type { StoredVersion } from '../persistence/resource-store.js';
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
