import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { ElementDefinition, Structure } from '../../codegen/definitions.js';
import { loadSource } from '../../codegen/load/load-source.js';
import { resourcesOfJson } from '../../codegen/load/node.js';
import { structureOf } from '../../codegen/load/structure.js';

test.each([
  ['r4', 209, 146],
  ['stu3', 172, 117],
] as const)(
  '%s has its base types, its compartments, and lists the codes of required bindings',
  async (version, all, resources) => {
    const source = await loadSource(version);
    expect(source.structures).toHaveLength(all);
    expect(source.structures.filter(({ kind, abstract }) => kind === 'resource' && !abstract)).toHaveLength(resources);
    expect(source.compartments.map(({ name }) => name)).toEqual([
      'Device',
      'Encounter',
      'Patient',
      'Practitioner',
      'RelatedPerson',
    ]);
    expect(source.requiredCodes['http://hl7.org/fhir/ValueSet/administrative-gender']).toEqual([
      'male',
      'female',
      'other',
      'unknown',
    ]);
  },
);

/** The folder of HL7's own STU3 package, a file per definition, to compare with. */
const official = process.env['FHIR_STU3_DEFINITIONS'];
(official === undefined ? test.skip : test)('STU3 from Maven has the elements of the official package', async () => {
  const folder = official ?? '';
  const files = readdirSync(folder).filter((file) => file.startsWith('StructureDefinition-'));
  const entries = files.map((file) => `{"resource":${readFileSync(join(folder, file), 'utf8')}}`);
  const expected = resourcesOfJson(`{"entry":[${entries.join()}]}`).flatMap((node) => structureOf(node) ?? []);
  const shape = ({
    path,
    min,
    max,
    types,
    contentReference,
    binding,
    isSummary,
    isModifier,
  }: ElementDefinition): unknown => {
    return { path, min, max, types, contentReference, strength: binding?.strength, isSummary, isModifier };
  };
  const shapes = (structures: readonly Structure[]): unknown =>
    Object.fromEntries(structures.map(({ name, elements }) => [name, elements.map(shape)]));
  expect(shapes((await loadSource('stu3')).structures)).toEqual(shapes(expected));
});
