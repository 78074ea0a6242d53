import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unpackArtifact } from './maven.js';
import type { DefinitionNode } from './node.js';
import { resourcesOfXml } from './xml.js';

const files = [
  'profile/profiles-types.xml',
  'profile/profiles-resources.xml',
  'valueset/valuesets.xml',
  'valueset/v3-codesystems.xml',
  'valueset/v2-tables.xml',
];

const profiles = 'profile/profiles-others.xml';

/**
 * Fetches HL7's definitions of a version, as HAPI FHIR repacks them for Maven.
 * @param name the version's name there.
 * @returns the folder that holds `profile/` and `valueset/`.
 */
export const validationResources = async (name: 'dstu3' | 'r4'): Promise<string> => {
  const artifact = `ca.uhn.hapi.fhir:hapi-fhir-validation-resources-${name}:8.8.0`;
  const model = `org/hl7/fhir/${name}/model`;
  const includes = ['profile/*', 'valueset/*', 'sp/*'].map((pattern) => `${model}/${pattern}`).join(',');
  return join(await unpackArtifact(artifact, includes), model);
};

/** Reads StructureDefinitions, CompartmentDefinitions, ValueSets and CodeSystems of a version. */
export const readValidationResources = async (name: 'dstu3' | 'r4'): Promise<DefinitionNode[]> => {
  const folder = await validationResources(name);
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return [
    ...texts.flatMap((xml) => resourcesOfXml(xml)),
    ...resourcesOfXml(await readFile(join(folder, profiles), 'utf8'), 'differential'),
  ];
};
