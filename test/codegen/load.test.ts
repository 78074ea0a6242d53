import { describe, expect, test } from '@jest/globals';
import { compartmentsOf } from '../../codegen/load/compartment.js';
import { choicesOf, profileOf } from '../../codegen/load/profile.js';
import { resourcesOfJson, type DefinitionNode } from '../../codegen/load/node.js';
import { structureOf } from '../../codegen/load/structure.js';
import { codeSystemsOf, valueSetsOf } from '../../codegen/load/terminology.js';
import { requiredBindingsOf } from '../../codegen/load/value-set.js';
import { emitStructures } from '../../codegen/structure/emit-structures.js';
import type { Structure } from '../../codegen/definitions.js';

const nodes = (...resources: unknown[]): DefinitionNode[] =>
  resourcesOfJson(JSON.stringify({ entry: resources.map((resource) => ({ resource })) }));

const definition = (members: Record<string, unknown>, ...element: unknown[]): Record<string, unknown> => ({
  resourceType: 'StructureDefinition',
  name: 'Thing',
  type: 'Thing',
  url: 'http://hl7.org/fhir/StructureDefinition/Thing',
  kind: 'resource',
  abstract: false,
  baseDefinition: 'http://hl7.org/fhir/StructureDefinition/DomainResource',
  derivation: 'specialization',
  ...members,
  snapshot: { element: [{ id: 'Thing', path: 'Thing', min: 0, max: '*' }, ...element] },
});

const element = (name: string, members: Record<string, unknown>): unknown => ({
  id: `Thing.${name}`,
  path: `Thing.${name}`,
  min: 0,
  max: '1',
  ...members,
});

const read = (resource: unknown): Structure => {
  const structure = nodes(resource).map(structureOf)[0];
  if (structure === undefined) throw new Error('It was not read');
  return structure;
};
const typesOf = (members: Record<string, unknown>): unknown =>
  read(definition({}, element('part', members))).elements[1]?.types;

const profile = (type: string): string => `http://hl7.org/fhir/StructureDefinition/${type}`;

describe('types of elements', () => {
  test('R4 has one type with several targets, STU3 a type per target: both read the same', () => {
    const r4 = typesOf({ type: [{ code: 'Reference', targetProfile: [profile('Patient'), profile('Group')] }] });
    const stu3 = typesOf({
      type: [
        { code: 'Reference', targetProfile: profile('Patient') },
        { code: 'Reference', targetProfile: profile('Group') },
      ],
    });
    expect(r4).toEqual([{ code: 'Reference', targets: ['Patient', 'Group'] }]);
    expect(stu3).toEqual(r4);
  });

  test("STU3's open type is all the types it stands for", () => {
    const types = typesOf({ type: [{ code: '*' }] }) as { code: string }[];
    expect(types).toHaveLength(38);
    expect(types.map(({ code }) => code)).toEqual(expect.arrayContaining(['Meta', 'Timing', 'oid', 'boolean']));
  });

  test("an element's id is a string, a resource's id is an id", () => {
    const system = { code: 'http://hl7.org/fhirpath/System.String' };
    expect(typesOf({ type: [system] })).toEqual([{ code: 'string', targets: [] }]);
    const { elements } = read(definition({}, element('id', { type: [system] })));
    expect(elements[1]?.types).toEqual([{ code: 'id', targets: [] }]);
  });
});

test('bindings of R4 and STU3 read the same', () => {
  const url = 'http://hl7.org/fhir/ValueSet/x';
  for (const valueSet of [
    { valueSet: `${url}|4.0.1` },
    { valueSetUri: url },
    { valueSetReference: { reference: url } },
  ]) {
    const binding = { strength: 'required', ...valueSet };
    const { elements } = read(definition({}, element('part', { type: [{ code: 'code' }], binding })));
    expect(elements[1]?.binding).toEqual({ strength: 'required', valueSet: url });
  }
});

test('profiles, extensions and logical models are no base types', () => {
  expect(nodes(definition({ derivation: 'constraint' }), definition({ kind: 'logical' })).map(structureOf)).toEqual([
    undefined,
    undefined,
  ]);
});

