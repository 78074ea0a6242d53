import { elementValues } from './element-values.js';
import type { ExtractedValue } from './extracted-value.js';
import type { Resource } from './resource.js';

export type { ExtractedValue } from './extracted-value.js';

/** The types of search parameters. https://hl7.org/fhir/R4/search.html#ptypes */
export type SearchParameterType =
  'number' | 'date' | 'string' | 'token' | 'reference' | 'composite' | 'quantity' | 'uri' | 'special';

/** One component of a composite: the simple parameter's type, and its values inside one composite element. */
export interface CompositeComponent {
  readonly code: string;
  readonly type: SearchParameterType;
  /** The values of the component inside one element the composite's own `extract` gave for the resource. */
  extract(element: ExtractedValue, resource: Resource): ExtractedValue[];
}

/** One (resource type, code) pair of the SearchParameter definitions with its compiled FHIRPath expression. */
export interface SearchParameterDefinition {
  readonly code: string;
  readonly type: SearchParameterType;
  /** The canonical URL of the definition. */
  readonly url: string;
  /** The resource types a reference may point at; empty for other types. */
  readonly targets: readonly string[];
  /** The data types that a token's expression selects (`code`, `CodeableConcept`); empty for other types. */
  readonly dataTypes: readonly string[];
  /** The system of a token's elements of type code, where their value sets are of one. */
  readonly impliedSystem?: string;
  /** The FHIRPath of a parameter that an implementation guide defines, and of its components. */
  readonly expression?: string;
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

type Extractor = (resource: Resource, out: ExtractedValue[]) => void;
type ComponentExtractor = (element: unknown, resource: Resource, out: ExtractedValue[]) => void;

/**
 * A pair as generated: type, id of the definition, extractor, words (a reference's targets, `*` for any type; a token's
 * data types, behind `code=` the system it implies), components.
 */
type GeneratedRow = readonly [
  SearchParameterType,
  string,
  Extractor?,
  string?,
  (readonly (readonly [string, SearchParameterType, ComponentExtractor])[])?,
];

/** By type: its parent's name, and the parameters defined on it itself; those are made on first use. */
export type GeneratedSearchParameters = (
  values: typeof elementValues,
) => Readonly<Record<string, readonly [string | undefined, () => Readonly<Record<string, GeneratedRow>>]>>;

/** The parameters of a type, inherited ones included. */
interface Parameters {
  readonly sorted: readonly SearchParameterDefinition[];
  readonly byCode: ReadonlyMap<string, SearchParameterDefinition>;
}

const none: Parameters = { sorted: [], byCode: new Map() };

const urlBase = 'http://hl7.org/fhir/SearchParameter/';

/**
 * Makes the search parameters of a version from its generated code.
 * @param generated `searchParameters` of `generated/<version>/search-parameters.js`.
 * @param resourceTypes the concrete resource types, for references to any type.
 * @returns the table; a type's parameters are made on first use and kept.
 */
export function searchParameterTable(
  generated: GeneratedSearchParameters,
  resourceTypes: readonly string[],
): SearchParameterTable {
  const types = new Map(Object.entries(generated(elementValues)));
  const byType = new Map<string, Parameters>();
  const parametersOf = (type: string): Parameters => {
    const known = byType.get(type);
    if (known !== undefined) return known;
    const [parent, rows] = types.get(type) ?? [];
    if (rows === undefined) return none;
    const own = Object.entries(rows()).map(([code, row]) => definitionOf(code, row, resourceTypes));
    const sorted = [...own, ...(parent === undefined ? [] : parametersOf(parent).sorted)].sort((a, b) =>
      a.code < b.code ? -1 : 1,
    );
    const parameters = { sorted, byCode: new Map(sorted.map((definition) => [definition.code, definition])) };
    byType.set(type, parameters);
    return parameters;
  };
  return {
    find: (type, code) => parametersOf(type).byCode.get(code),
    ofType: (type) => parametersOf(type).sorted,
  };
}

function definitionOf(code: string, row: GeneratedRow, resourceTypes: readonly string[]): SearchParameterDefinition {
  const [type, id, extractor, text = '', components = []] = row;
  const words = text.split(' ').filter((word) => word !== '');
  const isToken = type === 'token';
  const systems = new Set(words.filter((word) => /^code\b/.test(word)).map((word) => word.slice('code='.length)));
  const [system = ''] = systems;
  return {
    code,
    type,
    url: id.includes(':') ? id : urlBase + id,
    targets: isToken ? [] : text === '*' ? resourceTypes : words,
    dataTypes: isToken ? words.map((word) => word.replace(/=.*/, '')) : [],
    ...(isToken && systems.size === 1 && system !== '' ? { impliedSystem: system } : {}),
    components: components.map(([componentCode, componentType, extractComponent]) => ({
      code: componentCode,
      type: componentType,
      extract(element, resource) {
        const out: ExtractedValue[] = [];
        extractComponent(element.value, resource, out);
        return out;
      },
    })),
    extract(resource) {
      const out: ExtractedValue[] = [];
      extractor?.(resource, out);
      return out;
    },
  };
}
