import type { Resource } from './resource.js';

/** The types of search parameters. https://hl7.org/fhir/R4/search.html#ptypes */
export type SearchParameterType =
  | 'number'
  | 'date'
  | 'string'
  | 'token'
  | 'reference'
  | 'composite'
  | 'quantity'
  | 'uri'
  | 'special';

/**
 * An element's value that a search parameter selected.
 * `type` is its FHIR data type as the StructureDefinition names it (`CodeableConcept`, `dateTime`, `Reference`, …;
 * for a boolean expression such as `deceased.exists()`: `boolean`); `value` is the JSON value (for a primitive
 * the bare value, never null).
 */
export interface ExtractedValue {
  readonly type: string;
  readonly value: unknown;
}

/** One component of a composite: the simple parameter's type, and its values inside one composite element. */
export interface CompositeComponent {
  readonly code: string;
  readonly type: SearchParameterType;
  /** The values of the component inside one element the composite's own `extract` gave. */
  extract(element: ExtractedValue): ExtractedValue[];
}

/** One (resource type, code) pair of the SearchParameter definitions with its compiled FHIRPath expression. */
export interface SearchParameterDefinition {
  readonly code: string;
  readonly type: SearchParameterType;
  /** The canonical URL of the definition. */
  readonly url: string;
  /** The resource types a reference may point at; empty for other types. */
  readonly targets: readonly string[];
  /** For composites, in the order of the definition; empty for other types. */
  readonly components: readonly CompositeComponent[];
  /** The values the expression selects in a resource, in document order; empty where there are none. */
  extract(resource: Resource): ExtractedValue[];
}

/** The search parameters of one FHIR version. */
export interface SearchParameterTable {
  /** The parameter of this code on this type, those of Resource and DomainResource (`_id`, `_lastUpdated`, …) included. */
  find(type: string, code: string): SearchParameterDefinition | undefined;
  /** All parameters of a type, those of Resource and DomainResource included, sorted by code. */
  ofType(type: string): readonly SearchParameterDefinition[];
}
