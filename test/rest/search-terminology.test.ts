import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../fhir/version.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

type Json = Record<string, unknown>;

describe.each(fhirVersions)('%s', (version) => {
  const root = `/${version}`;
  const put = async (resource: Json & { resourceType: string; id: string }): Promise<void> => {
    const { json } = await server.send('PUT', `${root}/${resource.resourceType}/${resource.id}`, { body: resource });
    expect(json.issue).toBeUndefined();
  };
  const get = (query: string, as = 'practitioner') => server.send('GET', `${root}/${query}`, { as });
  const found = async (query: string, as?: string): Promise<(string | undefined)[]> => {
    const { status, json } = await get(query, as);
    expect([query, status, json.issue]).toEqual([query, 200, undefined]);
    return (json.total === 0 ? [] : json.entry).map(({ resource }) => resource?.id).sort();
  };
  const observation = (id: string, ...coding: Json[]) => ({
    resourceType: 'Observation',
    id,
    status: id === 'kale' ? 'amended' : 'final',
    code: { coding },
    subject: { reference: 'Patient/p1' },
  });

  beforeAll(async () => {
    const concept = [
      { code: 'food', concept: [{ code: 'fruit', concept: [{ code: 'apple' }, { code: 'pear' }] }, { code: 'kale' }] },
    ];
    const common = { status: 'active', name: 'x' };
    await put({ resourceType: 'CodeSystem', id: 'food', url: 'http://food', content: 'complete', concept, ...common });
    const isFruit = { property: 'concept', op: 'is-a', value: 'fruit' };
    const include = [{ system: 'http://food', filter: [isFruit] }];
    await put({
      resourceType: 'ValueSet',
      id: 'fruits',
      url: 'http://fruits',
      version: '1',
      compose: { include },
      ...common,
    });
    await put({
      resourceType: 'ValueSet',
      id: 'sct',
      url: 'http://sct',
      compose: { include: [{ system: 'http://snomed.info/sct' }] },
      ...common,
    });
    for (const code of ['food', 'fruit', 'apple', 'pear', 'kale'])
      await put(observation(code, { system: 'http://food', code }));
    await put(observation('foreign', { system: 'http://other', code: 'apple' }));
    await put(observation('both', { system: 'http://other', code: 'x' }, { system: 'http://food', code: 'pear' }));
    await put({ ...observation('text'), code: { text: 'apple' } });
    await put({ resourceType: 'Patient', id: 'p1', gender: 'male' });
    await put({ resourceType: 'Patient', id: 'genderless' });
  });

  test('token :in finds codes of a value set, by url, version or reference', async () => {
    const fruits = ['apple', 'both', 'fruit', 'pear'];
    expect(await found('Observation?code:in=http://fruits')).toEqual(fruits);
    expect(await found('Observation?code:in=http://fruits|1')).toEqual(fruits);
    expect(await found('Observation?code:in=ValueSet/fruits')).toEqual(fruits);
    expect(await found(`Observation?code:in=${server.base(version)}/ValueSet/fruits`)).toEqual(fruits);
    expect(await found('Observation?code:in=http://fruits&code=http://food|pear')).toEqual(['both', 'pear']);
  });

  test('token :not-in finds what has no code of the value set', async () => {
    expect(await found('Observation?code:not-in=http://fruits')).toEqual(['food', 'foreign', 'kale', 'text']);
  });

  test('value sets of the definitions count, for codes whose system the element implies too', async () => {
    const gender = 'http://hl7.org/fhir/ValueSet/administrative-gender';
    expect(await found(`Patient?gender:in=${gender}`)).toEqual(['p1']);
    expect(await found(`Patient?gender:not-in=${gender}`)).toEqual(['genderless']);
    expect(await found('Observation?status:in=http://hl7.org/fhir/ValueSet/observation-status&_id=kale')).toEqual([
      'kale',
    ]);
  });

  test('token :below finds what a code subsumes, :above what subsumes it', async () => {
    expect(await found('Observation?code:below=http://food|fruit')).toEqual(['apple', 'both', 'fruit', 'pear']);
    expect(await found('Observation?code:below=http://food|apple,http://food|kale')).toEqual(['apple', 'kale']);
    expect(await found('Observation?code:above=http://food|apple')).toEqual(['apple', 'food', 'fruit']);
  });

  test('every page of such a search is of the same search', async () => {
    const first = await get('Observation?code:in=http://fruits&_count=3');
    const next = first.json.link.find(({ relation }) => relation === 'next')?.url ?? '';
    const second = await server.send('GET', next);
    expect([...first.json.entry, ...second.json.entry].map(({ resource }) => resource?.id).sort()).toEqual([
      'apple',
      'both',
      'fruit',
      'pear',
    ]);
  });

  test('a changed value set changes the search', async () => {
    const common = { resourceType: 'ValueSet', id: 'changing', url: 'http://changing', status: 'active', name: 'x' };
    const including = (code: string) => ({
      ...common,
      compose: { include: [{ system: 'http://food', concept: [{ code }] }] },
    });
    await put(including('apple'));
    expect(await found('Observation?code:in=http://changing')).toEqual(['apple']);
    await put(including('kale'));
    expect(await found('Observation?code:in=http://changing')).toEqual(['kale']);
  });

  test('bundles and criteria of conditional interactions search so too', async () => {
    const search = { request: { method: 'GET', url: 'Observation?code:in=http://fruits' } };
    for (const type of ['batch', 'transaction']) {
      const { json } = await server.send('POST', root, { body: { resourceType: 'Bundle', type, entry: [search] } });
      expect([type, json.entry[0]?.resource?.total]).toEqual([type, 4]);
    }
    const headers = { 'if-none-exist': 'code:below=http://food|kale' };
    const { status, json } = await server.send('POST', `${root}/Observation`, {
      body: observation('new', { code: 'x' }),
      headers,
    });
    expect([status, json.id]).toEqual([200, 'kale']);
  });

  test.each([
    ['code:in=http://nowhere', 'code:in', 'not known'],
    ['code:in=ValueSet/none', 'code:in', 'not known'],
    ['code:in=http://fruits|2', 'code:in', 'not known'],
    ['code:in=http://sct', 'code:in', 'cannot be listed'],
    ['code:not-in=http://nowhere', 'code:not-in', 'not known'],
    ['code:below=http://nowhere|x', 'code:below', 'not known'],
    ['code:below=http://food|plum', 'code:below', 'no code'],
    ['code:below=plum', 'code:below', 'system'],
  ])('%s is refused, in lenient handling too', async (query, place, why) => {
    for (const headers of [{}, { prefer: 'handling=lenient' }] as Record<string, string>[]) {
      const { status, json } = await server.send('GET', `${root}/Observation?${query}`, { headers });
      expect([status, json.issue[0].expression]).toEqual([400, [place]]);
      expect(json.issue[0].diagnostics).toContain(why);
    }
  });

  test('a query that names more value sets than anyone means is refused', async () => {
    const many = Array.from({ length: 101 }, (_, n) => `http://nowhere/${String(n)}`).join(',');
    const { status, json } = await get(`Observation?code:in=${many}`);
    expect([status, json.issue[0].diagnostics]).toEqual([400, expect.stringContaining('more than 100')]);
  });

  test('a value set that the caller may not see is one that is not known', async () => {
    const { status, json } = await get('Observation?code:in=http://fruits', 'patient-1');
    expect([status, json.issue[0].diagnostics]).toEqual([400, 'The value set http://fruits is not known']);
    expect((await get('Observation?code:in=ValueSet/fruits', 'patient-1')).status).toBe(400);
    expect(
      await found('Observation?status:in=http://hl7.org/fhir/ValueSet/observation-status&_id=apple', 'patient-1'),
    ).toEqual(['apple']);
  });
});
