import type { CompartmentDefinitions } from '../fhir/compartment.js';
import { notSupported } from '../fhir/outcome.js';
import type { ResourceKey } from '../fhir/resource.js';
import type { ResultForm } from '../fhir/subset.js';
import type { Queries, ServedType } from './parameter-types.js';
import type { ServedParameter } from './served-parameter.js';
import type { WordsQuery } from './words.js';

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

/** The resource is one of these, by id. */
export interface KeysFilter {
  readonly kind: 'keys';
  readonly ids: ReadonlySet<string>;
}

/** The resource refers, by one of the parameters, to one of several resources. */
export interface RefersFilter {
  readonly kind: 'refers';
  readonly parameters: readonly ServedParameter[];
  readonly targets: RefersTargets;
}

/** What a reference may lead to. */
export interface RefersTargets {
  /** By type the ids. */
  readonly ids: ReadonlyMap<string, ReadonlySet<string>>;
  /** The bases a reference may have; `''` is a relative one. */
  readonly bases: readonly string[];
  /** By canonical URL the business versions; a canonical reference without a version leads to any of them. */
  readonly canonicals: ReadonlyMap<string, ReadonlySet<string>>;
  /** By type what a contained resource must satisfy to count as well. */
  readonly contained: ReadonlyMap<string, Filter>;
}

/** The resource is in a compartment. */
export interface CompartmentFilter {
  readonly kind: 'compartment';
  readonly compartment: ResourceKey;
  /** What tells whether a resource is in it. */
  readonly definitions: CompartmentDefinitions;
  readonly bases: readonly string[];
}

/** `_text` or `_content`: words in the narrative, or in the whole resource; one of the queries must hold. */
export interface WordsFilter {
  readonly kind: 'words';
  readonly parameter: '_text' | '_content';
  readonly queries: readonly WordsQuery[];
}

/** All of the conditions hold. */
export interface AllFilter<Each> {
  readonly kind: 'all';
  readonly filters: readonly Each[];
}

/** One of the conditions holds. */
export interface AnyFilter<Each> {
  readonly kind: 'any';
  readonly filters: readonly Each[];
}

/** The condition does not hold. */
export interface NotFilter<Each> {
  readonly kind: 'not';
  readonly filter: Each;
}

/** The resource contains one of a type that satisfies all of the conditions. */
export interface ContainsFilter {
  readonly kind: 'contains';
  readonly type: string;
  readonly filters: readonly Filter[];
}

/** A condition on the values of a resource. */
type SimpleFilter =
  | { readonly [T in ServedType]: ValueFilter<T> }[ServedType]
  | MissingFilter
  | KeysFilter
  | RefersFilter
  | CompartmentFilter
  | WordsFilter
  | ContainsFilter;

/** One condition of a search that a resource by itself satisfies or not; all must hold. This is what an index plans with. */
export type Filter = SimpleFilter | AllFilter<Filter> | AnyFilter<Filter> | NotFilter<Filter>;

/** `subject:Patient.name=peter`: what the parameter refers to must satisfy a condition. */
export interface ChainFilter {
  readonly kind: 'chain';
  /** As the client wrote it. */
  readonly name: string;
  readonly parameter: ServedParameter;
  /** Whether the client named the type; otherwise types that the caller may not search do not count. */
  readonly typed: boolean;
  readonly targets: readonly Link[];
}

/** `_has:Observation:patient:code=1234-5`: something that satisfies a condition must refer to the resource. */
export interface HasFilter {
  readonly kind: 'has';
  /** As the client wrote it. */
  readonly name: string;
  /** The parameter of `source.type` that must refer to the resource. */
  readonly parameter: ServedParameter;
  readonly source: Link;
}

/** `_list=42`: the resource must be an entry of one of the lists. */
export interface ListFilter {
  readonly kind: 'list';
  /** As the client wrote it. */
  readonly name: string;
  readonly ids: readonly string[];
}

/** `location:below=42`: the resource must refer to one of these resources, or to one below or above it in its hierarchy. */
export interface HierarchyFilter {
  readonly kind: 'hierarchy';
  /** As the client wrote it. */
  readonly name: string;
  readonly parameter: ServedParameter;
  readonly direction: 'above' | 'below';
  readonly starts: readonly HierarchyStart[];
}

/** A resource, and by which reference of its type it is part of another one. */
export interface HierarchyStart extends ResourceKey {
  readonly partOf: ServedParameter;
  /** Whether the client named the type; otherwise one that the caller may not search does not count. */
  readonly typed: boolean;
}

/** The other end of a chain: a type and the condition on it. */
export interface Link {
  readonly type: string;
  readonly filter: ParsedFilter;
  /** The same for equal conditions: what was found for one counts for the other. */
  readonly search: string;
}

/** A condition that other resources decide as well. */
export type ChainedFilter = ChainFilter | HasFilter | ListFilter | HierarchyFilter;

/** A condition as it was parsed. */
export type ParsedFilter =
  SimpleFilter | ChainedFilter | AllFilter<ParsedFilter> | AnyFilter<ParsedFilter> | NotFilter<ParsedFilter>;

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

/** What `_contained` and `_containedType` ask for. https://hl7.org/fhir/R4/search.html#contained */
export interface ContainedSearch {
  /** Whether resources that are not contained are wanted as well. */
  readonly both: boolean;
  /** What is shown of a contained match. */
  readonly show: 'container' | 'contained';
}

/** A search of one type, understood, every condition decided by the resource alone. https://hl7.org/fhir/R4/search.html */
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
  /** The part of each resource that is wanted; absent for whole ones. */
  readonly form?: ResultForm;
  /** Absent when contained resources are not searched. */
  readonly contained?: ContainedSearch;
  /** The query as it was understood, in order. */
  readonly used: readonly (readonly [string, string])[];
  /** What lenient handling left out. */
  readonly warnings: readonly string[];
}

/** A search of one type, as it was parsed: chains, `_has` and `_list` are still to be resolved. */
export type ParsedSearch = Omit<SearchRequest, 'filters'> & { readonly filters: readonly ParsedFilter[] };

/** The first condition among these, or in them, that other resources decide. */
export function chainedIn(filters: readonly ParsedFilter[]): ChainedFilter | undefined {
  for (const filter of filters) {
    const found = chainedOf(filter);
    if (found !== undefined) return found;
  }
  return undefined;
}

function chainedOf(filter: ParsedFilter): ChainedFilter | undefined {
  switch (filter.kind) {
    case 'chain':
    case 'has':
    case 'list':
    case 'hierarchy':
      return filter;
    case 'all':
    case 'any':
      return chainedIn(filter.filters);
    case 'not':
      return chainedOf(filter.filter);
    default:
      return undefined;
  }
}

const isAlone = (filter: ParsedFilter): filter is Filter => chainedOf(filter) === undefined;

/**
 * A search without chains, as it is.
 * @throws OperationOutcomeError 400 naming the first condition that other resources decide.
 */
export function requireUnchained({ filters, ...rest }: ParsedSearch): SearchRequest {
  const chained = chainedIn(filters);
  if (chained !== undefined)
    throw notSupported(`${chained.name} is not possible here: a condition on other resources`, chained.name);
  return { ...rest, filters: filters.filter(isAlone) };
}
