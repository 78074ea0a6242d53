import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../fhir/version.js';
import { startTestServer, type TestResponse, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  for (const version of fhirVersions) {
    const put = async (body: { readonly resourceType: string; readonly id: string; readonly [e: string]: unknown }) => {
      const { status, text } = await server.send('PUT', `/${version}/${body.resourceType}/${body.id}`, { body });
      if (status >= 300) throw new Error(text);
    };
    const observation = (id: string, subject: string, extra: object = {}) =>
      put({
        resourceType: 'Observation',
        id,
        status: 'final',
        code: { text: id },
        subject: { reference: subject },
        ...extra,
      });
    await put({ resourceType: 'Organization', id: 'top', name: 'Top' });
    await put({ resourceType: 'Organization', id: 'ward', name: 'Ward', partOf: { reference: 'Organization/top' } });
    for (const [id, family] of [
      ['p1', 'First'],
      ['p2', 'Other'],
    ] as const) {
      await put({
        resourceType: 'Patient',
        id,
        name: [{ family }],
        managingOrganization: { reference: 'Organization/ward' },
      });
    }
    await put({
      resourceType: 'Patient',
      id: 'p1',
      name: [{ family: 'Second' }],
      managingOrganization: { reference: 'Organization/ward' },
    });
    await observation('o1', 'Patient/p1', {
      performer: [{ reference: 'Practitioner/d1' }, { reference: 'Organization/top' }],
    });
    await observation('o2', 'Patient/p1/_history/1', { performer: [{ reference: 'Practitioner/none' }] });
    await observation('o3', 'http://other.org/fhir/Patient/p1');
    await observation('o4', 'Patient/p2');
    await put({ resourceType: 'Practitioner', id: 'd1', name: [{ family: 'Doctor' }] });
    await put({ resourceType: 'Condition', id: 'c1', code: { text: 'x' }, subject: { reference: 'Patient/p1' } });
  }
});
afterAll(() => server.close());

/** Matches as they are, included resources with a `+`. */
const shown = ({ status, json, text }: TestResponse): string[] => {
  if (status !== 200) throw new Error(text);
  return json.entry.map(({ resource, search }) => `${search?.mode === 'include' ? '+' : ''}${resource?.id ?? ''}`);
};

describe.each(fhirVersions)('included resources, %s', (version) => {
  const get = (query: string, as = 'practitioner') => server.send('GET', `/${version}/${query}`, { as });

  test.each([
    ['Observation?_id=o1&_include=Observation:subject', ['o1', '+p1']],
    ['Observation?_id=o1&_include=Observation:performer', ['o1', '+d1', '+top']],
    ['Observation?_id=o1&_include=Observation:performer:Practitioner', ['o1', '+d1']],
    ['Observation?_id=o1&_include=Observation:*', ['o1', '+p1', '+d1', '+top']],
    ['Observation?_id=o1&_include=*', ['o1', '+p1', '+d1', '+top']],
    [
      'Observation?_id=o1,o4&_include=Observation:subject&_include:iterate=Patient:organization',
      ['o1', 'o4', '+p1', '+p2', '+ward'],
    ],
    [
      'Observation?_id=o4&_include=Observation:subject&_include:recurse=Patient:organization&_include:iterate=Organization:partof',
      ['o4', '+p2', '+ward', '+top'],
    ],
    ['Observation?_id=o4&_include=Observation:subject&_include=Observation:patient', ['o4', '+p2']],
    ['Observation?_id=o3&_include=Observation:subject', ['o3']],
    // What another type refers to is not of the matches, and none of it is included without :iterate.
    ['Observation?_id=o4&_include=Observation:subject&_include=Patient:organization', ['o4', '+p2']],
    ['Patient?_id=p1&_revinclude=Condition:patient', ['p1', '+c1']],
    ['Patient?_id=p1&_revinclude=Observation:*', ['p1', '+o1', '+o2']],
    ['Patient?_id=p1&_revinclude=*', ['p1', '+c1', '+o1', '+o2']],
    [
      'Organization?_id=ward&_revinclude=Patient:organization&_revinclude:iterate=Observation:subject',
      ['ward', '+p1', '+p2', '+o1', '+o2', '+o4'],
    ],
    ['Organization?_id=top&_revinclude:iterate=Organization:partof', ['top', '+ward']],
  ])('%s stand once behind the matches', async (query, wanted) => {
    const found = shown(await get(query));
    expect([...found].sort()).toEqual([...wanted].sort());
  });

  test('are the version that a reference names', async () => {
    const { json } = await get('Observation?_id=o2&_include=Observation:subject');
    expect(json.entry[1]?.resource).toMatchObject({ id: 'p1', meta: { versionId: '1' }, name: [{ family: 'First' }] });
    const both = await get('Observation?_id=o1,o2&_include=Observation:subject');
    const versions = both.json.entry.filter(({ search }) => search?.mode === 'include');
    expect(versions.map(({ resource }) => resource?.meta.versionId).sort()).toEqual(['1', '2']);
    const match = await get('Patient?_id=p1&_revinclude=Observation:subject&_include:iterate=Observation:subject');
    expect(shown(match)).toEqual(['p1', '+o1', '+o2', '+p1']);
  });

  test('are only what the caller may see, versions included', async () => {
    expect(shown(await get('Observation?_id=o2&_include=Observation:subject', 'patient-1'))).toEqual(['o2', '+p1']);
    const path = `/${version}/Observation/shared`;
    const body = {
      resourceType: 'Observation',
      id: 'shared',
      status: 'final',
      code: { text: 'x' },
      subject: { reference: 'Patient/p2/_history/1' },
      performer: [{ reference: 'Patient/p1' }],
    };
    await server.send('PUT', path, { body });
    expect(shown(await get('Observation?_id=shared&_include=Observation:subject', 'patient-1'))).toEqual(['shared']);
    expect(shown(await get('Observation?_id=shared&_include=Observation:subject'))).toEqual(['shared', '+p2']);
    expect(shown(await get('Organization?_id=ward&_revinclude=*', 'patient-1'))).toEqual(['ward', '+p1']);
    await server.send('DELETE', path);
  });
});
