import { parseJson } from '../fhir/json.js';
import type { Resource } from '../fhir/resource.js';
import type { Tenant } from '../fhir/tenant.js';
import type { BodyStore } from '../persistence/body-store.js';
import { tenantOf } from '../persistence/keys.js';
import { loadVersion } from '../persistence/load-version.js';
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
 * Reads what an item has the search index hold, and how many characters its body has.
 * @param bodies undefined where all bodies are in their items.
 * @returns undefined for a staged version; an UnreadableVersion for one that cannot be read, or whose body is no JSON.
 */
export async function readIndexable(
  item: Item,
  bodies: BodyStore | undefined,
): Promise<{ readonly change: Indexable; readonly size: number } | UnreadableVersion | undefined> {
  try {
    const version = await loadVersion(item, bodies);
    return version === undefined ? undefined : { change: readable(item, version), size: version.body.length };
  } catch (error) {
    if (error instanceof UnreadableVersion) return error;
    throw error;
  }
}

function readable(item: Item, version: StoredVersion): Indexable {
  try {
    return indexable(tenantOf(item.pk), version);
  } catch {
    throw new UnreadableVersion(item, 'its body is no JSON', version);
  }
}
