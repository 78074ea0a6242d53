import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../fhir/version.js';
import { entriesOf, startTestServer, type TestResponse, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  for (const version of fhirVersions) {
    const put = async (body: { readonly resourceType: string; readonly id: string; readonly [e: string]: unknown }) => {
      const { status, text } = await server.send('PUT', `/${version}/${body.resourceType}/${body.id}`, { body });
      if (status !== 201) throw new Error(text);
    };
    const partOf = (reference: string | undefined) => (reference === undefined ? {} : { partOf: { reference } });
    const location = (id: string, above?: string) =>
      put({ resourceType: 'Location', id, status: 'active', name: id, ...partOf(above) });
    await location('hospital');
    await location('wing', 'Location/hospital');
    await location('ward', `${server.base(version)}/Location/wing`);
    await location('room', 'Location/ward/_history/1');
    await location('other');
    await location('elsewhere', 'http://other.org/fhir/Location/hospital');
    // A circle, and one that is part of itself.
    await location('a', 'Location/b');
    await location('b', 'Location/a');
    await location('own', 'Location/own');
    const encounter = (id: string, place: string, extra: object = {}) =>
      put({
        resourceType: 'Encounter',
        id,
        status: 'finished',
        ...(version === 'r4' ? { class: { code: 'AMB' } } : {}),
        location: [{ location: { reference: place } }],
        ...extra,
      });
    await encounter('e-hospital', 'Location/hospital');
    await encounter('e-ward', 'Location/ward', { subject: { reference: 'Patient/p1' } });
    await encounter('e-room', 'Location/room', { partOf: { reference: 'Encounter/e-ward' } });
    await encounter('e-other', 'Location/other');
    await encounter('e-circle', 'Location/b');
    await encounter('e-inside', '#l', {
      contained: [{ resourceType: 'Location', id: 'l', status: 'active', partOf: { reference: 'Location/ward' } }],
    });
    await put({ resourceType: 'Patient', id: 'p1' });
  }
});
afterAll(() => server.close());

const ids = ({ status, json, text }: TestResponse): string[] => {
  if (status !== 200) throw new Error(text);
  return entriesOf(json)
    .map(({ resource }) => resource?.id ?? '')
    .sort();
};

describe.each(fhirVersions)('a search down or up a hierarchy, %s', (version) => {
  const get = (query: string, as = 'practitioner') => server.send('GET', `/${version}/${query}`, { as });

  test.each([
    ['Encounter?location:below=hospital', ['e-hospital', 'e-inside', 'e-room', 'e-ward']],
    ['Encounter?location:below=Location/wing', ['e-inside', 'e-room', 'e-ward']],
    ['Encounter?location:below=room', ['e-room']],
    ['Encounter?location:below=wing,other', ['e-inside', 'e-other', 'e-room', 'e-ward']],
    ['Encounter?location:below=a', ['e-circle']],
    ['Encounter?location:below=nowhere', []],
    ['Encounter?location:below=hospital&subject=Patient/p1', ['e-ward']],
    ['Encounter?location:above=room', ['e-hospital', 'e-room', 'e-ward']],
    ['Encounter?location:above=Location/wing', ['e-hospital']],
    ['Encounter?location:above=b', ['e-circle']],
    ['Encounter?location:above=nowhere', []],
    ['Location?partof:below=hospital', ['room', 'ward', 'wing']],
    ['Location?partof:below=wing', ['room', 'ward']],
    ['Location?partof:below=a', ['a', 'b']],
    ['Location?partof:below=own', ['own']],
    ['Location?partof:above=ward', ['room', 'ward', 'wing']],
    ['Encounter?part-of:below=e-ward', ['e-room']],
    ['Patient?_has:Encounter:patient:location:below=hospital', ['p1']],
    ['Encounter?part-of.location:below=wing', ['e-room']],
  ])('%s', async (query, wanted) => {
    expect(ids(await get(query))).toEqual(wanted);
  });

  test('takes the address of a resource here', async () => {
    const url = `${server.base(version)}/Location/wing`;
    expect(ids(await get(`Encounter?location:below=${url}`))).toEqual(['e-inside', 'e-room', 'e-ward']);
  });

  test.each([
    ['Encounter?patient:below=p1', 'patient:below'],
    ['Encounter?patient:above=Patient/p1', 'patient:above'],
    ['Encounter?location:below=Patient/p1', 'location:below'],
    ['Encounter?location:above=http://other.org/fhir/Location/hospital', 'location:above'],
    ['Encounter?location:below=Location/wing/_history/1', 'location:below'],
    ['Encounter?location:below=a%20b', 'location:below'],
    ['Encounter?location:below=', undefined],
  ])('%s is understood or refused', async (query, place) => {
    const { status, json } = await get(query);
    expect([status, place === undefined ? undefined : json.issue[0].expression]).toEqual(
      place === undefined ? [200, undefined] : [400, [place]],
    );
  });

  test('leads only through what the caller may see', async () => {
    // An encounter of a patient that another may not see stands in between.
    const put = (id: string, subject: string, above?: string) =>
      server.send('PUT', `/${version}/Encounter/${id}`, {
        body: {
          resourceType: 'Encounter',
          id,
          status: 'finished',
          ...(version === 'r4' ? { class: { code: 'AMB' } } : {}),
          subject: { reference: subject },
          ...(above === undefined ? {} : { partOf: { reference: `Encounter/${above}` } }),
        },
      });
    await put('top', 'Patient/p1');
    await put('middle', 'Patient/p2', 'top');
    await put('low', 'Patient/p1', 'middle');
    expect(ids(await get('Encounter?part-of:below=top'))).toEqual(['low', 'middle']);
    expect(ids(await get('Encounter?part-of:below=top', 'patient-1'))).toEqual([]);
    expect(ids(await get('Encounter?part-of:above=low'))).toEqual(['low', 'middle']);
    expect(ids(await get('Encounter?part-of:above=low', 'patient-1'))).toEqual(['low']);
    for (const id of ['low', 'middle', 'top']) await server.send('DELETE', `/${version}/Encounter/${id}`);
  });

  test('is refused, never cut short, when there is more below than is looked at', async () => {
    const own = server.servers[version] as { mostIntermediates?: number };
    own.mostIntermediates = 2;
    expect(ids(await get('Location?partof:below=wing'))).toEqual(['room', 'ward']);
    const { status, json } = await get('Location?partof:below=hospital');
    expect([status, json.issue[0].code]).toEqual([413, 'too-costly']);
    delete own.mostIntermediates;
  });

  test('is forbidden to a role that may not search the type walked through', async () => {
    const { status } = await get('PractitionerRole?location:below=hospital', 'auditor');
    expect(status).toBe(403);
  });
});
