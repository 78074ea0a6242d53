import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { guideNotes } from '../../local/guide/guide-notes.js';
import { readGuide } from '../../local/guide/read-guide.js';
import { guideFolder } from '../support/guides.js';
import { entriesOf, startTestServer, type TestServer } from '../support/server.js';

// A guide as US Core is made: snapshots and differentials, extensions of extensions, profiles on another package's,
// value sets of another package's, search parameters on extensions, composites.

let server: TestServer;
let lenient: TestServer;
const guides = () => Promise.all(['core-r4', 'clinic-r4'].map((name) => readGuide(guideFolder(name))));
beforeAll(async () => {
  server = await startTestServer({ guides: await guides() });
  lenient = await startTestServer({ guides: await guides(), validation: 'invariants' });
});
afterAll(async () => {
  await server.close();
  await lenient.close();
});

const core = 'http://example.org/core';
const definition = (name: string): string => `${core}/StructureDefinition/${name}`;
const race = (...extension: object[]) => ({ url: definition('core-race'), extension });
const category = (code: string) => ({ url: 'category', valueCoding: { system: `${core}/CodeSystem/race`, code } });
const detailed = (code: string) => ({ ...category(code), url: 'detailed' });
const asText = { url: 'text', valueString: 'x' };

interface Body {
  readonly resourceType: string;
  readonly [element: string]: unknown;
}

const states = (name: string) => ({ meta: { profile: [definition(name)] } });
const unidentified: Body = {
  resourceType: 'Patient',
  ...states('core-patient'),
  name: [{ family: 'Careful' }],
  gender: 'female',
  extension: [race(category('2028-9'), asText)],
};
const patient: Body = { ...unidentified, identifier: [{ system: 'urn:record', value: '1' }] };
const lab: Body = {
  resourceType: 'Observation',
  ...states('core-lab'),
  status: 'final',
  category: [
    { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'laboratory' }] },
  ],
  code: { coding: [{ system: 'http://loinc.org', code: '15074-8' }] },
  subject: { reference: 'Patient/p' },
  valueQuantity: { value: 6.3, unit: 'mmol/l', system: 'http://unitsofmeasure.org', code: 'mmol/L' },
};
const component = (code: string) => ({
  code: { coding: [{ system: 'http://loinc.org', code }] },
  valueString: 'x',
});

const create = (body: Body, at = server) => at.send('POST', `/r4/${body.resourceType}`, { body });

