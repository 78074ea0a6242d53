import type { Resource } from './resource.js';
import type { FhirVersion } from './version.js';

/** What of an implementation guide's package counts here. https://hl7.org/fhir/R4/packages.html */
export interface ImplementationGuide {
  /** The package's name, such as `hl7.fhir.us.core`. */
  readonly name: string;
  /** The package's version, such as `6.1.0`. */
  readonly version: string;
  readonly fhirVersion: FhirVersion;
  /** The packages it builds on, as `name#version`; that of FHIR itself is left out. */
  readonly dependencies: readonly string[];
  /** The canonical URL of its ImplementationGuide resource. */
  readonly url?: string;
  /** StructureDefinitions that constrain a type: profiles and extensions. */
  readonly profiles: readonly Resource[];
  readonly searchParameters: readonly Resource[];
  readonly valueSets: readonly Resource[];
  readonly codeSystems: readonly Resource[];
}

/** A member of a resource that should be text. */
export const textOf = (resource: Readonly<Record<string, unknown>>, name: string): string | undefined => {
  const value = resource[name];
  return typeof value === 'string' ? value : undefined;
};

/** The objects in a member that should be a list of them. */
export const objectsOf = (owner: unknown, name: string): readonly Readonly<Record<string, unknown>>[] => {
  const value: unknown = typeof owner === 'object' && owner !== null ? Reflect.get(owner, name) : undefined;
  if (!Array.isArray(value)) return [];
  return (value as unknown[]).filter(
    (each): each is Readonly<Record<string, unknown>> => typeof each === 'object' && each !== null,
  );
};

/** The texts in a member that is a text or a list of them: STU3 has one where R4 has several. */
export const textsOf = (owner: Readonly<Record<string, unknown>>, name: string): readonly string[] =>
  [owner[name]].flat().filter((each): each is string => typeof each === 'string');

/** A canonical without its version. */
export const unversioned = (canonical: string): string => canonical.replace(/\|.*$/, '');
