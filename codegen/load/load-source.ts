import type { SearchParameterSource, SourceDefinitions } from '../definitions.js';
import type { FhirVersion } from '../../fhir/version.js';
import { compartmentsOf } from './compartment.js';
import type { DefinitionNode } from './node.js';
import { choicesOf, profileOf } from './profile.js';
import { readR4, readR4SearchParameters } from './r4.js';
import { readStu3 } from './stu3.js';
import { structureOf } from './structure.js';
import { codeSystemsOf, valueSetsOf } from './terminology.js';
import { requiredBindingsOf } from './value-set.js';

const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);

const definitionsOf = async (
  version: FhirVersion,
  resources: readonly DefinitionNode[],
  searchParameters: readonly SearchParameterSource[],
): Promise<SourceDefinitions> => {
  const structures = resources
    .filter(({ name }) => name === 'StructureDefinition')
    .flatMap((resource) => structureOf(resource) ?? [])
    .sort(byName);
  const choices = choicesOf(structures);
  const codeSystems = codeSystemsOf(resources);
  const valueSets = valueSetsOf(resources);
  return {
    version,
    structures,
    searchParameters: [...searchParameters].sort((a, b) => (a.url < b.url ? -1 : 1)),
    compartments: compartmentsOf(resources),
    ...(await requiredBindingsOf(structures, resources, { codeSystems, valueSets })),
    codeSystems,
    valueSets,
    profiles: resources
      .filter(({ name }) => name === 'StructureDefinition')
      .flatMap((resource) => profileOf(resource, choices) ?? [])
      .sort((a, b) => (a.url < b.url ? -1 : 1)),
  };
};

/**
 * Reads the definitions of a FHIR version from its packages (npm, Maven Central; kept in `.engines/` once fetched).
 * @param version the version.
 * @returns its base types, search parameters, compartments and required codes, in a stable order.
 * @throws when a package cannot be had, or does not hold what it should.
 */
export async function loadSource(version: FhirVersion): Promise<SourceDefinitions> {
  if (version === 'r4') return definitionsOf(version, await readR4(), await readR4SearchParameters());
  const { readStu3SearchParameters } = await import('../stu3/search-parameters.js');
  return definitionsOf(version, await readStu3(), await readStu3SearchParameters());
}
