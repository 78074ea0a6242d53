import type { CompartmentTable } from './compartment.js';
import type { InvariantTable } from './invariant.js';
import type { SearchParameterTable } from './search-parameter.js';
import type { StructureTable } from './structure.js';
import type { FhirVersion } from './version.js';

/** Everything generated from the definitions of one FHIR version; made by generated code, passed to whoever needs it. */
export interface FhirDefinitions {
  readonly version: FhirVersion;
  /** The concrete resource types, sorted: 146 in R4, 117 in STU3 (no Resource, no DomainResource). */
  readonly resourceTypes: readonly string[];
  readonly searchParameters: SearchParameterTable;
  readonly compartments: CompartmentTable;
  readonly structures: StructureTable;
  readonly invariants: InvariantTable;
}
