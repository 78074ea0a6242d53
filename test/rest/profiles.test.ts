import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../fhir/version.js';
import { testGuides } from '../support/guides.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ guides: await testGuides() });
});
afterAll(() => server.close());

const base = 'http://example.org/clinic';
const profile = (name: string): string => `${base}/StructureDefinition/${name}`;
const ward = (valueCode: string) => ({ url: profile('clinic-ward'), valueCode });
const record = { system: 'http://example.org/record', value: '12345678' };
const text = { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">x</div>' };

interface Body {
  readonly resourceType: string;
  readonly [element: string]: unknown;
}

/** The errors of `$validate`, as code and place, and the names in what is said. */
async function errorsOf(version: string, body: Body, against?: string): Promise<string[]> {
  const query = against === undefined ? '' : `?profile=${profile(against)}`;
  const { status, json } = await server.send('POST', `/${version}/${body.resourceType}/$validate${query}`, {
    body: { text, ...body },
  });
  expect(status).toBe(200);
  return json.issue
    .filter(({ severity }) => severity === 'error')
    .map(({ code, expression = [], diagnostics = '' }) => {
      const said = /slice (\w+)|rule ([\w-]+)/.exec(diagnostics);
      return [code, ...expression, ...(said === null ? [] : [said[1] ?? said[2]])].join(' ');
    });
}

describe('a profile of R4', () => {
  const patient = {
    resourceType: 'Patient',
    extension: [ward('surgery')],
    identifier: [{ system: 'urn:other', value: 'a long value is no matter here' }, record],
    name: [{ family: 'Careful' }],
  };
  const without = (name: string): Body => ({
    resourceType: 'Patient',
    ...Object.fromEntries(Object.entries(patient).filter(([key]) => key !== name)),
  });

  test.each<[string, Body, string[]]>([
    ['is kept', patient, []],
    ['wants an extension', without('extension'), ['required Patient.extension ward']],
    ['wants an element', without('name'), ['invariant Patient clinic-1', 'required Patient.name']],
    ['wants a slice', { ...patient, identifier: [{ system: 'urn:other' }] }, ['required Patient.identifier record']],
    ['wants a slice once', { ...patient, identifier: [record, record] }, ['structure Patient.identifier record']],
    [
      'looks into a slice',
      { ...patient, identifier: [{ system: record.system }] },
      ['required Patient.identifier[0].value'],
    ],
    [
      'limits the length of a text',
      { ...patient, identifier: [{ ...record, value: '123456789' }] },
      ['value Patient.identifier[0].value'],
    ],
    ['forbids an element', { ...patient, contact: [{ name: { text: 'x' } }] }, ['structure Patient.contact']],
    [
      'limits repetitions',
      {
        ...patient,
        telecom: [
          { system: 'phone', value: '1' },
          { system: 'phone', value: '2' },
        ],
      },
      ['structure Patient.telecom'],
    ],
    [
      'allows the codes of a value set',
      {
        ...patient,
        extension: [ward('heart-surgery')],
        maritalStatus: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-MaritalStatus', code: 'M' }] },
      },
      [],
    ],
    [
      'forbids other codes',
      {
        ...patient,
        maritalStatus: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-MaritalStatus', code: 'D' }] },
      },
      ['code-invalid Patient.maritalStatus'],
    ],
    [
      'looks into an extension',
      { ...patient, extension: [ward('closed-ward')] },
      ['code-invalid Patient.extension[0].value.ofType(code)'],
    ],
    [
      'narrows the types of an extension',
      { ...patient, extension: [{ url: profile('clinic-ward'), valueString: 'surgery' }] },
      ['structure Patient.extension[0].value.ofType(string)'],
    ],
    [
      'narrows what a reference may point at',
      {
        ...patient,
        generalPractitioner: [{ reference: 'Organization/1' }, { reference: 'Practitioner/1' }, { display: 'x' }],
      },
      ['value Patient.generalPractitioner[0]'],
    ],
    ['has invariants', { ...patient, name: [{ text: 'x' }] }, ['invariant Patient clinic-1']],
  ])('%s', async (_, body, errors) => {
    expect(await errorsOf('r4', body, 'clinic-patient')).toEqual(errors);
    const stated = { ...body, meta: { profile: [`${profile('clinic-patient')}|1.2.0`] } };
    expect(await errorsOf('r4', stated)).toEqual(errors);
    // What an extension's definition says counts without a profile.
    expect(await errorsOf('r4', body)).toEqual(errors.filter((error) => error.includes('extension[0]')));
  });

  test('builds on another profile', async () => {
    const inpatient = { ...patient, active: true, deceasedDateTime: '2020' };
    expect(await errorsOf('r4', inpatient, 'clinic-inpatient')).toEqual([]);
    const wrong = { ...without('extension'), active: false, deceasedBoolean: true };
    expect((await errorsOf('r4', wrong, 'clinic-inpatient')).sort()).toEqual([
      'required Patient.extension ward',
      'structure Patient.deceased.ofType(boolean)',
      'value Patient.active',
    ]);
  });

  test('is for one type', async () => {
    const basic = { resourceType: 'Basic', code: { text: 'x' } };
    expect(await errorsOf('r4', basic, 'clinic-patient')).toEqual(['invalid Basic']);
  });

  const code = (text: string) => ({ coding: [{ system: 'http://loinc.org', code: text }] });
  const vitals = {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' }],
  };
  const mmHg = { value: 120, unit: 'mmHg' };
  const pressure = {
    resourceType: 'Observation',
    status: 'final',
    category: [vitals],
    code: code('85354-9'),
    subject: { reference: 'Patient/1' },
    component: [
      { code: code('8480-6'), valueQuantity: mmHg },
      { code: code('8462-4'), valueQuantity: mmHg },
    ],
  };

  test.each<[string, Body, string[]]>([
    ['is kept with slices by pattern', pressure, []],
    ['of another code', { ...pressure, code: code('1') }, ['value Observation.code']],
    ['with a value of its own', { ...pressure, valueString: 'x' }, ['structure Observation.value']],
    [
      'with a category beside the closed list',
      { ...pressure, category: [vitals, { text: 'x' }] },
      ['structure Observation.category[1]'],
    ],
    [
      'without the diastolic value',
      { ...pressure, component: pressure.component.slice(0, 1) },
      ['required Observation.component', 'required Observation.component diastolic'],
    ],
    [
      'with a systolic text',
      { ...pressure, component: [{ code: code('8480-6'), valueString: '120' }, pressure.component[1]] },
      [
        'structure Observation.component[0].value.ofType(string)',
        'required Observation.component[0].value.ofType(string).unit',
      ],
    ],
    [
      'without the unit',
      { ...pressure, component: [{ code: code('8480-6'), valueQuantity: { value: 1 } }, pressure.component[1]] },
      ['required Observation.component[0].value.ofType(Quantity).unit'],
    ],
    ['of a group', { ...pressure, subject: { reference: 'Group/1' } }, ['value Observation.subject']],
    ['measured in the future', { ...pressure, effectiveDateTime: '2999' }, ['invariant Observation clinic-2']],
    ['measured in the past', { ...pressure, effectiveDateTime: '1999' }, []],
  ])('a blood pressure %s', async (_, body, errors) => {
    expect(await errorsOf('r4', body, 'clinic-blood-pressure')).toEqual(errors);
  });

  test('invariants that warn, and those that cannot be evaluated, are warnings', async () => {
    const { json } = await server.send(
      'POST',
      `/r4/Observation/$validate?profile=${profile('clinic-blood-pressure')}`,
      {
        body: { ...pressure, text, performer: [{ reference: 'Practitioner/1' }] },
      },
    );
    const said = json.issue.map(({ severity, code: kind, diagnostics }) => [
      severity,
      kind,
      /clinic-\d/.exec(diagnostics ?? '')?.[0],
    ]);
    expect(said).toEqual([
      ['warning', 'invariant', 'clinic-3'],
      ['warning', 'not-supported', 'clinic-4'],
    ]);
  });

  test.each<[string, Body, string[]]>([
    [
      'by the type a reference points at',
      { resourceType: 'List', entry: [{ item: { reference: 'Patient/1' } }, { item: { reference: 'Group/1' } }] },
      [],
    ],
    [
      'by type, where none is of it',
      { resourceType: 'List', entry: [{ item: { reference: 'Group/1' } }] },
      ['required List.entry patient'],
    ],
    [
      'by whether an element exists',
      {
        resourceType: 'List',
        entry: [{ item: { reference: 'Patient/1' } }],
        note: [{ text: 'a' }, { text: 'b', authorString: 'x' }, { text: 'c', authorString: 'y' }],
      },
      ['structure List.note signed'],
    ],
    [
      'by the profile a value keeps',
      {
        resourceType: 'List',
        contained: [
          { ...patient, id: 'a', active: true },
          { ...patient, id: 'b', active: true },
          { resourceType: 'Patient', id: 'c' },
        ],
        entry: ['a', 'b', 'c'].map((id) => ({ item: { reference: `#${id}` } })),
      },
      ['structure List.entry patient', 'structure List.contained inpatient'],
    ],
  ])('slices %s', async (_, body, errors) => {
    expect(await errorsOf('r4', { status: 'current', mode: 'working', ...body }, 'clinic-list')).toEqual(errors);
  });

  test('is checked in the entries of a bundle and in contained resources', async () => {
    const meta = { profile: [profile('clinic-patient')] };
    const resource = { resourceType: 'Patient', meta, name: [{ family: 'x' }] };
    const bundle = {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [{ fullUrl: 'urn:uuid:0f4a3f0e-7d0c-4c3c-8f2e-2f4d5e9d1f11', resource }],
    };
    const { json } = await server.send('POST', '/r4/Bundle/$validate', { body: bundle });
    const errors = json.issue.filter(({ severity }) => severity === 'error');
    expect(errors.map(({ code: kind, expression }) => [kind, expression])).toEqual(
      ['extension', 'identifier', 'identifier'].map((name) => ['required', [`Bundle.entry[0].resource.${name}`]]),
    );
  });
});

describe('a profile of STU3', () => {
  const patient = {
    resourceType: 'Patient',
    extension: [ward('surgery')],
    name: [{ family: 'Careful' }],
    gender: 'female',
  };
  test.each<[string, Body, string[]]>([
    ['is kept', patient, []],
    ['wants an element', { ...patient, gender: undefined }, ['required Patient.gender']],
    ['wants an extension', { ...patient, extension: undefined }, ['required Patient.extension ward']],
    [
      'looks into an extension',
      { ...patient, extension: [ward('x')] },
      ['code-invalid Patient.extension[0].value.ofType(code)'],
    ],
    ['has invariants', { ...patient, name: [{ text: 'x' }] }, ['invariant Patient clinic-1']],
    [
      'narrows references',
      { ...patient, generalPractitioner: [{ reference: 'Organization/1' }, { reference: 'Practitioner/1' }] },
      ['value Patient.generalPractitioner[0]'],
    ],
  ])('%s', async (_, body, errors) => {
    expect(await errorsOf('stu3', body, 'clinic-patient')).toEqual(errors);
  });
});

describe.each(fhirVersions)('the search parameters of a guide, %s', (version) => {
  test('find what they select', async () => {
    for (const [id, code] of [
      ['w1', 'surgery'],
      ['w2', 'paediatrics'],
    ] as const) {
      const body = { resourceType: 'Patient', id, extension: [ward(code)] };
      expect((await server.send('PUT', `/${version}/Patient/${id}`, { body })).status).toBe(201);
    }
    const found = async (query: string) =>
      (await server.send('GET', `/${version}/Patient?${query}`)).json.entry.map(({ resource }) => resource?.id);
    expect(await found('ward=surgery')).toEqual(['w1']);
    expect(await found('ward:not=surgery&_id=w1,w2')).toEqual(['w2']);
    expect(await found('ward:missing=false&_sort=-ward')).toEqual(['w1', 'w2']);
    await server.send('PUT', `/${version}/Patient/w1`, { body: { resourceType: 'Patient', id: 'w1' } });
    expect(await found('ward:missing=true&_id=w1')).toEqual(['w1']);
  });

  test('stand in the capability statement, with the profiles and the guide', async () => {
    const statement = (await server.send('GET', `/${version}/metadata`)).json as unknown as {
      readonly implementationGuide: readonly string[];
      readonly profile?: readonly { readonly reference: string }[];
      readonly rest: readonly {
        readonly resource: readonly {
          readonly type: string;
          readonly supportedProfile?: readonly string[];
          readonly searchParam: readonly {
            readonly name: string;
            readonly definition: string;
            readonly type: string;
          }[];
        }[];
      }[];
    };
    const patient = statement.rest[0]?.resource.find(({ type }) => type === 'Patient');
    expect(patient?.searchParam.find(({ name }) => name === 'ward')).toEqual({
      name: 'ward',
      definition: `${base}/SearchParameter/ward`,
      type: 'token',
    });
    const url = `${base}/ImplementationGuide/clinic`;
    if (version === 'r4') {
      expect(statement.implementationGuide).toEqual([`${url}|1.2.0`]);
      expect(patient?.supportedProfile).toEqual([profile('clinic-inpatient'), profile('clinic-patient')]);
      expect(patient?.searchParam.find(({ name }) => name === 'name')?.definition).not.toContain(base);
      expect(patient?.searchParam.some(({ name }) => name === 'odd')).toBe(false);
    } else {
      expect(statement.implementationGuide).toEqual([url]);
      expect(statement.profile).toEqual([{ reference: profile('clinic-patient') }]);
    }
  });
});
