import { compartmentTable, type GeneratedCompartments } from './compartment.js';
import type { FhirDefinitions } from './definitions.js';
import { type InvariantSource, invariantTable } from './invariant.js';
import { type GeneratedSearchParameters, searchParameterTable } from './search-parameter.js';
import { structureTable, type StructureSource } from './structure.js';
import type { FhirVersion } from './version.js';

/** The generated code of one version. */
interface Generated {
  readonly searchParameters: GeneratedSearchParameters;
  readonly compartments: GeneratedCompartments;
  readonly structures: StructureSource;
  readonly invariants: InvariantSource;
}

/** Imports with constant paths, so that a bundler sees them; only the version asked for is read. */
const generated: Readonly<Record<FhirVersion, () => Promise<Generated>>> = {
  async r4() {
    const [{ searchParameters }, { compartments }, structures, invariants] = await Promise.all([
      import('./generated/r4/search-parameters.js'),
      import('./generated/r4/compartments.js'),
      import('./generated/r4/structures.js'),
      import('./generated/r4/invariants.js'),
    ]);
    return { searchParameters, compartments, structures, invariants };
  },
  async stu3() {
    const [{ searchParameters }, { compartments }, structures, invariants] = await Promise.all([
      import('./generated/stu3/search-parameters.js'),
      import('./generated/stu3/compartments.js'),
      import('./generated/stu3/structures.js'),
      import('./generated/stu3/invariants.js'),
    ]);
    return { searchParameters, compartments, structures, invariants };
  },
};

const loaded = new Map<FhirVersion, Promise<FhirDefinitions>>();

/**
 * Loads the generated definitions of a FHIR version.
 * @param version the version.
 * @returns its definitions; the same object every time.
 */
export function loadDefinitions(version: FhirVersion): Promise<FhirDefinitions> {
  let definitions = loaded.get(version);
  if (definitions === undefined) {
    definitions = generated[version]().then((source) => definitionsOf(version, source));
    loaded.set(version, definitions);
  }
  return definitions;
}

function definitionsOf(version: FhirVersion, source: Generated): FhirDefinitions {
  const structures = structureTable(source.structures);
  const { resourceTypes } = structures;
  return {
    version,
    resourceTypes,
    searchParameters: searchParameterTable(source.searchParameters, resourceTypes),
    compartments: compartmentTable(source.compartments),
    structures,
    invariants: invariantTable(source.invariants),
  };
}
