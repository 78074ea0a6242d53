import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../../fhir/version.js';
import { startTestServer, type TestServer } from '../../support/server.js';

// The profiles of the definitions themselves: https://hl7.org/fhir/R4/profilelist.html

let server: TestServer;
let strict: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  strict = await startTestServer({ validation: 'strict' });
});
afterAll(async () => {
  await server.close();
  await strict.close();
});

const profile = (name: string): string => `http://hl7.org/fhir/StructureDefinition/${name}`;

describe.each(fhirVersions)('profiles of the definitions, %s', (version) => {
  const categories = {
    r4: 'http://terminology.hl7.org/CodeSystem/observation-category',
    stu3: 'http://hl7.org/fhir/observation-category',
  };
  const quantity = (value: number, code: string) => ({ value, unit: code, system: 'http://unitsofmeasure.org', code });
  const loinc = (code: string) => ({ coding: [{ system: 'http://loinc.org', code }] });
  const weight: Readonly<Record<string, unknown>> = {
    resourceType: 'Observation',
    status: 'final',
    text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">70 kg</div>' },
    category: [{ coding: [{ system: categories[version], code: 'vital-signs' }] }],
    code: loinc('29463-7'),
    subject: { reference: 'Patient/p' },
    effectiveDateTime: '2020-01-01',
    valueQuantity: quantity(70, 'kg'),
  };
  const { category, effectiveDateTime, valueQuantity, ...bare } = weight;
  const without = {
    category: { ...bare, effectiveDateTime, valueQuantity },
    effective: { ...bare, category, valueQuantity },
    value: { ...bare, category, effectiveDateTime },
  };
  const errorsOf = async (body: unknown, name?: string): Promise<(string | undefined)[]> => {
    const query = name === undefined ? '' : `?profile=${profile(name)}`;
    const { status, json } = await server.send('POST', `/${version}/Observation/$validate${query}`, { body });
    expect(status).toBe(200);
    return json.issue
      .filter(({ severity }) => severity === 'error')
      .map(({ code, expression }) => `${code} ${expression?.join() ?? ''}`);
  };

  test('a weight keeps those of weights and of vital signs', async () => {
    expect(await errorsOf(weight, 'bodyweight')).toEqual([]);
    expect(await errorsOf(weight, 'vitalsigns')).toEqual([]);
    expect(await errorsOf({ ...weight, meta: { profile: [profile('bodyweight')] } })).toEqual([]);
  });

  test.each([
    ['no category', without.category, 'required Observation.category'],
    ['no time', without.effective, 'required Observation.effective'],
    ['no value, and no reason why', without.value, 'invariant Observation'],
    ['a text for a value', { ...without.value, valueString: 'x' }, 'structure Observation.value.ofType(string)'],
    [
      'another unit',
      { ...weight, valueQuantity: quantity(7, 'm') },
      'code-invalid Observation.value.ofType(Quantity).code',
    ],
  ])('%s breaks it', async (_, body, error) => {
    expect(await errorsOf(body, 'bodyweight')).toContain(error);
  });

  test('a profile that is stated is looked at as well', async () => {
    const stated = { ...without.effective, meta: { profile: [profile('bodyweight')] } };
    expect(await errorsOf(stated)).toContain('required Observation.effective');
  });

  test('a blood pressure has two components and no value', async () => {
    const component = (code: string, value: number) => ({
      code: loinc(code),
      valueQuantity: quantity(value, 'mm[Hg]'),
    });
    const pressure = {
      ...without.value,
      code: loinc('85354-9'),
      component: [component('8480-6', 120), component('8462-4', 80)],
    };
    expect(await errorsOf(pressure, 'bp')).toEqual([]);
    expect(await errorsOf({ ...pressure, valueQuantity: quantity(1, 'mm[Hg]') }, 'bp')).toContain(
      'structure Observation.value',
    );
    if (version === 'r4') {
      const half = { ...pressure, component: [component('8480-6', 120)] };
      expect((await errorsOf(half, 'bp')).join()).toContain('required Observation.component');
    }
  });

  test('a resource of another type keeps none of them', async () => {
    const body = { resourceType: 'Patient' };
    const { json } = await server.send('POST', `/${version}/Patient/$validate?profile=${profile('bmi')}`, { body });
    expect(json.issue.at(-1)).toMatchObject({ severity: 'error', code: 'invalid' });
  });

  test('a write does not ask for them, unless VALIDATION is strict', async () => {
    const body = { ...without.effective, meta: { profile: [profile('bodyweight')] } };
    expect((await server.send('POST', `/${version}/Observation`, { body })).status).toBe(201);
    const refused = await strict.send('POST', `/${version}/Observation`, { body });
    expect([refused.status, refused.json.issue[0].expression]).toEqual([422, ['Observation.effective']]);
    const entry = [{ resource: body, request: { method: 'POST', url: 'Observation' } }];
    const bundle = { resourceType: 'Bundle', type: 'transaction', entry };
    const { status, json } = await strict.send('POST', `/${version}`, { body: bundle });
    expect([status, json.issue[0].expression]).toEqual([422, ['Bundle.entry[0].resource.effective']]);
    const kept = { ...weight, meta: body.meta };
    expect((await strict.send('POST', `/${version}/Observation`, { body: kept })).status).toBe(201);
    expect((await strict.send('POST', `/${version}/Observation`, { body: without.effective })).status).toBe(201);
  });
});
