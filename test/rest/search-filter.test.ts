import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../fhir/version.js';
import { entriesOf, startTestServer, type TestResponse, type TestServer } from '../support/server.js';

const genders = 'http://hl7.org/fhir/ValueSet/administrative-gender';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  for (const version of fhirVersions) {
    const put = async (body: { readonly resourceType: string; readonly id: string; readonly [e: string]: unknown }) => {
      const { status, text } = await server.send('PUT', `/${version}/${body.resourceType}/${body.id}`, { body });
      if (status !== 201) throw new Error(text);
    };
    const patient = (id: string, family: string, extra: object) =>
      put({ resourceType: 'Patient', id, name: [{ family }], ...extra });
    await put({ resourceType: 'Organization', id: 'g1', name: 'General', active: true });
    await put({ resourceType: 'Organization', id: 'g2', name: 'General', active: false });
    await patient('p1', 'Smith', { gender: 'male', managingOrganization: { reference: 'Organization/g1' } });
    await patient('p2', 'Jones', { gender: 'female', managingOrganization: { reference: 'Organization/g2' } });
    await patient('p3', 'Smithers', { birthDate: '2001-02-03' });
    const observation = (id: string, subject: string, code: string) =>
      put({
        resourceType: 'Observation',
        id,
        status: 'final',
        code: { coding: [{ system: 'http://loinc.org', code }] },
        subject: { reference: subject },
      });
    await observation('o1', 'Patient/p1', '1234-5');
    await observation('o2', 'Patient/p2', '1234-5');
    await observation('o3', 'Patient/p3', '9');
  }
});
afterAll(() => server.close());

const ids = ({ status, json, text }: TestResponse): string[] => {
  if (status !== 200) throw new Error(text);
  return entriesOf(json)
    .map(({ resource }) => resource?.id ?? '')
    .sort();
};

describe.each(fhirVersions)('a search by _filter, %s', (version) => {
  const get = (type: string, filter: string, rest = '', as = 'practitioner') =>
    server.send('GET', `/${version}/${type}?_filter=${encodeURIComponent(filter)}${rest}`, { as });

  test.each([
    ['Patient', 'family eq smith', ['p1']],
    ['Patient', 'family sw smith', ['p1', 'p3']],
    ['Patient', '(family eq smith) or (family eq jones)', ['p1', 'p2']],
    ['Patient', 'not (family eq smith)', ['p2', 'p3']],
    ['Patient', 'gender pr false or gender eq male', ['p1', 'p3']],
    ['Patient', 'birthdate pr true', ['p3']],
    ['Patient', `gender in ${genders}`, ['p1', 'p2']],
    ['Patient', `gender ni ${genders}`, ['p3']],
    ['Patient', 'organization.name eq general', ['p1', 'p2']],
    ['Patient', 'organization[active eq true].name eq general', ['p1']],
    ['Patient', 'organization[not (active eq true)].name eq general', ['p2']],
    ['Patient', 'organization.name pr false', ['p3']],
    ['Patient', 'not (organization.name eq general)', ['p3']],
    ['Observation', 'code eq loinc|1234-5 and subject:Patient.name co "mit"', ['o1']],
    ['Observation', 'subject.name co mit', ['o1', 'o3']],
    ['Observation', 'subject re Patient/p1 or patient re p2', ['o1', 'o2']],
    ['Observation', 'patient.organization.active eq true', ['o1']],
  ])('%s: %s', async (type, filter, wanted) => {
    const answer = await get(type, filter, '&_total=accurate');
    expect(ids(answer)).toEqual(wanted);
    expect(answer.json.total).toBe(wanted.length);
  });

  test('holds beside other parameters, and repeated', async () => {
    expect(ids(await get('Patient', 'family sw smith', '&birthdate=2001'))).toEqual(['p3']);
    expect(ids(await get('Patient', 'family sw smith', '&_filter=gender%20eq%20male'))).toEqual(['p1']);
    expect(ids(await server.send('GET', `/${version}/Patient?_filter=`))).toEqual(['p1', 'p2', 'p3']);
  });

  test('goes on over pages, sorted, and stands in the self link', async () => {
    const filter = 'family eq smith or family eq jones';
    const first = await get('Patient', filter, '&_count=1&_sort=-family');
    const next = first.json.link.find(({ relation }) => relation === 'next')?.url ?? '';
    expect([...ids(first), ...ids(await server.send('GET', next))]).toEqual(['p1', 'p2']);
    expect(new URL(first.json.link[0].url).searchParams.get('_filter')).toBe(filter);
  });

  test('is taken by POST, in a batch, over several types and in criteria', async () => {
    const posted = await server.send('POST', `/${version}/Patient/_search`, {
      body: new URLSearchParams({ _filter: 'family eq smith' }).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(ids(posted)).toEqual(['p1']);
    const several = await server.send(
      'GET',
      `/${version}?_type=Patient,Organization&_filter=${encodeURIComponent('name eq general or name eq jones')}`,
    );
    expect(ids(several)).toEqual(['g1', 'g2', 'p2']);
    const made = await server.send('POST', `/${version}/Patient`, {
      body: { resourceType: 'Patient' },
      headers: { 'if-none-exist': `_filter=${encodeURIComponent('family eq smith and gender eq male')}` },
    });
    expect([made.status, made.json.id]).toEqual([200, 'p1']);
  });

  test('tells a patient nothing about others', async () => {
    expect(ids(await get('Patient', 'not (family eq nobody)', '', 'patient-1'))).toEqual(['p1']);
    expect(ids(await get('Observation', 'subject.name co mit or subject.name co jones', '', 'patient-1'))).toEqual([
      'o1',
    ]);
    expect(ids(await get('Organization', 'name eq general', '', 'patient-1'))).toEqual(['g1', 'g2']);
  });

  test.each([
    ['Patient', 'family eq'],
    ['Patient', 'nonsense eq 1'],
    ['Patient', 'gender in http://x.org/none'],
    ['Observation', 'code ss loinc|1'],
  ])('%s: %s is refused', async (type, filter) => {
    const { status, json } = await get(type, filter);
    expect([status, json.issue[0].expression]).toEqual([400, ['_filter']]);
  });
});
