import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions, type FhirVersion } from '../../fhir/version.js';
import { entriesOf, startTestServer, type TestResponse, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  for (const version of fhirVersions) {
    const put = async (body: { readonly resourceType: string; readonly id: string; readonly [e: string]: unknown }) => {
      const { status, text } = await server.send('PUT', `/${version}/${body.resourceType}/${body.id}`, { body });
      if (status !== 201) throw new Error(text);
    };
    const location = (id: string, latitude: number, longitude: number) =>
      put({ resourceType: 'Location', id, status: 'active', position: { latitude, longitude } });
    await location('leipzig', 51.3397, 12.3731);
    await location('halle', 51.4828, 11.9697);
    await location('florence', 43.77925, 11.24626);
    await location('fiji', -16.5, 179.99);
    await location('taveuni', -16.8, -179.97);
    await put({ resourceType: 'Location', id: 'nowhere', status: 'active' });
    await put({ resourceType: 'HealthcareService', id: 's1', location: [{ reference: 'Location/halle' }] });
  }
});
afterAll(() => server.close());

const ids = ({ status, json, text }: TestResponse): string[] => {
  if (status !== 200) throw new Error(text);
  return entriesOf(json).map(({ resource }) => resource?.id ?? '');
};

/** A search around a place, as each version writes it. */
const near = (version: FhirVersion, latitude: number, longitude: number, distance: string, chain = ''): string =>
  version === 'r4'
    ? `${chain}near=${String(latitude)}|${String(longitude)}|${distance.replace('||', '|')}`
    : `${chain}near=${String(latitude)}:${String(longitude)}&${chain}near-distance=${distance}`;

describe.each(fhirVersions)('a search for locations near a place, %s', (version) => {
  const get = (query: string) => server.send('GET', `/${version}/${query}`);

  test.each([
    [near(version, 51.3397, 12.3731, '1||km'), ['leipzig']],
    [near(version, 51.3397, 12.3731, '35||km'), ['halle', 'leipzig']],
    [near(version, 51.3397, 12.3731, '35000||m'), ['halle', 'leipzig']],
    [near(version, 51.3397, 12.3731, '35'), ['halle', 'leipzig']],
    [near(version, 43.77925, 11.24626, '900||km'), ['florence', 'halle', 'leipzig']],
    [near(version, -16.6, -179.999, '40||km'), ['fiji', 'taveuni']],
    [near(version, 0, 0, '21000||km'), ['fiji', 'florence', 'halle', 'leipzig', 'taveuni']],
    [`${near(version, 51.3397, 12.3731, '35||km')}&_id=halle,fiji`, ['halle']],
    [near(version, 0, 0, '10||km'), []],
  ])('%s', async (query, wanted) => {
    const answer = await get(`Location?${query}`);
    expect(ids(answer).sort()).toEqual(wanted);
    expect(answer.json.total).toBe(wanted.length);
  });

  test('can be chained, and stands in the self link as it was written', async () => {
    const query = near(version, 51.3397, 12.3731, '35||km', 'location.');
    const answer = await get(`HealthcareService?${query}`);
    expect(ids(answer)).toEqual(['s1']);
    const self = new URL(answer.json.link[0].url).searchParams;
    expect([...self]).toEqual([...new URLSearchParams(query)]);
    expect(ids(await get(`HealthcareService?${near(version, 51.3397, 12.3731, '5||km', 'location.')}`))).toEqual([]);
  });

  test('goes on over pages', async () => {
    const first = await get(`Location?${near(version, 0, 0, '21000||km')}&_count=3`);
    const next = first.json.link.find(({ relation }) => relation === 'next')?.url ?? '';
    expect([...ids(first), ...ids(await server.send('GET', next))].sort()).toEqual([
      'fiji',
      'florence',
      'halle',
      'leipzig',
      'taveuni',
    ]);
  });

  test('says how far each location is', async () => {
    const { json } = await get(`Location?${near(version, 51.3397, 12.3731, '35||km')}&_sort=_id`);
    const kilometre = { unit: 'km', system: 'http://unitsofmeasure.org', code: 'km' };
    const told = (value: number) => ({
      mode: 'match',
      extension: [
        {
          url: 'http://hl7.org/fhir/StructureDefinition/location-distance',
          valueDistance: { value, ...kilometre },
        },
      ],
    });
    expect(json.entry.map(({ search }) => search)).toEqual([told(32.186), told(0)]);
    const other = await get('Location?_id=halle');
    expect(other.json.entry[0]?.search).toEqual({ mode: 'match' });
  });

  test('follows what is changed', async () => {
    const path = `/${version}/Location/moving`;
    const body = (latitude: number) => ({
      resourceType: 'Location',
      id: 'moving',
      position: { latitude, longitude: 100 },
    });
    await server.send('PUT', path, { body: body(10) });
    expect(ids(await get(`Location?${near(version, 10, 100, '5||km')}`))).toEqual(['moving']);
    await server.send('PUT', path, { body: body(11) });
    expect(ids(await get(`Location?${near(version, 10, 100, '5||km')}`))).toEqual([]);
    await server.send('DELETE', path);
    expect(ids(await get(`Location?${near(version, 11, 100, '5||km')}`))).toEqual([]);
  });

  const wrong =
    version === 'r4'
      ? [
          ['near=1', 'near'],
          ['near=91|0', 'near'],
          ['near=0|181', 'near'],
          ['near=a|0', 'near'],
          ['near=0|', 'near'],
          ['near=0|0|-1', 'near'],
          ['near=0|0|far', 'near'],
          ['near=0|0|1|kg', 'near'],
          ['near=0|0|1|miles', 'near'],
          ['near=0|0|1|km|x', 'near'],
          ['near=0:0', 'near'],
          ['near:exact=0|0', 'near:exact'],
          ['_sort=near', '_sort'],
          ['near-distance=1||km', 'near-distance'],
        ]
      : [
          ['near=0:0', 'near'],
          ['near-distance=1||km', 'near-distance'],
          ['near=0|0&near-distance=1', 'near'],
          ['near=91:0&near-distance=1', 'near'],
          ['near=0:0&near-distance=1||kg', 'near-distance'],
          ['near=0:0&near-distance=-1||km', 'near-distance'],
          ['near=0:0&near-distance=1|http://other.org|km', 'near-distance'],
          ['near=0:0,1:1&near-distance=1||km', 'near'],
          ['near=0:0&near=1:1&near-distance=1||km', 'near'],
          ['near=0:0&near-distance=1&near-distance=2', 'near-distance'],
          ['_sort=near', '_sort'],
        ];
  test.each(wrong)('%s is refused', async (query, place) => {
    const { status, json } = await get(`Location?${query}`);
    expect([status, json.issue[0].expression]).toEqual([400, [place]]);
  });
});
