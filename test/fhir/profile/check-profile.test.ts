import { beforeAll, describe, expect, test } from '@jest/globals';
import type { FhirDefinitions } from '../../../fhir/definitions.js';
import { resourceNode } from '../../../fhir/fhirpath/node.js';
import { guidesOf } from '../../../fhir/guides.js';
import { loadDefinitions } from '../../../fhir/load-definitions.js';
import { checkExtensions } from '../../../fhir/profile/check-extensions.js';
import { checkProfile, type ProfileContext } from '../../../fhir/profile/check-profile.js';
import type { Resource } from '../../../fhir/resource.js';
import { fhirVersions, type FhirVersion } from '../../../fhir/version.js';

const definitions = new Map<FhirVersion, FhirDefinitions>();
beforeAll(async () => {
  for (const version of fhirVersions) definitions.set(version, await loadDefinitions(version));
});

type Json = Readonly<Record<string, unknown>>;

/** A profile whose differential has these elements, by id. */
const profile = (type: string, elements: Readonly<Record<string, Json>>, more: Json = {}): Resource => ({
  resourceType: 'StructureDefinition',
  url: `urn:${type}`,
  type,
  kind: 'resource',
  derivation: 'constraint',
  baseDefinition: `http://hl7.org/fhir/StructureDefinition/${type}`,
  differential: {
    element: Object.entries(elements).map(([id, rest]) => {
      const last = id.slice(id.lastIndexOf('.') + 1);
      const sliceName = last.includes(':') ? { sliceName: last.slice(last.indexOf(':') + 1) } : {};
      return { id, path: id.replace(/:[^.]*/g, ''), ...sliceName, ...rest };
    }),
  },
  ...more,
});

const evenCodes = 'urn:even';
function contextOf(version: FhirVersion, profiles: readonly Resource[]): ProfileContext {
  const found = definitions.get(version);
  if (found === undefined) throw new Error(version);
  const guide = { name: 'x', version: '1', fhirVersion: version, profiles, dependencies: [] };
  const guides = guidesOf(found, [{ ...guide, searchParameters: [], valueSets: [], codeSystems: [] }]);
  return {
    definitions: found,
    profileOf: (url) => guides.profileOf(url),
    hasCode: (valueSet, { code }) => (valueSet === evenCodes ? Number(code) % 2 === 0 : undefined),
  };
}

/** What a profile says of a resource: severity unless it is an error, code, place, and the slice. */
function said(definition: Resource, resource: Json, version: FhirVersion = 'r4'): string[] {
  const context = contextOf(version, [definition]);
  const node = resourceNode(context.definitions.structures, resource);
  const found = context.profileOf(definition['url'] as string);
  if (node === undefined || found === undefined) throw new Error('no resource or no profile');
  return checkProfile(context, found, node, node, [node.type]).map(
    ({ severity, code, expression = [], diagnostics = '' }) => {
      const slice = /slice ([\w/]+)/.exec(diagnostics)?.[1];
      const kind = severity === 'error' ? code : `${severity} ${code}`;
      return [kind, ...expression, ...(slice === undefined ? [] : [slice])].join(' ');
    },
  );
}

const bySystem = (more: Json = {}): Json => ({
  slicing: { discriminator: [{ type: 'value', path: 'system' }], rules: 'open', ...more },
});
const system = (name: string): Json => ({ fixedUri: `urn:${name}` });
const identifiers = (...names: string[]): Json => ({
  resourceType: 'Patient',
  identifier: names.map((name) => ({ system: `urn:${name}` })),
});

