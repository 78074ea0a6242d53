import type { Resource } from '../fhir/resource.js';
import type { ResultForm } from '../fhir/subset.js';
import type { StoredVersion } from '../persistence/resource-store.js';

/** What is shown of a match that contains resources which match. */
export interface ShownMatch {
  /** Whether it matches itself. */
  readonly own: boolean;
  readonly contained: readonly Resource[];
}

/** One page of search results, before a face renders it. */
export interface SearchPage {
  readonly matches: readonly StoredVersion[];
  /** What `_include` and `_revinclude` added, without repeats and without matches. */
  readonly included: readonly StoredVersion[];
  /** What of each match is shown, by its key, where that is not the match itself: resources it contains. */
  readonly shown?: ReadonlyMap<string, ShownMatch>;
  /** Of a search for places near another one: the kilometres between, by the matches' keys (`Location/1`). */
  readonly distances?: ReadonlyMap<string, number>;
  /** The number of all matches, where it is known exactly. */
  readonly total?: number;
  /** The part of each resource that was asked for; absent for whole ones. */
  readonly form?: ResultForm;
  /** The page size used. */
  readonly count: number;
  /** How many matches come before this page. */
  readonly offset: number;
  /** Opaque, sealed page tokens, bound to the caller's access filter. */
  readonly links: {
    readonly first?: string;
    readonly previous?: string | undefined;
    readonly next?: string | undefined;
    readonly last?: string | undefined;
  };
  /** The query as it was understood, for the self link: `[name, value]` in order. */
  readonly used: readonly (readonly [string, string])[];
  /** What lenient handling left out, as warnings. */
  readonly warnings: readonly string[];
}
