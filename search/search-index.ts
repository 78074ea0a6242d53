import type { AccessFilter } from './access.js';
import type { Resource, ResourceKey } from '../fhir/resource.js';
import type { Tenant } from '../fhir/tenant.js';
import type { SearchRequest } from './request.js';

/** The current version of a resource as an index sees it; `resource` is absent for a deleted one. */
export interface Indexable extends ResourceKey {
  /** Whose it is. */
  readonly tenant: Tenant;
  readonly versionId: number;
  readonly lastUpdated: string;
  readonly compartments: readonly string[];
  readonly resource?: Resource;
}

/** A place in the order of a search, opaque outside the adapter that made it. */
export type Position = string;

/** A candidate found by an index, and its place in the order. */
export interface IndexHit extends ResourceKey {
  readonly position: Position;
  /** The version the index decided on, when it decided exactly: if it is still the current one, `match` would agree. */
  readonly exactVersion?: number;
}

/** A search of one type, and what the caller may see of it. */
export interface TypeSearchPlan {
  readonly request: SearchRequest;
  readonly access: AccessFilter;
}

/**
 * What is searched: one type, or several together. Each type has a request of its own, since a parameter of the same
 * code means other elements in each, and an access filter of its own, since roles speak of types. The codes and
 * directions of all requests' `sort` are the same: the hits of all types stand in one order.
 */
export interface SearchPlan extends TypeSearchPlan {
  /** The further types; absent in a search of one. */
  readonly others?: readonly TypeSearchPlan[];
}

/** What to find: the plan, and the part of the order wanted. */
export interface IndexQuery extends SearchPlan {
  /** The greatest number of hits to give. */
  readonly limit: number;
  /** Only hits after this position in the order; or, with `backwards`, the last ones before it. */
  readonly after?: Position;
  readonly backwards?: boolean;
  /** Hits to pass over first. */
  readonly skip?: number;
  /** Whoever wants to know how many match, if they are not more than this. */
  readonly countTo?: number;
}

/** Hits in the requests' order; candidates may include resources that `match` then drops, never miss one. */
export interface IndexPage {
  readonly hits: readonly IndexHit[];
  /** Whether there are hits beyond. */
  readonly more: boolean;
  /** What `count` would tell, where the index learned it in passing. */
  readonly counted?: { readonly total: number | undefined };
}

/** How versions are put. */
export interface PutOptions {
  readonly visible?: boolean;
  readonly again?: boolean;
}

/**
 * The search port, bound to a tenant: searches find nobody else's resources. Adapters: lmdb.ts (embedded, in the commit's
 * transaction), opensearch.ts.
 */
export interface SearchIndex {
  search(query: IndexQuery): Promise<IndexPage>;
  /** How many resources match; undefined when there are more than `atMost`, or when the index cannot tell exactly, or, with a bound, not quickly. */
  count(query: SearchPlan & { readonly atMost: number }): Promise<number | undefined>;
  /**
   * Brings the index to these versions, whosesoever they are; one that is not newer than the indexed one changes nothing.
   * @param options with `again` a version that is indexed already is indexed once more, as its terms are now.
   * @returns once searches find them; with `visible: false` already when the index has safely taken them.
   */
  put(changes: readonly Indexable[], options?: PutOptions): Promise<void>;
  /**
   * The instant (`lastUpdated`) of the newest version that is indexed, deletions included; undefined when it is empty.
   * Absent where each commit writes the index as well.
   */
  newest?(): Promise<string | undefined>;
}
