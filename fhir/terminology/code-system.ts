/** Another way to say a concept. */
export interface Designation {
  readonly language?: string;
  readonly use?: { readonly system?: string; readonly code?: string; readonly display?: string };
  readonly value: string;
}

/** A property of a concept: `code` and one `value[x]`. */
export interface ConceptProperty {
  readonly code: string;
  readonly [value: string]: unknown;
}

/** A concept as a CodeSystem defines it. https://hl7.org/fhir/R4/codesystem-definitions.html#CodeSystem.concept */
export interface ConceptDefinition {
  readonly code: string;
  readonly display?: string;
  readonly definition?: string;
  readonly designation?: readonly Designation[];
  readonly property?: readonly ConceptProperty[];
  readonly concept?: readonly ConceptDefinition[];
  readonly modifierExtension?: readonly { readonly url: string; readonly valueCode?: string }[];
  readonly extension?: readonly { readonly url: string; readonly valueCode?: string }[];
}

/** A CodeSystem, as far as terminology reads it; the same for R4 and STU3. https://hl7.org/fhir/R4/codesystem.html */
export interface CodeSystem {
  readonly resourceType: 'CodeSystem';
  readonly url?: string;
  readonly version?: string;
  readonly name?: string;
  readonly title?: string;
  readonly status?: string;
  readonly content?: string;
  readonly caseSensitive?: boolean;
  readonly hierarchyMeaning?: string;
  /** The canonical URL of the value set of all its codes. */
  readonly valueSet?: string;
  readonly supplements?: string;
  readonly property?: readonly { readonly code: string; readonly type: string; readonly description?: string }[];
  readonly concept?: readonly ConceptDefinition[];
}