describe('slices', () => {
  const ordered = (more: Json): Resource =>
    profile('Patient', {
      'Patient.identifier': bySystem(more),
      'Patient.identifier:a': { min: 0, max: '1' },
      'Patient.identifier:a.system': system('a'),
      'Patient.identifier:b': { min: 0, max: '*' },
      'Patient.identifier:b.system': system('b'),
    });

  test('that are ordered stand in that order, others between them', () => {
    expect(said(ordered({ ordered: true }), identifiers('a', 'x', 'b', 'b'))).toEqual([]);
    expect(said(ordered({ ordered: true }), identifiers('b', 'x', 'a'))).toEqual(['structure Patient.identifier[2]']);
    expect(said(ordered({ ordered: false }), identifiers('b', 'x', 'a'))).toEqual([]);
  });

  test('that are open at the end have all others behind them', () => {
    const rules = { rules: 'openAtEnd' };
    expect(said(ordered(rules), identifiers('b', 'a', 'x', 'y'))).toEqual([]);
    expect(said(ordered(rules), identifiers('a', 'x', 'b'))).toEqual(['structure Patient.identifier[2]']);
  });

  test('may be sliced again, closed and counted for themselves', () => {
    const resliced = profile('Patient', {
      'Patient.identifier': bySystem(),
      'Patient.identifier:record': {
        min: 1,
        max: '3',
        slicing: { discriminator: [{ type: 'value', path: 'use' }], rules: 'closed' },
      },
      'Patient.identifier:record.system': system('record'),
      'Patient.identifier:record/usual': { min: 1, max: '1' },
      'Patient.identifier:record/usual.use': { fixedCode: 'usual' },
      'Patient.identifier:record/old': { min: 0, max: '1' },
      'Patient.identifier:record/old.use': { fixedCode: 'old' },
      'Patient.identifier:record/old.period': { min: 1 },
    });
    const records = (...uses: string[]): Json => ({
      resourceType: 'Patient',
      identifier: [{ system: 'urn:other' }, ...uses.map((use) => ({ system: 'urn:record', use }))],
    });
    expect(said(resliced, records('usual'))).toEqual([]);
    expect(said(resliced, records('temp'))).toEqual([
      'structure Patient.identifier[1]',
      'required Patient.identifier record/usual',
    ]);
    expect(said(resliced, records('usual', 'usual', 'old'))).toEqual([
      'required Patient.identifier[3].period',
      'structure Patient.identifier record/usual',
    ]);
    expect(said(resliced, identifiers('other'))).toEqual([
      'required Patient.identifier record',
      'required Patient.identifier record/usual',
    ]);
  });
});

describe('a least and a greatest value', () => {
  const limited = (path: string, limits: Json): Resource => profile('Observation', { [path]: limits });
  const observation = (value: Json): Json => ({
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'x' },
    ...value,
  });
  const quantity = (value: number, code = 'kg'): Json =>
    observation({ valueQuantity: { value, system: 'http://unitsofmeasure.org', code } });
  const kg = (value: number): Json => ({ value, system: 'http://unitsofmeasure.org', code: 'kg' });
  const place = 'Observation.value.ofType';

  test.each<[string, Json, Json, string[]]>([
    ['of an integer', { minValueInteger: 1, maxValueInteger: 3 }, observation({ valueInteger: 3 }), []],
    ['of an integer, too small', { minValueInteger: 1 }, observation({ valueInteger: 0 }), [`value ${place}(integer)`]],
    ['of a date', { minValueDateTime: '2020-05-01' }, observation({ valueDateTime: '2020' }), []],
    [
      'of a date, before it',
      { minValueDateTime: '2020-05-01' },
      observation({ valueDateTime: '2020-04' }),
      [`value ${place}(dateTime)`],
    ],
    [
      'of a date, after it',
      { maxValueDateTime: '2020-05' },
      observation({ valueDateTime: '2020-06-01T00:00:00Z' }),
      [`value ${place}(dateTime)`],
    ],
    [
      'of a date, so long ago',
      { minValueQuantity: { value: 1, code: 'a' } },
      observation({ valueDateTime: '1999' }),
      [`value ${place}(dateTime)`],
    ],
    [
      'of a date, so far away',
      { maxValueQuantity: { value: 2, code: 'wk' } },
      observation({ valueDateTime: '2999' }),
      [`value ${place}(dateTime)`],
    ],
    ['of a time', { maxValueTime: '12:00:00' }, observation({ valueTime: '12:00:01' }), [`value ${place}(time)`]],
    ['of a quantity', { minValueQuantity: kg(1), maxValueQuantity: kg(3) }, quantity(3), []],
    ['of a quantity, too large', { maxValueQuantity: kg(3) }, quantity(3.1), [`value ${place}(Quantity)`]],
    [
      'of a quantity in another unit',
      { maxValueQuantity: kg(3) },
      quantity(3, 'g'),
      [`warning not-supported ${place}(Quantity)`],
    ],
  ])('%s', (_, limits, resource, expected) => {
    expect(said(limited('Observation.value[x]', limits), resource)).toEqual(expected);
  });
});

