import type { Queries, ServedType } from './parameter-types.js';
import type { ServedParameter } from './served-parameter.js';

/** A parameter and the values asked for, of which one must match. */
export interface ValueFilter<T extends ServedType> {
  readonly kind: 'values';
  readonly type: T;
  readonly parameter: ServedParameter;
  /** `:not` and `:not-in`: none may match; a resource without values then matches. */
  readonly negated: boolean;
  readonly queries: readonly Queries[T][];
}

/** `:missing`: whether the resource has no value for the parameter. */
export interface MissingFilter {
  readonly kind: 'missing';
  readonly parameter: ServedParameter;
  readonly missing: boolean;
}

/** One condition of a search; all must hold. */
export type Filter = { readonly [T in ServedType]: ValueFilter<T> }[ServedType] | MissingFilter;

/** A parameter to sort by. Resources without a value for it come last. */
export interface SortRule {
  readonly parameter: ServedParameter;
  readonly descending: boolean;
}

/** One `_include` or `_revinclude`. */
export interface IncludeRule {
  /** The type that holds the reference; undefined for `*`. */
  readonly source?: string;
  /** The reference parameter's code; undefined for `*`. */
  readonly code?: string;
  /** The type of resource referred to, when only that is wanted. */
  readonly target?: string;
  /** Whether it applies to what was included as well. */
  readonly iterate: boolean;
}

/** A type search, understood. https://hl7.org/fhir/R4/search.html */
export interface SearchRequest {
  readonly type: string;
  readonly filters: readonly Filter[];
  readonly sort: readonly SortRule[];
  readonly includes: readonly IncludeRule[];
  readonly revincludes: readonly IncludeRule[];
  /** The greatest number of matches on a page; 0 when only the total is asked for. */
  readonly count: number;
  /** What `_total` asks for; absent without it. */
  readonly total?: 'none' | 'estimate' | 'accurate';
  /** The query as it was understood, in order. */
  readonly used: readonly (readonly [string, string])[];
  /** What lenient handling left out. */
  readonly warnings: readonly string[];
}
