import type { CodeSystem } from '../fhir/terminology/code-system.js';
import type { ValueSet } from '../fhir/terminology/value-set.js';
import type { FhirVersion } from '../fhir/version.js';

/** An ElementDefinition, as far as the generators read it; the same shape for R4 and STU3. */
export interface ElementDefinition {
  id: string;
  path: string;
  min: number;
  max: string;
  /** `code` is the data type; `targets` are the type names of targetProfile(s) (`Patient`; `Resource` for any). */
  types: { code: string; targets: string[] }[];
  /** `#Questionnaire.item` → `Questionnaire.item`. */
  contentReference?: string;
  binding?: { strength: string; valueSet?: string };
  constraints: { key: string; severity: string; human: string; expression?: string }[];
  isSummary: boolean;
  isModifier: boolean;
  /** Fixed or pattern values are not needed for base types. */
}

/** A StructureDefinition of a base type (specialization or root; no profiles, no extensions, no logical models). */
export interface Structure {
  name: string;
  url: string;
  kind: 'primitive-type' | 'complex-type' | 'resource';
  abstract: boolean;
  /** The parent type's name, such as `DomainResource`, `Element`, `uri` (for `canonical`). */
  base?: string;
  /** The regex of a primitive's value. */
  pattern?: string;
  /** The snapshot's elements, in order. */
  elements: ElementDefinition[];
}

/** A SearchParameter of the specification; the same shape for R4 and STU3. */
export interface SearchParameterSource {
  url: string;
  code: string;
  /** The resource types it is for; `Resource` and `DomainResource` stand for all. */
  base: string[];
  type: string;
  expression?: string;
  target: string[];
  component: { definition: string; expression: string }[];
}

/** A CompartmentDefinition: per type the codes of the parameters that put it in the compartment. */
export interface CompartmentSource {
  name: string;
  resources: { type: string; parameters: string[] }[];
}

/** A profile of a resource type, as far as it checks something. */
export interface ProfileSource {
  url: string;
  type: string;
  baseDefinition: string;
  differential: { element: Readonly<Record<string, unknown>>[] };
}

/** The definitions of one FHIR version, as the generators read them, in a stable order. */
export interface SourceDefinitions {
  version: FhirVersion;
  structures: Structure[];
  searchParameters: SearchParameterSource[];
  compartments: CompartmentSource[];
  /** Codes of the value sets that base elements bind with strength `required`, by canonical URL without version. */
  requiredCodes: Record<string, string[]>;
  /** The same as `system|code`. */
  requiredConcepts: Record<string, string[]>;
  codeSystems: CodeSystem[];
  valueSets: ValueSet[];
  /** The profiles of resource types. */
  profiles: ProfileSource[];
}
