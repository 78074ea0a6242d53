import type { ResourceKey } from '../fhir/resource.js';
import type { Tenant } from '../fhir/tenant.js';
import type { Indexable } from './search-index.js';

/**
 * How a resource is indexed other than it should be: not at all; as an older, or a newer, version; as the version it is, but
 * by other terms. `unknown`: as the version it is, and nobody knows by which terms, since an older program put it.
 */
export type IndexDifference = 'missing' | 'older' | 'newer' | 'terms' | 'unknown';

/** A resource that searches may find. */
export interface IndexedKey extends ResourceKey {
  readonly tenant: Tenant;
  readonly versionId: number;
}

/** How an index is looked into, which all tenants share, to be compared with the store. Adapters: lmdb/inspection.ts, opensearch/inspection.ts. */
export interface IndexInspection {
  /**
   * Compares current versions with how they are indexed: by digests of their terms, whole documents do not travel.
   * @returns for each what is different; undefined for nothing. A deleted one that is not indexed is no difference.
   */
  compare(versions: readonly Indexable[]): Promise<readonly (IndexDifference | undefined)[]>;
  /** Every resource that is indexed and not deleted, in chunks. */
  keys(): AsyncIterable<readonly IndexedKey[]>;
}

/** What an index has of a version. */
export interface IndexedState {
  readonly versionId: number;
  /** Of its terms; undefined where nobody kept it. */
  readonly digest: string | undefined;
}

/** Compares a version with what an index has of it. @param digests one of which it should have. */
export function differenceOf(
  { versionId, resource }: Indexable,
  indexed: IndexedState | undefined,
  digests: readonly string[],
): IndexDifference | undefined {
  if (indexed === undefined) return resource === undefined ? undefined : 'missing';
  if (indexed.versionId !== versionId) return indexed.versionId < versionId ? 'older' : 'newer';
  if (indexed.digest === undefined) return 'unknown';
  return digests.includes(indexed.digest) ? undefined : 'terms';
}