describe('a write of what states a profile keeps it', () => {
  test.each<[string, Body, string[]]>([
    ['a patient', patient, []],
    ['a patient without an identifier', unidentified, ['required Patient.identifier']],
    ['a patient without a name, and no reason', { ...patient, name: [{ text: 'x' }] }, ['invariant Patient']],
    [
      'a patient of a category beyond the value set',
      { ...patient, extension: [race(category('1004-1'), asText)] },
      ['code-invalid Patient.extension[0].extension[0].value.ofType(Coding)'],
    ],
    ['a patient of a detailed race', { ...patient, extension: [race(detailed('1004-1'), asText)] }, []],
    [
      'a patient of a detail that is a category',
      { ...patient, extension: [race(detailed('1002-5'), asText)] },
      ['code-invalid Patient.extension[0].extension[0].value.ofType(Coding)'],
    ],
    [
      'a patient whose race is not told in words',
      { ...patient, extension: [race(category('2028-9'))] },
      ['required Patient.extension[0].extension'],
    ],
    [
      'a race beside the patient',
      { ...patient, name: [{ family: 'x', extension: [race(category('2028-9'), asText)] }] },
      ['structure Patient.name[0].extension[0]'],
    ],
    ['a result', lab, []],
    [
      'a result that is text',
      { ...lab, valueQuantity: undefined, valueString: 'x' },
      ['structure Observation.value.ofType(string)'],
    ],
    [
      'a result below zero',
      { ...lab, valueQuantity: { value: -1, system: 'http://unitsofmeasure.org', code: 'mmol/L' } },
      ['value Observation.value.ofType(Quantity)'],
    ],
    ['a result of parts', { ...lab, component: [component('1-1'), component('2-2'), component('3-3')] }, []],
    [
      'a result of parts in another order',
      { ...lab, component: [component('2-2'), component('1-1')] },
      ['structure Observation.component[1]'],
    ],
    ['a result about a group', { ...lab, subject: { reference: 'Group/1' } }, ['value Observation.subject']],
  ])('%s', async (_, body, errors) => {
    const { status, json } = await create(body);
    const found = status === 201 ? [] : json.issue.map(({ code, expression = [] }) => `${code} ${expression.join()}`);
    expect([status, found]).toEqual([errors.length === 0 ? 201 : 422, errors]);
    // $validate says the same.
    const said = await server.send('POST', `/r4/${body.resourceType}/$validate`, { body });
    const wrong = said.json.issue.filter(({ severity }) => severity === 'error');
    expect(wrong.map(({ code, expression = [] }) => `${code} ${expression.join()}`)).toEqual(errors);
    // Where writes are told to keep the invariants only, they do.
    expect((await create(body, lenient)).status).toBe(201);
  });

  test('on the profile of another package, with a differential only', async () => {
    const ward = { url: 'http://example.org/clinic/StructureDefinition/clinic-ward', valueCode: 'surgery' };
    const record = { system: 'http://example.org/record', value: '12345678' };
    const inWard = { resourceType: 'Patient', ...states('core-ward-patient'), extension: [ward] };
    const whole = { ...inWard, identifier: [{ system: 'urn:o' }, record], name: [{ family: 'x' }], birthDate: '1970' };
    expect((await create(whole)).status).toBe(201);
    const places = async (body: Body): Promise<unknown[]> => {
      const { status, json } = await create(body);
      expect(status).toBe(422);
      return json.issue.map(({ expression }) => expression?.[0]).sort();
    };
    expect(await places({ ...whole, birthDate: '1849' })).toEqual(['Patient.birthDate']);
    expect(await places({ ...whole, birthDate: '2999-01-01' })).toEqual(['Patient.birthDate']);
    expect(await places({ ...whole, identifier: [{ system: 'urn:o' }] })).toEqual(['Patient.identifier']);
    expect(await places({ ...whole, extension: undefined })).toEqual(['Patient.extension']);
  });

  test('by update, patch, batch and transaction', async () => {
    const { status, json } = await create(patient);
    const { id } = json;
    expect(status).toBe(201);
    const put = await server.send('PUT', `/r4/Patient/${id}`, { body: { ...unidentified, id } });
    expect([put.status, put.json.issue[0].expression]).toEqual([422, ['Patient.identifier']]);
    const headers = { 'content-type': 'application/json-patch+json' };
    const change = JSON.stringify([{ op: 'remove', path: '/gender' }]);
    const patched = await server.send('PATCH', `/r4/Patient/${id}`, { body: change, headers });
    expect([patched.status, patched.json.issue[0].expression]).toEqual([422, ['Patient.gender']]);
    const request = { method: 'POST', url: 'Patient' };
    const entry = [
      { resource: { resourceType: 'Patient' }, request },
      { resource: unidentified, request },
    ];
    const bundle = (type: string) => server.send('POST', '/r4', { body: { resourceType: 'Bundle', type, entry } });
    const all = await bundle('transaction');
    expect([all.status, all.json.issue[0].expression]).toEqual([422, ['Bundle.entry[1].resource.identifier']]);
    const each = await bundle('batch');
    expect(each.json.entry.map(({ response }) => response?.status.slice(0, 3))).toEqual(['201', '422']);
    const binary = Buffer.from(change).toString('base64');
    const patching = {
      resource: { resourceType: 'Binary', contentType: 'application/json-patch+json', data: binary },
      request: { method: 'PATCH', url: `Patient/${id}` },
    };
    const body = { resourceType: 'Bundle', type: 'transaction', entry: [patching] };
    const third = await server.send('POST', '/r4', { body });
    expect([third.status, third.json.issue[0].code]).toEqual([422, 'required']);
  });

  test('a profile that nobody knows is no reason to refuse', async () => {
    const body = { resourceType: 'Patient', meta: { profile: ['http://example.org/nowhere'] } };
    expect((await create(body)).status).toBe(201);
  });
});

