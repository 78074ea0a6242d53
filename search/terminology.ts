/** A code and the system it is of. */
export interface SystemCode {
  readonly system: string;
  readonly code: string;
}

/**
 * What the modifiers `:in`, `:not-in`, `:above` and `:below` of tokens go by. Reading a query is synchronous: whatever a
 * query names was looked up before (`interactions/search-terminology.ts`), and what could not be found out is thrown here.
 * https://hl7.org/fhir/R4/search.html#token
 */
export interface Terminology {
  /**
   * The codes of a value set.
   * @param valueSet as the query names it: its canonical URL (`url` or `url|version`), or `ValueSet/[id]`.
   * @throws OperationOutcomeError 400 when it is not known or cannot be expanded.
   */
  expand(valueSet: string): readonly SystemCode[];
  /**
   * The code itself and all codes it subsumes: what `:below` finds.
   * @throws OperationOutcomeError 400 when the code system is not known, or does not have the code.
   */
  subsumedBy(system: string, code: string): readonly SystemCode[];
  /** The code itself and all codes that subsume it: what `:above` finds. Throws as `subsumedBy`. */
  subsumes(system: string, code: string): readonly SystemCode[];
}
