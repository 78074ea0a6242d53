import { beforeAll, describe, expect, test } from '@jest/globals';
import type { FhirDefinitions } from '../../../fhir/definitions.js';
import { loadDefinitions } from '../../../fhir/load-definitions.js';
import { readFhirPathPatch } from '../../../fhir/patch/fhirpath-patch.js';
import { applyPatch } from '../../../fhir/patch/patch.js';
import type { Resource } from '../../../fhir/resource.js';
import { validateResource } from '../../../fhir/validate.js';

let definitions: FhirDefinitions;
beforeAll(async () => {
  definitions = await loadDefinitions('r4');
});

const extension = (value: string) => ({ extension: [{ url: 'http://e', valueString: value }] });
type Part = readonly [name: string, value: object];
const operation = (type: string, path: string, ...parts: Part[]): object => ({
  name: 'operation',
  part: [
    { name: 'type', valueCode: type },
    { name: 'path', valueString: path },
    ...parts.map(([name, value]) => ({ name, ...value })),
  ],
});
const value = (given: object): Part => ['value', given];
const name = (text: string): Part => ['name', { valueString: text }];
const at = (text: string, index: number): Part => [text, { valueInteger: index }];

async function patched(content: object, ...operations: object[]): Promise<Record<string, unknown>> {
  const parameters = { resourceType: 'Parameters', parameter: operations } as Resource;
  const patch = { kind: 'fhirpath' as const, operations: readFhirPathPatch(definitions, parameters) };
  const { resourceType, ...rest } = await applyPatch(
    definitions,
    structuredClone({ resourceType: 'Patient', ...content }),
    patch,
  );
  expect(validateResource(definitions, { resourceType, ...rest })).toEqual([]);
  return rest;
}

describe('a FHIRPath Patch', () => {
  test('keeps the values and the extensions of a list of primitives in step', async () => {
    const content = { name: [{ given: ['a', null, 'c'], _given: [null, extension('b'), extension('c')] }] };
    const given = 'Patient.name.given';
    expect(await patched(content, operation('delete', `${given}[0]`))).toEqual({
      name: [{ given: [null, 'c'], _given: [extension('b'), extension('c')] }],
    });
    expect(await patched(content, operation('move', given, at('source', 1), at('destination', 0)))).toEqual({
      name: [{ given: [null, 'a', 'c'], _given: [extension('b'), null, extension('c')] }],
    });
    expect(await patched(content, operation('insert', given, at('index', 3), value({ valueString: 'd' })))).toEqual({
      name: [{ given: ['a', null, 'c', 'd'], _given: [null, extension('b'), extension('c'), null] }],
    });
    expect(await patched(content, operation('replace', `${given}[2]`, value({ valueString: 'd' })))).toEqual({
      name: [{ given: ['a', null, 'd'], _given: [null, extension('b'), null] }],
    });
  });

  test('reaches what stands beside a primitive', async () => {
    const content = { birthDate: '1970-01-01', _birthDate: extension('x') };
    expect(
      await patched(content, operation('replace', 'Patient.birthDate.extension[0].value', value({ valueCode: 'y' }))),
    ).toEqual({ birthDate: '1970-01-01', _birthDate: { extension: [{ url: 'http://e', valueCode: 'y' }] } });
    expect(await patched(content, operation('delete', 'Patient.birthDate.extension[0]'))).toEqual({
      birthDate: '1970-01-01',
    });
    expect(await patched(content, operation('replace', 'Patient.birthDate', value({ valueDate: '1980' })))).toEqual({
      birthDate: '1980',
    });
    const withoutValue = value({ _valueDate: extension('unknown') });
    expect(await patched(content, operation('replace', 'Patient.birthDate', withoutValue))).toEqual({
      _birthDate: extension('unknown'),
    });
  });

  test('changes the type of a choice', async () => {
    const content = { deceasedBoolean: true };
    const dateTime = value({ valueDateTime: '2020-01-01' });
    expect(await patched(content, operation('replace', 'Patient.deceased', dateTime))).toEqual({
      deceasedDateTime: '2020-01-01',
    });
    await expect(patched(content, operation('add', 'Patient', name('deceased'), dateTime))).rejects.toThrow(
      'is there already',
    );
    await expect(
      patched(content, operation('replace', 'Patient.deceased', value({ valueQuantity: { value: 1 } }))),
    ).rejects.toThrow('cannot be Quantity');
  });

  test('builds elements without a type of their own from parts, lists among them', async () => {
    const phone = (text: string) => ({ name: 'telecom', valueContactPoint: { value: text } });
    const parts = value({ part: [{ name: 'gender', valueCode: 'female' }, phone('1'), phone('2')] });
    expect(await patched({}, operation('add', 'Patient', name('contact'), parts))).toEqual({
      contact: [{ gender: 'female', telecom: [{ value: '1' }, { value: '2' }] }],
    });
  });

  test('reaches into contained resources, and adds them', async () => {
    const organization = { resourceType: 'Organization', id: 'o', name: 'Old' };
    const rename = operation('replace', "Patient.contained.where(id = 'o').name", value({ valueString: 'New' }));
    expect(await patched({ contained: [organization] }, rename)).toEqual({
      contained: [{ ...organization, name: 'New' }],
    });
    expect(
      await patched({}, operation('add', 'Patient', name('contained'), value({ resource: organization }))),
    ).toEqual({ contained: [organization] });
  });

  test('inserts into a list that is not there yet, at its start only', async () => {
    const insert = (index: number) =>
      patched({}, operation('insert', 'Patient.name', at('index', index), value({ valueHumanName: { text: 'x' } })));
    expect(await insert(0)).toEqual({ name: [{ text: 'x' }] });
    await expect(insert(1)).rejects.toThrow('beyond');
  });

  test.each([
    ['Patient.name.repeat(given)', 'repeat()'],
    ["Patient.name.where(family.matches('(a+)+$'))", 'matches()'],
    ['%resource.name', 'variable'],
    ['Patient.name | Patient.contact', 'union'],
    ['1 + 1', 'no element'],
    ['Patient.name.count()', 'no element'],
    [`Patient.name.where(${'('.repeat(600)}true${')'.repeat(600)})`, 'longer than'],
  ])('does not take the path %s', async (path, why) => {
    const removal = operation('delete', path);
    await expect(patched({ name: [{ given: ['x'] }] }, removal)).rejects.toThrow(why);
  });

  test('does not change the whole resource', async () => {
    await expect(patched({}, operation('delete', 'Patient'))).rejects.toThrow('the whole resource');
  });
});