describe('search parameters', () => {
  const found = async (query: string): Promise<string[]> => {
    const { status, json } = await server.send('GET', `/r4/${query}`);
    expect([query, status]).toEqual([query, 200]);
    return entriesOf(json).map(({ resource }) => resource?.id ?? '');
  };
  beforeAll(async () => {
    const put = async (id: string, body: Body): Promise<void> => {
      const { status } = await server.send('PUT', `/r4/${body.resourceType}/${id}`, { body: { ...body, id } });
      expect(status).toBe(201);
    };
    const attending = (reference: string) => ({
      url: definition('core-attending'),
      valueReference: { reference },
    });
    await put('dr', { resourceType: 'Practitioner', name: [{ family: 'Healer' }] });
    await put('house', { resourceType: 'Organization', name: 'Healer and Sons' });
    await put('a', { ...patient, extension: [race(category('2028-9'), asText), attending('Practitioner/dr')] });
    await put('b', { ...patient, extension: [race(detailed('1004-1'), asText), attending('Organization/house')] });
    const high = { interpretation: [{ coding: [{ code: 'H', system: 'urn:i' }] }] };
    const low = { interpretation: [{ coding: [{ code: 'L', system: 'urn:i' }] }] };
    const glucose = { coding: [{ system: 'http://loinc.org', code: 'glu' }] };
    await put('x', {
      ...lab,
      ...high,
      code: glucose,
      subject: { reference: 'Patient/a' },
      component: [component('1-1')],
    });
    await put('y', { ...lab, ...low, code: glucose, subject: { reference: 'Patient/b' } });
    await put('z', { ...lab, ...high, subject: { reference: 'Patient/b' }, component: [component('2-2')] });
  });

  test('on an extension of an extension', async () => {
    expect(await found('Patient?race=2028-9&_id=a,b')).toEqual(['a']);
    expect(await found(`Patient?race=1004-1`)).toContain('b');
  });

  test('that refer, chained without a type', async () => {
    expect(await found('Patient?attending.name=healer&_sort=_id')).toEqual(['a', 'b']);
    expect(await found('Patient?attending:Practitioner.name=healer')).toEqual(['a']);
    expect(await found('Observation?subject:Patient.attending.name=healer&code=glu&_sort=_id')).toEqual(['x', 'y']);
    expect(await found('Practitioner?_has:Patient:attending:race=2028-9')).toEqual(['dr']);
    expect(await found('Patient?_id=b&_include=Patient:attending')).toEqual(['b', 'house']);
  });

  test('that are composite, of parameters of FHIR and of the guide', async () => {
    expect(await found('Observation?code-interpretation=glu$H')).toEqual(['x']);
    expect(await found('Observation?code-interpretation=http://loinc.org|glu$urn:i|L')).toEqual(['y']);
    expect(await found('Observation?code-interpretation=glu$H,glu$L&_sort=_id')).toEqual(['x', 'y']);
    expect(await found('Observation?component-code-text=1-1$x')).toContain('x');
    expect(await found('Observation?component-code-text=1-1$y')).toEqual([]);
  });

  test('that cannot be served are not stated', async () => {
    const { json } = await server.send('GET', '/r4/metadata');
    const { rest } = json as unknown as {
      rest: { resource: { type: string; searchParam: { name: string; type: string }[] }[] }[];
    };
    const parameters = rest[0]?.resource.find(({ type }) => type === 'Observation')?.searchParam ?? [];
    expect(parameters.find(({ name }) => name === 'code-interpretation')?.type).toBe('composite');
    expect(parameters.some(({ name }) => name === 'lost')).toBe(false);
  });
});

test("a value set of one package includes another's", async () => {
  const url = `${core}/ValueSet/lab-wards`;
  const { status, json } = await server.send('GET', `/r4/ValueSet/$expand?url=${url}&filter=paediatrics`);
  expect(status).toBe(200);
  expect((json as unknown as { expansion: { total: number } }).expansion.total).toBe(1);
});

describe('the start says of a guide', () => {
  test('which packages are missing, and what is checked without them', async () => {
    const [guide] = await guides();
    if (guide === undefined) throw new Error('no guide');
    const [packages, differentials, lost, ...others] = guideNotes([guide]);
    expect(packages).toContain('example.clinic#1.2.0, hl7.terminology.r4#5.0.0');
    expect(differentials).toContain('has 2 profiles without a snapshot');
    expect(lost).toContain(definition('core-ward-patient'));
    expect(others).toEqual([]);
  });

  test('nothing of what is there', async () => {
    const notes = guideNotes(await guides());
    expect(notes.some((note) => note.includes('example.clinic#') || note.includes('is not known, so that'))).toBe(
      false,
    );
  });
});