describe('required codes', () => {
  const valueSet = (...include: unknown[]): unknown => ({
    resourceType: 'ValueSet',
    url: 'urn:bound',
    compose: { include },
  });
  const codeSystem = {
    resourceType: 'CodeSystem',
    url: 'urn:letters',
    content: 'complete',
    concept: [{ code: 'a', concept: [{ code: 'b' }] }, { code: 'c' }],
  };
  const imported = { resourceType: 'ValueSet', url: 'urn:imported', compose: { include: [{ system: 'urn:letters' }] } };
  const binding = { strength: 'required', valueSet: 'urn:bound' };
  const structure = read(definition({}, element('part', { type: [{ code: 'code' }], binding })));
  const bindings = (...include: unknown[]) => {
    const resources = nodes(valueSet(...include), codeSystem, imported);
    const terminology = { codeSystems: codeSystemsOf(resources), valueSets: valueSetsOf(resources) };
    return requiredBindingsOf([structure], resources, terminology);
  };
  const codes = async (...include: unknown[]): Promise<string[] | undefined> =>
    (await bindings(...include)).requiredCodes['urn:bound'];

  test('are those listed, those of a whole code system at every depth, and those of other value sets', async () => {
    expect(await codes({ system: 'urn:letters', concept: [{ code: 'b' }] })).toEqual(['b']);
    expect(await codes({ system: 'urn:letters' })).toEqual(['a', 'b', 'c']);
    expect(await codes({ valueSet: ['urn:imported'] }, { system: 'x', concept: [{ code: 'd' }] })).toEqual([
      'a',
      'b',
      'c',
      'd',
    ]);
  });

  test('are unknown where one part cannot be listed: no code is refused then', async () => {
    const listed = { system: 'urn:letters', concept: [{ code: 'b' }] };
    expect(await codes(listed, { system: 'http://unitsofmeasure.org' })).toBeUndefined();
    expect(
      await codes({ system: 'urn:letters', filter: [{ property: 'concept', op: 'is-a', value: 'a' }] }),
    ).toBeUndefined();
    expect(await codes({ valueSet: ['urn:nowhere'] })).toBeUndefined();
  });

  test('of concepts are those of filters as well, with their systems', async () => {
    const filter = [{ property: 'concept', op: 'is-a', value: 'a' }];
    const { requiredConcepts } = await bindings({ system: 'urn:letters', filter });
    expect(requiredConcepts).toEqual({ 'urn:bound': ['urn:letters|a', 'urn:letters|b'] });
  });
});

test("a compartment's own resource is no parameter, and the example is no compartment", () => {
  const compartment = (url: string): unknown => ({
    resourceType: 'CompartmentDefinition',
    url,
    code: 'Device',
    resource: [
      { code: 'Device', param: ['{def}'] },
      { code: 'Observation', param: ['subject', 'device'] },
      { code: 'Patient' },
    ],
  });
  const url = 'http://hl7.org/fhir/CompartmentDefinition';
  expect(compartmentsOf(nodes(compartment(`${url}/example`), compartment(`${url}/device`)))).toEqual([
    {
      name: 'Device',
      resources: [
        { type: 'Device', parameters: [] },
        { type: 'Observation', parameters: ['subject', 'device'] },
        { type: 'Patient', parameters: [] },
      ],
    },
  ]);
});

test('a type that the definitions lack stops codegen by name', () => {
  const structures = [read(definition({}, element('part', { type: [{ code: 'Nowhere' }] })))];
  const extension = { ...structures[0], name: 'Extension', elements: [{ path: 'Extension.value[x]', types: [] }] };
  const source = {
    version: 'r4' as const,
    structures: [...structures, extension as unknown as Structure],
    searchParameters: [],
    compartments: [],
    requiredCodes: {},
    requiredConcepts: {},
    codeSystems: [],
    valueSets: [],
    profiles: [],
  };
  expect(() => emitStructures(source)).toThrow('Thing.part has an unknown type Nowhere');
});

test('a profile that names one type of a choice in its path constrains the choice', () => {
  const structures = [read(definition({}, element('value[x]', { type: [{ code: 'Quantity' }, { code: 'string' }] })))];
  const constraint = {
    ...definition({ derivation: 'constraint', url: 'http://hl7.org/fhir/StructureDefinition/narrow' }),
    differential: {
      element: [
        { id: 'Thing.valueQuantity', path: 'Thing.valueQuantity', min: 1 },
        { id: 'Thing.valueQuantity.code', path: 'Thing.valueQuantity.code', fixedCode: 'kg' },
      ],
    },
  };
  const [profile] = nodes(constraint).map((each) => profileOf(each, choicesOf(structures)));
  expect(profile?.differential.element).toEqual([
    { id: 'Thing.value[x]', path: 'Thing.value[x]', min: 1, type: [{ code: 'Quantity' }] },
    { id: 'Thing.value[x].code', path: 'Thing.value[x].code', fixedCode: 'kg' },
  ]);
  expect(nodes(definition({})).map((each) => profileOf(each, new Map()))).toEqual([undefined]);
});
