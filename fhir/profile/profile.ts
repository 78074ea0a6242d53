import type { Invariant } from '../invariant.js';

/** A type an element may have by a profile. */
export interface ProfileType {
  readonly code: string;
  /** Profiles of which the value must keep one. */
  readonly profiles: readonly string[];
  /** Profiles of which the target of a reference must keep one. */
  readonly targets: readonly string[];
}

/** How the items of a list are told apart. https://hl7.org/fhir/R4/profiling.html#discriminator */
export interface Discriminator {
  readonly type: string;
  readonly path: string;
}

/** How values are put into slices. https://hl7.org/fhir/R4/profiling.html#slicing */
export interface Slicing {
  readonly discriminators: readonly Discriminator[];
  /** `openAtEnd`: what is in no slice stands behind all that is. */
  readonly rules: 'open' | 'closed' | 'openAtEnd';
  /** Whether values stand in the order of the slices. */
  readonly ordered: boolean;
}

/** The value sets of an element. */
export interface ProfileBinding {
  readonly strength: 'required' | 'extensible';
  readonly valueSet?: string;
  /** Codes must be of this one, whatever the strength. */
  readonly maxValueSet?: string;
}

/** `minValue[x]` or `maxValue[x]`: its type as the name has it (`Date`, `Quantity`), and the JSON. */
export interface ProfileLimit {
  readonly type: string;
  readonly value: unknown;
}

/** Where an extension may stand. https://hl7.org/fhir/R4/defining-extensions.html#context */
export interface ExtensionContext {
  /** `element`, `extension`, `fhirpath`; STU3: `resource`, `datatype`, `extension`. */
  readonly type: string;
  readonly expression: string;
}

/** An element as a profile constrains it; what it says nothing about is as the base type has it. */
export interface ProfileElement {
  /** As in the definition's path: `identifier`, `value[x]`. */
  readonly name: string;
  sliceName?: string;
  min?: number;
  max?: number;
  maxLength?: number;
  types: readonly ProfileType[];
  /** A value it must be, or a pattern it must hold. */
  expected?: { readonly kind: 'fixed' | 'pattern'; readonly value: unknown };
  /** The least and the greatest value it may have. */
  least?: ProfileLimit;
  greatest?: ProfileLimit;
  binding?: ProfileBinding;
  readonly invariants: Invariant[];
  slicing?: Slicing;
  readonly children: Map<string, ProfileElement>;
  readonly slices: Map<string, ProfileElement>;
}

/** A profile, ready to check values against. https://hl7.org/fhir/R4/profiling.html */
export interface Profile {
  readonly url: string;
  /** The type it constrains. */
  readonly type: string;
  readonly root: ProfileElement;
  /** Of an extension: where it may stand; empty where its definition does not say. */
  readonly contexts: readonly ExtensionContext[];
  /** Of an extension: whether it changes the meaning of what it stands in; undefined where its definition does not say. */
  readonly isModifier?: boolean;
}
