import { parseJson } from '../fhir/json.js';
import type { Resource } from '../fhir/resource.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import type { Indexable } from '../search/search-index.js';

/**
 * A version as the search index takes it; a tombstone has no resource.
 * @param version the version that became current (`currentChange` of persistence/stream.ts).
 */
export const indexable = (version: StoredVersion): Indexable => ({
  type: version.type,
  id: version.id,
  versionId: version.versionId,
  lastUpdated: version.lastUpdated,
  compartments: version.compartments,
  ...(version.deleted ? {} : { resource: parseJson(version.body) as Resource }),
});
