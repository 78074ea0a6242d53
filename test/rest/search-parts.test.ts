import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions, type FhirVersion } from '../../fhir/version.js';
import { startTestServer, type TestResponse, type TestServer } from '../support/server.js';

let server: TestServer;

const tag: Readonly<Record<FhirVersion, object>> = {
  r4: { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' },
  stu3: { system: 'http://hl7.org/fhir/v3/ObservationValue', code: 'SUBSETTED' },
};
const text = { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">x</div>' };
const patient = {
  resourceType: 'Patient',
  id: 'p1',
  meta: { tag: [{ system: 'http://t', code: 'own' }] },
  text,
  contained: [{ resourceType: 'Organization', id: 'inside', name: 'Inside' }],
  extension: [{ url: 'http://x.org/e', valueString: 'e' }],
  modifierExtension: [{ url: 'http://x.org/m', valueBoolean: true }],
  identifier: [{ value: '1', type: { text: 'kind' } }],
  active: true,
  name: [{ family: 'One' }],
  _birthDate: { extension: [{ url: 'http://x.org/unknown', valueCode: 'unknown' }] },
  maritalStatus: { text: 'single' },
  multipleBirthInteger: 2,
  photo: [{ contentType: 'image/png', data: 'eA==' }],
  managingOrganization: { reference: '#inside' },
  link: [{ other: { reference: 'Patient/p2' }, type: 'seealso' }],
};
const observation = {
  resourceType: 'Observation',
  id: 'o1',
  text,
  status: 'final',
  code: { text: 'weight' },
  subject: { reference: 'Patient/p1' },
  valueQuantity: { value: 1.5, unit: 'kg' },
  component: [{ code: { text: 'part' }, valueString: 'v', referenceRange: [{ text: 'range' }] }],
};

beforeAll(async () => {
  server = await startTestServer();
  for (const version of fhirVersions) {
    for (const body of [patient, { resourceType: 'Patient', id: 'p2' }, observation]) {
      const url = `/${version}/${body.resourceType}/${body.id}`;
      const sent = await server.send('PUT', url, { body });
      if (sent.status !== 201) throw new Error(sent.text);
    }
    // A decimal in digits that JavaScript would change.
    const weighed = JSON.stringify(observation).replace('1.5', '1.50').replace('"o1"', '"o2"');
    const headers = { 'content-type': 'application/fhir+json' };
    await server.send('PUT', `/${version}/Observation/o2`, { body: weighed, headers });
  }
});
afterAll(() => server.close());

const namesOf = (resource: object | undefined): string[] =>
  Object.keys(resource ?? {}).filter((name) => !['resourceType', 'id', 'meta'].includes(name));
const tagsOf = (resource: unknown): unknown => (resource as { meta: { tag?: unknown } }).meta.tag;

describe.each(fhirVersions)('a part of a resource, %s', (version) => {
  const get = (path: string, headers: Record<string, string> = {}): Promise<TestResponse> =>
    server.send('GET', `/${version}/${path}`, { headers });
  const mandatory = ['modifierExtension', 'active', 'link'];

  test.each([
    [
      '_summary=true',
      ['modifierExtension', 'identifier', 'active', 'name', '_birthDate', 'managingOrganization', 'link'],
    ],
    ['_summary=text', ['text', ...mandatory]],
    ['_summary=data', namesOf(patient).filter((name) => name !== 'text')],
    ['_elements=name', ['modifierExtension', 'active', 'name', 'link']],
    [
      '_elements=birthDate,multipleBirth',
      ['modifierExtension', 'active', '_birthDate', 'multipleBirthInteger', 'link'],
    ],
    [
      '_elements=multipleBirth[x],Patient.photo',
      ['modifierExtension', 'active', 'multipleBirthInteger', 'photo', 'link'],
    ],
    ['_elements=id', mandatory],
  ])(
    'by %s holds what was asked for and what must not be left out, and says that it is a part',
    async (form, names) => {
      const answers = [
        (await get(`Patient/p1?${form}`)).json,
        (await get(`Patient/p1/_history/1?${form}`)).json,
        (await get(`Patient?_id=p1&${form}`)).json.entry[0]?.resource,
      ];
      for (const resource of answers) {
        expect(namesOf(resource)).toEqual(names);
        expect(resource).toMatchObject({ resourceType: 'Patient', id: 'p1', meta: { versionId: '1' } });
        expect(tagsOf(resource)).toEqual([{ system: 'http://t', code: 'own' }, tag[version]]);
      }
    },
  );

  test('by _summary=false is the whole, as it is stored', async () => {
    const { text: whole } = await get('Patient/p1');
    expect((await get('Patient/p1?_summary=false')).text).toBe(whole);
    expect((await get('Patient?_id=p1&_summary=false')).text).toContain(whole);
  });

  test('holds of elements inside what their types mark as summary, and what is mandatory there', async () => {
    const { json } = await get('Observation/o1?_summary=true');
    expect(json).toMatchObject({ component: [{ code: { text: 'part' }, valueString: 'v' }] });
    expect(json).not.toHaveProperty('component.0.referenceRange');
    expect(json).toMatchObject({
      status: 'final',
      code: { text: 'weight' },
      valueQuantity: { value: 1.5, unit: 'kg' },
    });
  });

  test('keeps the digits of decimals', async () => {
    for (const form of ['_summary=true', '_elements=value']) {
      expect((await get(`Observation/o2?${form}`)).text).toContain('"value":1.50');
    }
  });

  test('has the version and the headers of the whole', async () => {
    const whole = await get('Patient/p1');
    const part = await get('Patient/p1?_elements=name');
    expect(part.headers.etag).toBe(whole.headers.etag);
    expect((await get('Patient/p1?_elements=name', { 'if-none-match': whole.headers.etag ?? '' })).status).toBe(304);
    const head = await server.send('HEAD', `/${version}/Patient/p1?_elements=name`);
    expect([head.status, head.bytes.length]).toEqual([200, 0]);
  });

  test('is asked of included resources by _summary, and by elements that name the type', async () => {
    const included = async (form: string): Promise<object | undefined> =>
      (await get(`Observation?_id=o1&_include=Observation:subject&${form}`)).json.entry[1]?.resource;
    expect(namesOf(await included('_summary=true'))).not.toContain('photo');
    expect(namesOf(await included('_elements=status'))).toContain('photo');
    expect(namesOf(await included('_elements=Patient.name'))).toEqual(['modifierExtension', 'active', 'name', 'link']);
    const both = await get('Observation?_id=o1&_include=Observation:subject&_elements=Patient.name');
    expect(namesOf(both.json.entry[0]?.resource)).toEqual(namesOf(observation));
    expect(tagsOf(both.json.entry[0]?.resource)).toBeUndefined();
  });

  test('is asked of all types of a system search', async () => {
    const { json } = await get('?_id=p1,o1&_elements=name,status&_sort=_id');
    expect(json.entry.map(({ resource }) => namesOf(resource))).toEqual([
      ['status', 'code'],
      ['modifierExtension', 'active', 'name', 'link'],
    ]);
  });

  test('goes on over pages, and stands in the self link', async () => {
    const first = await get('Patient?_count=1&_sort=-_id&_elements=name');
    expect(first.json.link.find(({ relation }) => relation === 'self')?.url).toContain('_elements=name');
    const next = first.json.link.find(({ relation }) => relation === 'next')?.url ?? '';
    expect(namesOf((await server.send('GET', next)).json.entry[0]?.resource)).toEqual([
      'modifierExtension',
      'active',
      'name',
      'link',
    ]);
  });

  test('stands in batches', async () => {
    const entry = ['Patient/p1?_elements=name', 'Patient?_id=p1&_summary=text', 'Patient/p1?_summary=count'].map(
      (url) => ({
        request: { method: 'GET', url },
      }),
    );
    const { json } = await server.send('POST', `/${version}`, {
      body: { resourceType: 'Bundle', type: 'batch', entry },
    });
    expect(namesOf(json.entry[0]?.resource)).toEqual(['modifierExtension', 'active', 'name', 'link']);
    expect(namesOf(json.entry[1]?.resource?.entry[0]?.resource)).toEqual(['text', ...mandatory]);
    expect(json.entry[2]?.response?.status).toMatch(/^400/);
  });

  test('of a count is the total alone', async () => {
    for (const query of ['_summary=count', '_count=0', '_count=0&_total=none']) {
      const { json } = await get(`Patient?${query}`);
      expect([json.total, json.entry]).toEqual([2, undefined]);
      expect(
        json.link.map(({ relation }) => relation).filter((each) => ['next', 'previous', 'last'].includes(each)),
      ).toEqual([]);
    }
  });

  test.each([
    ['Patient/p1?_summary=count', '_summary'],
    ['Patient/p1?_summary=maybe', '_summary'],
    ['Patient/p1?_elements=nonsense', '_elements'],
    ['Patient/p1?_elements=Observation.nonsense', '_elements'],
    ['Patient/p1?_elements=name.family', '_elements'],
    ['Patient/p1?_elements=a.b.c', '_elements'],
    ['Patient/p1?_elements=name,,id', '_elements'],
    ['Patient/p1?_elements=name&_summary=true', '_elements'],
    ['Patient?_elements=status', '_elements'],
    ['Patient?_summary=text&_include=Patient:link', '_summary'],
    ['Patient?_summary=text&_revinclude=Observation:subject', '_summary'],
  ])('%s is refused', async (path, place) => {
    const { status, json } = await get(path);
    expect([status, json.issue[0].expression]).toEqual([400, [place]]);
  });

  test('leniently is the whole when its elements are not known', async () => {
    const { json } = await get('Patient?_id=p1&_elements=nonsense', { prefer: 'handling=lenient' });
    expect(namesOf(json.entry[0]?.resource)).toEqual(namesOf(patient));
    expect(json.entry[1]?.search?.mode).toBe('outcome');
  });
});
