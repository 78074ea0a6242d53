import type { Designation } from './code-system.js';

/** A condition on the concepts of a code system. https://hl7.org/fhir/R4/valueset.html#filters */
export interface ValueSetFilter {
  readonly property: string;
  readonly op: string;
  readonly value: string;
}

/** What is included or excluded: all its conditions must hold. */
export interface ConceptSet {
  readonly system?: string;
  readonly version?: string;
  readonly concept?: readonly {
    readonly code: string;
    readonly display?: string;
    readonly designation?: readonly Designation[];
  }[];
  readonly filter?: readonly ValueSetFilter[];
  readonly valueSet?: readonly string[];
}

/** A code of an expansion, or a group of some. */
export interface ExpansionContains {
  readonly system?: string;
  readonly version?: string;
  readonly code?: string;
  readonly display?: string;
  readonly abstract?: boolean;
  readonly inactive?: boolean;
  readonly designation?: readonly Designation[];
  readonly contains?: readonly ExpansionContains[];
}

/** A ValueSet, as far as terminology reads it; the same for R4 and STU3. https://hl7.org/fhir/R4/valueset.html */
export interface ValueSet {
  readonly resourceType: 'ValueSet';
  readonly url?: string;
  readonly version?: string;
  readonly name?: string;
  readonly title?: string;
  readonly status?: string;
  readonly compose?: {
    readonly inactive?: boolean;
    readonly include?: readonly ConceptSet[];
    readonly exclude?: readonly ConceptSet[];
  };
  readonly expansion?: { readonly contains?: readonly ExpansionContains[] };
}
