/** One element of a type, enough for structural validation. */
export interface ElementRule {
  readonly name: string;
  /** The FHIR data types allowed (one, or several for `value[x]`, where the JSON name carries the type). */
  readonly types: readonly string[];
  readonly min: number;
  /** The greatest number of repetitions, Infinity for `*`. */
  readonly max: number;
}

/** The structural rules of one FHIR version. */
export interface StructureTable {
  /** Whether `type` is a concrete resource type. */
  isResourceType(type: string): boolean;
  /** The JSON member names of a type (data type, backbone path such as `Patient.contact`, or resource type), in order. */
  elements(type: string): readonly ElementRule[];
}
