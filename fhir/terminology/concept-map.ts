import type { FhirVersion } from '../version.js';

/** What a mapping depends on, or gives as well: another element and its value. STU3 calls the value `code`. */
export interface OtherElement {
  readonly property?: string;
  readonly system?: string;
  readonly value?: string;
  readonly code?: string;
  readonly display?: string;
}

/** One code that a code is mapped to; none where there is nothing to map it to, as `equivalence` says. */
export interface MapTarget {
  readonly code?: string;
  readonly display?: string;
  readonly equivalence?: string;
  readonly dependsOn?: readonly OtherElement[];
  readonly product?: readonly OtherElement[];
}

/** A code and what it is mapped to. */
export interface MapElement {
  readonly code?: string;
  readonly display?: string;
  readonly target?: readonly MapTarget[];
}

/** Mappings from one code system to another. */
export interface MapGroup {
  readonly source?: string;
  readonly sourceVersion?: string;
  readonly target?: string;
  readonly targetVersion?: string;
  readonly element?: readonly MapElement[];
  /** What becomes of codes that no element is about. */
  readonly unmapped?: {
    readonly mode?: string;
    readonly code?: string;
    readonly display?: string;
    readonly url?: string;
  };
}

/** The elements of a ConceptMap that translating needs. https://hl7.org/fhir/R4/conceptmap.html */
export interface ConceptMap {
  readonly resourceType: 'ConceptMap';
  readonly url?: string;
  readonly version?: string;
  readonly status?: string;
  readonly group?: readonly MapGroup[];
  readonly [element: string]: unknown;
}

/** Which value set a map is from, or to; undefined where it does not say. STU3 may say it as a Reference. */
export function valueSetOfMap(map: ConceptMap, end: 'source' | 'target', version: FhirVersion): string | undefined {
  const texts = [map[`${end}Uri`], map[`${end}Canonical`]];
  if (version === 'stu3')
    texts.push((map[`${end}Reference`] as { readonly reference?: unknown } | undefined)?.reference);
  return texts.find((text) => typeof text === 'string');
}
