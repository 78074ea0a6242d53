/** The compartments' definitions of one FHIR version. https://hl7.org/fhir/R4/compartmentdefinition.html */
export interface CompartmentTable {
  /** The compartments' names: Patient, Encounter, RelatedPerson, Practitioner, Device. */
  readonly names: readonly string[];
  /**
   * The codes of the reference parameters by which resources of `type` are in a compartment;
   * empty when the type is never in it. The compartment's own resource is in it without a parameter.
   */
  parameters(compartment: string, type: string): readonly string[];
}