test.each<[string, Json, Json, boolean]>([
  ['a pattern of an Identifier', { patternIdentifier: { type: { text: 'x' } } }, { type: { text: 'x' } }, true],
  [
    'a pattern within lists',
    { patternIdentifier: { type: { coding: [{ code: 'a' }] } } },
    { type: { coding: [{ code: 'b' }, { code: 'a', display: 'A' }] } },
    true,
  ],
  [
    'a pattern that is not there',
    { patternIdentifier: { type: { coding: [{ code: 'a' }] } } },
    { type: { coding: [{ code: 'b' }] } },
    false,
  ],
  ['a fixed Identifier', { fixedIdentifier: { system: 'urn:a', value: '1' } }, { system: 'urn:a', value: '1' }, true],
  [
    'a fixed Identifier with more',
    { fixedIdentifier: { system: 'urn:a', value: '1' } },
    { system: 'urn:a', value: '1', use: 'usual' },
    false,
  ],
])('%s', (_, rule, identifier, holds) => {
  const found = said(profile('Patient', { 'Patient.identifier': rule }), {
    resourceType: 'Patient',
    identifier: [identifier],
  });
  expect(found).toEqual(holds ? [] : ['value Patient.identifier[0]']);
});

test('what must be supported is nothing a resource can break', () => {
  const must = profile('Patient', { 'Patient.name': { mustSupport: true } });
  expect(said(must, { resourceType: 'Patient' })).toEqual([]);
});

describe('value sets', () => {
  const bound = (binding: Json): Resource => profile('Patient', { 'Patient.maritalStatus': { binding } });
  const married = (code?: string): Json => ({
    resourceType: 'Patient',
    maritalStatus: code === undefined ? { text: 'x' } : { coding: [{ system: 'urn:s', code }] },
  });
  const most = (url: string): Json => ({
    extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet', valueCanonical: url }],
  });
  test.each<[string, Json, string | undefined, string[]]>([
    ['required, kept', { strength: 'required', valueSet: evenCodes }, '2', []],
    ['required, not kept', { strength: 'required', valueSet: evenCodes }, '1', ['code-invalid Patient.maritalStatus']],
    [
      'required, text only',
      { strength: 'required', valueSet: evenCodes },
      undefined,
      ['code-invalid Patient.maritalStatus'],
    ],
    [
      'required, unknown',
      { strength: 'required', valueSet: 'urn:x' },
      '1',
      ['warning not-supported Patient.maritalStatus'],
    ],
    [
      'extensible, not kept',
      { strength: 'extensible', valueSet: evenCodes },
      '1',
      ['warning code-invalid Patient.maritalStatus'],
    ],
    ['extensible, text only', { strength: 'extensible', valueSet: evenCodes }, undefined, []],
    [
      'extensible with a greatest one',
      { strength: 'extensible', ...most(evenCodes) },
      '1',
      ['code-invalid Patient.maritalStatus'],
    ],
    ['preferred', { strength: 'preferred', valueSet: evenCodes }, '1', []],
  ])('%s', (_, binding, code, expected) => {
    expect(said(bound(binding), married(code))).toEqual(expected);
  });
});

