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
