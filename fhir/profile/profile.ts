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
  /** The value set of a required binding. */
  valueSet?: string;
  readonly invariants: Invariant[];
  slicing?: { readonly discriminators: readonly Discriminator[]; readonly closed: boolean };
  readonly children: Map<string, ProfileElement>;
  readonly slices: Map<string, ProfileElement>;
}

/** A profile, ready to check values against. https://hl7.org/fhir/R4/profiling.html */
export interface Profile {
  readonly url: string;
  /** The type it constrains. */
  readonly type: string;
  readonly root: ProfileElement;
}
