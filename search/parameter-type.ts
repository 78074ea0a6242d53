import type { Resource } from '../fhir/resource.js';
import type { ExtractedValue, SearchParameterDefinition } from '../fhir/search-parameter.js';
import type { Operator } from './filter-syntax.js';
import type { TermRanges } from './term.js';
import type { Terminology } from './terminology.js';

/** What surrounds a search value when it is read. */
export interface QueryContext {
  readonly parameter: Pick<SearchParameterDefinition, 'code' | 'type' | 'targets' | 'dataTypes' | 'components'>;
  /** The parameter's name as it was written, modifier included: what errors name. */
  readonly name: string;
  readonly modifier?: string;
  /** The base URL of this server: absolute references with it are the same as relative ones. */
  readonly baseUrl?: string;
  /** Absent where `:in`, `:not-in`, `:above` and `:below` of codes are not served. */
  readonly terminology?: Terminology;
  /** The clock in milliseconds, for `ap` on dates. */
  readonly now: number;
}

/** Where values come from. */
export interface ValueContext {
  readonly parameter: Pick<SearchParameterDefinition, 'code' | 'impliedSystem' | 'components'>;
  readonly resource: Resource;
}

/** By which terms values are found, and where those of matching values are. */
export interface Indexing<Value, Query> {
  /** The terms by which an index finds the value; those that do not start with `unsorted` are what it sorts by. */
  terms(value: Value): string[];
  /** Where the terms of all values that match are. */
  ranges(query: Query): TermRanges;
}

/**
 * The meaning of a search parameter type, in one place: how a query is read, which values a resource has, when they
 * match, and by which terms an index finds them. https://hl7.org/fhir/R4/search.html#ptypes
 */
export interface ParameterType<Value, Query> extends Indexing<Value, Query> {
  /** The modifiers served, besides `missing`; `[type]` stands for the name of a resource type. */
  readonly modifiers: readonly string[];
  /**
   * Reads one value of a query (one of those between commas), with its escapes.
   * @throws OperationOutcomeError 400 for what is no value of the type.
   */
  parse(text: string, context: QueryContext): Query;
  /** The searchable values in what a parameter's expression selected. */
  values(extracted: readonly ExtractedValue[], context: ValueContext): Value[];
  matches(value: Value, query: Query): boolean;
  /** What the operators of `_filter` mean; those that are not there are not served. The value has no escapes but those of the type itself. */
  readonly operators: Readonly<Partial<Record<Operator, (value: string, context: QueryContext) => Query>>>;
  /** Fewer terms, for values inside composites, where each is combined with all of the others. */
  readonly inComposite?: Indexing<Value, Query>;
}
