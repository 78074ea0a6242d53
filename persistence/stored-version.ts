import type { ResourceKey } from '../fhir/resource.js';

/** How a version came to be, as history bundles tell it. */
export type WriteMethod = 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** One version of a resource as it is stored: the envelope and, unless deleted, the resource's JSON text. */
export interface StoredVersion extends ResourceKey {
  /** 1, 2, 3, … without gaps. */
  readonly versionId: number;
  /** An instant in UTC with milliseconds, strictly increasing over a resource's versions. */
  readonly lastUpdated: string;
  readonly method: WriteMethod;
  readonly deleted: boolean;
  /** Whether nothing was there before: the first version, or one after a deletion. Older stores do not tell of the latter. */
  readonly created?: boolean;
  /** The compartments the version is in, as `Patient/1`, sorted. */
  readonly compartments: readonly string[];
  /** Whether it holds resources inside (contained, Bundle entries, Parameters), whose types GraphQL must name. */
  readonly resourceChildren: boolean;
  /** The resource's JSON text, `id` and `meta` included; empty for a tombstone. */
  readonly body: string;
  /**
   * Who wrote it, as text, where their rights count later: of Subscriptions. A version read and given back as
   * `previous` keeps it.
   */
  readonly author?: string;
  /** Whether its body is kept in a body store; the store sets it. A version read and given back as `previous` keeps it. */
  readonly overflow?: boolean;
  /** Whether its content is stored no more: only its envelope counts. Such a version is read by `UnreadableVersion` alone. */
  readonly lost?: boolean;
  /** The commit that wrote it; the store sets it. A version read and given back as `previous` keeps it. */
  readonly commitId?: string;
}