describe('an extension', () => {
  const url = 'urn:Extension';
  const definitionOf = (more: Json, isModifier = false): Resource =>
    profile('Extension', { Extension: { isModifier }, 'Extension.value[x]': { type: [{ code: 'boolean' }] } }, more);
  const places = (definition: Resource, resource: Json, version: FhirVersion): string[] => {
    const context = contextOf(version, [definition]);
    const node = resourceNode(context.definitions.structures, resource);
    if (node === undefined) throw new Error('no resource');
    return checkExtensions(context, node, node, [node.type]).map(
      ({ code, expression = [] }) => `${code} ${expression.join()}`,
    );
  };
  const extension = [{ url, valueBoolean: true }];
  const everywhere: Json = {
    resourceType: 'Patient',
    extension,
    birthDate: '1970',
    _birthDate: { extension },
    name: [{ extension, given: ['x'], _given: [{ extension }] }],
    contact: [{ extension, name: { text: 'x' } }],
  };
  const all = {
    patient: 'Patient.extension[0]',
    birthDate: 'Patient.birthDate.extension[0]',
    name: 'Patient.name[0].extension[0]',
    given: 'Patient.name[0].given[0].extension[0]',
    contact: 'Patient.contact[0].extension[0]',
  };
  const onlyIn = (...names: (keyof typeof all)[]): string[] =>
    Object.entries(all)
      .filter(([name]) => !names.includes(name as keyof typeof all))
      .map(([, place]) => `structure ${place}`)
      .sort();

  test.each<[string, string, (keyof typeof all)[]]>([
    ['element', 'Patient', ['patient']],
    ['element', 'DomainResource', ['patient']],
    ['element', 'Patient.birthDate', ['birthDate']],
    ['element', 'date', ['birthDate']],
    ['element', 'HumanName', ['name']],
    ['element', 'Patient.name', ['name']],
    ['element', 'HumanName.given', ['given']],
    ['element', 'BackboneElement', ['contact']],
    ['element', 'Element', ['patient', 'birthDate', 'name', 'given', 'contact']],
    ['extension', 'urn:other', []],
    ['fhirpath', 'Patient.name | Patient.contact', ['name', 'contact']],
  ])('of R4 stands where its context (%s %s) lets it', (type, expression, allowed) => {
    const definition = definitionOf({ context: [{ type, expression }] });
    expect(places(definition, everywhere, 'r4').sort()).toEqual(onlyIn(...allowed));
  });

  test.each<[string, string, (keyof typeof all)[]]>([
    ['resource', 'Patient', ['patient']],
    ['resource', 'Patient.contact', ['contact']],
    ['datatype', 'HumanName', ['name']],
    ['datatype', '*', ['patient', 'birthDate', 'name', 'given', 'contact']],
    ['extension', 'urn:other', []],
  ])('of STU3 stands where its context (%s %s) lets it', (contextType, expression, allowed) => {
    const definition = definitionOf({ contextType, context: [expression] });
    expect(places(definition, everywhere, 'stu3').sort()).toEqual(onlyIn(...allowed));
  });

  test('may stand in one of another kind', () => {
    const inner = { resourceType: 'Patient', extension: [{ url: 'urn:other', extension }] };
    const definition = definitionOf({ context: [{ type: 'extension', expression: 'urn:other' }] });
    expect(places(definition, inner, 'r4')).toEqual([]);
  });

  test('keeps its definition, and stands among the modifiers when it is one', () => {
    const wrong = { resourceType: 'Patient', extension: [{ url, valueString: 'x' }] };
    expect(places(definitionOf({}), wrong, 'r4')).toEqual(['structure Patient.extension[0].value.ofType(string)']);
    const modifier = definitionOf({}, true);
    expect(places(modifier, { resourceType: 'Patient', extension }, 'r4')).toEqual(['structure Patient.extension[0]']);
    expect(places(modifier, { resourceType: 'Patient', modifierExtension: extension }, 'r4')).toEqual([]);
  });
});
