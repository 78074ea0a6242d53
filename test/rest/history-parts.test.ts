import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../fhir/version.js';
import { entriesOf, startTestServer, type TestResponse, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  for (const version of fhirVersions) {
    const put = async (type: string, id: string, more: object): Promise<void> => {
      const { status, text } = await server.send('PUT', `/${version}/${type}/${id}`, {
        body: { resourceType: type, id, ...more },
      });
      if (status >= 300) throw new Error(text);
    };
    for (const id of ['a', 'b', 'p1']) {
      for (const family of ['One', 'Two']) {
        await put('Patient', id, { name: [{ family }], birthDate: '2001-02-03', photo: [{ title: 'x' }] });
      }
    }
    await server.send('DELETE', `/${version}/Patient/b`);
    await put('Organization', 'g', { name: 'Organization' });
    const item = (reference: string, more: object = {}) => ({ item: { reference }, ...more });
    const list = (id: string, ...entry: object[]) => put('List', id, { status: 'current', mode: 'changes', entry });
    await list('all', item('Patient/a'), item(`${server.base(version)}/Patient/b`), item('Organization/g'));
    await list(
      'some',
      item('Patient/a/_history/1'),
      item('Patient/b', { deleted: true }),
      item('http://other.org/fhir/Patient/p1'),
    );
    await put('List', 'own', {
      status: 'current',
      mode: 'working',
      subject: { reference: 'Patient/p1' },
      entry: [item('Patient/p1'), item('Patient/a')],
    });
  }
});
afterAll(() => server.close());

/** The versions of a page, as `Patient/a/1`; a deletion by its URL. */
const shown = ({ status, json, text }: TestResponse): string[] => {
  if (status !== 200) throw new Error(text);
  return entriesOf(json).map(({ resource, request }) =>
    resource === undefined
      ? (request?.url ?? '')
      : `${resource.resourceType}/${resource.id}/${resource.meta.versionId}`,
  );
};

describe.each(fhirVersions)('a history, %s', (version) => {
  const get = (path: string, as = 'practitioner') => server.send('GET', `/${version}/${path}`, { as });

  test.each([
    ['Patient/_history?_list=all', ['Patient/b', 'Patient/b/2', 'Patient/b/1', 'Patient/a/2', 'Patient/a/1']],
    ['_history?_list=List/all&_sort=_lastUpdated&_count=3', ['Patient/a/1', 'Patient/a/2', 'Patient/b/1']],
    ['Organization/_history?_list=all', ['Organization/g/1']],
    ['Patient/_history?_list=some', ['Patient/a/1']],
    ['Patient/_history?_list=some,own', ['Patient/p1/2', 'Patient/p1/1', 'Patient/a/2', 'Patient/a/1']],
    ['Patient/a/_history?_list=some', ['Patient/a/1']],
    ['Patient/b/_history?_list=some', []],
    ['Organization/_history?_list=some', []],
    ['_history?_list=nowhere', []],
  ])('%s has the versions of what the list refers to', async (path, wanted) => {
    expect(shown(await get(path))).toEqual(wanted);
  });

  test('of a list is counted, and goes on over pages', async () => {
    expect((await get('Patient/_history?_list=all&_count=0')).json.total).toBe(5);
    const found: string[] = [];
    for (let next: string | undefined = `/${version}/_history?_list=all&_count=2`; next !== undefined;) {
      const answer: TestResponse = await server.send('GET', next);
      found.push(...shown(answer));
      next = answer.json.link.find(({ relation }) => relation === 'next')?.url;
    }
    expect(found).toEqual([
      'Organization/g/1',
      'Patient/b',
      'Patient/b/2',
      'Patient/b/1',
      'Patient/a/2',
      'Patient/a/1',
    ]);
  });

  test('of a list shows nobody more than they may see', async () => {
    expect(shown(await get('Patient/_history?_list=own', 'patient-1'))).toEqual(['Patient/p1/2', 'Patient/p1/1']);
    expect(shown(await get('Patient/_history?_list=all', 'patient-1'))).toEqual([]);
    expect((await get('Patient/_history?_list=own', 'nobody')).status).toBe(403);
  });

  const parts = async (query: string) =>
    entriesOf((await get(`Patient/a/_history?${query}`)).json).map(({ resource }) =>
      Object.keys(resource ?? {}).filter((name) => !['resourceType', 'id', 'meta'].includes(name)),
    );

  test('shows the part of each version that is asked for, tagged as one', async () => {
    expect(await parts('_elements=birthDate')).toEqual([['birthDate'], ['birthDate']]);
    expect(await parts('_elements=Patient.name,birthDate')).toEqual([
      ['name', 'birthDate'],
      ['name', 'birthDate'],
    ]);
    expect(await parts('_summary=true')).toEqual([
      ['name', 'birthDate'],
      ['name', 'birthDate'],
    ]);
    expect(await parts('_summary=false')).toEqual([
      ['name', 'birthDate', 'photo'],
      ['name', 'birthDate', 'photo'],
    ]);
    const { text } = await get('Patient/a/_history?_summary=true');
    expect(text.match(/"SUBSETTED"/g)).toHaveLength(2);
    expect((await get('_history?_elements=name,birthDate')).status).toBe(200);
  });

  test('is only counted with _summary=count', async () => {
    const { json } = await get('Patient/b/_history?_summary=count');
    expect([json.total, entriesOf(json)]).toEqual([3, []]);
  });

  test('keeps the part it shows on the next pages, and in a bundle', async () => {
    const first = await get('Patient/a/_history?_elements=birthDate&_count=1');
    const next = first.json.link.find(({ relation }) => relation === 'next')?.url ?? '';
    const [entry] = (await server.send('GET', next)).json.entry;
    expect(entry?.resource).toMatchObject({ birthDate: '2001-02-03' });
    expect(entry?.resource).not.toHaveProperty('name');
    const url = 'Patient/a/_history?_elements=birthDate&_list=some';
    const { json } = await server.send('POST', `/${version}`, {
      body: { resourceType: 'Bundle', type: 'transaction', entry: [{ request: { method: 'GET', url } }] },
    });
    expect(json.entry[0]?.resource?.entry).toHaveLength(1);
    expect(json.entry[0]?.resource?.entry[0]?.resource).not.toHaveProperty('name');
  });
});
