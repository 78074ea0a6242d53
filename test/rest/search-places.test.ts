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
    const meta = { tag: [{ system: 'http://t', code: 'x' }] };
    await put({ resourceType: 'Patient', id: 'p1', meta, name: [{ family: 'One' }] });
    await put({ resourceType: 'Patient', id: 'p2', name: [{ family: 'Two' }] });
    for (const [id, patient, code] of [
      ['o1', 'p1', 'a'],
      ['o2', 'p1', 'b'],
      ['o3', 'p2', 'a'],
    ] as const) {
      const subject = { reference: `Patient/${patient}` };
      await put({ resourceType: 'Observation', id, meta, status: 'final', code: { coding: [{ code }] }, subject });
    }
    const subject = { reference: 'Patient/p1' };
    await put({ resourceType: 'Condition', id: 'c1', code: { coding: [{ code: 'a' }] }, subject });
    await put({ resourceType: 'Organization', id: 'g1', meta, name: 'One' });
  }
});
afterAll(() => server.close());

const keys = ({ status, json, text }: TestResponse): string[] => {
  if (status !== 200) throw new Error(text);
  return entriesOf(json).map(({ resource }) => `${resource?.resourceType ?? ''}/${resource?.id ?? ''}`);
};
const selfOf = ({ json }: TestResponse): string | undefined =>
  json.link.find(({ relation }) => relation === 'self')?.url;
const form = { 'content-type': 'application/x-www-form-urlencoded' };

describe.each(fhirVersions)('a search of the whole system, %s', (version) => {
  const get = (query: string, as = 'practitioner') => server.send('GET', `/${version}${query}`, { as });

  test.each([
    ['?_id=p1', ['Patient/p1']],
    ['/?_id=p1,o1&_sort=_id', ['Observation/o1', 'Patient/p1']],
    ['?_tag=x&_sort=_id', ['Organization/g1', 'Observation/o1', 'Observation/o2', 'Observation/o3', 'Patient/p1']],
    [
      '?_tag=x&_sort=-_lastUpdated&_type=Patient,Observation',
      ['Observation/o3', 'Observation/o2', 'Observation/o1', 'Patient/p1'],
    ],
    ['?_type=Observation,Condition&code=a&_sort=_id', ['Condition/c1', 'Observation/o1', 'Observation/o3']],
    ['?_type=Observation,Condition&patient.family=one&_sort=_id', ['Condition/c1', 'Observation/o1', 'Observation/o2']],
    ['?_type=Patient,Organization&name=one&_sort=_id', ['Organization/g1', 'Patient/p1']],
    ['?_type=Patient&family=two', ['Patient/p2']],
    ['?_type=Patient,Observation&_type=Observation,Condition&code=b', ['Observation/o2']],
    ['?_id=nobody', []],
    ['?_has:Observation:subject:code=b', ['Patient/p1']],
    ['?_has:Observation:subject:code=a&_has:Condition:subject:code=a', ['Patient/p1']],
  ])('%s finds resources of all types it names', async (query, wanted) => {
    const answer = await get(query);
    expect(keys(answer)).toEqual(wanted);
    expect(answer.json.total).toBe(wanted.length);
  });

  test('goes from page to page in one order, forward and back', async () => {
    const whole = keys(await get('?_sort=-_lastUpdated'));
    expect(whole).toHaveLength(7);
    let answer = await get('?_sort=-_lastUpdated&_count=3');
    const pages = [keys(answer)];
    for (let next; (next = answer.json.link.find(({ relation }) => relation === 'next')) !== undefined;) {
      answer = await server.send('GET', next.url);
      pages.push(keys(answer));
    }
    expect(pages.flat()).toEqual(whole);
    const previous = answer.json.link.find(({ relation }) => relation === 'previous');
    expect(keys(await server.send('GET', previous?.url ?? ''))).toEqual(whole.slice(3, 6));
  });

  test('says in the self link what was searched for', async () => {
    expect(selfOf(await get('?_type=Patient,Observation&_tag=x'))).toBe(
      `${server.base(version)}?_type=Patient%2CObservation&_tag=x`,
    );
  });

  test('takes a form by POST, joined to the query of the URL', async () => {
    const answer = await server.send('POST', `/${version}/_search?_type=Observation`, {
      body: '_tag=x&code=a',
      headers: form,
    });
    expect(keys(answer)).toEqual(['Observation/o1', 'Observation/o3']);
    expect(selfOf(answer)).toBe(`${server.base(version)}?_type=Observation&_tag=x&code=a`);
    expect((await server.send('GET', `/${version}/_search?_tag=x`)).status).toBe(405);
  });

  test.each([
    ['?name=one', 'name', 'no search parameter'],
    ['?_type=Patient,Observation&family=one', 'family', 'Observation has no search parameter'],
    ['?_type=Patient,Observation&_sort=family', '_sort', 'Observation has no such search parameter'],
    ['?_type=Nonsense', '_type', '"Nonsense"'],
    ['?_type=Patient,', '_type', 'resource types'],
    ['?_type=Patient&_type=Observation', '_type', 'no type'],
  ])('%s is refused: parameters are common to all types', async (query, place, says) => {
    const { status, json } = await get(query);
    expect([status, json.issue[0].expression]).toEqual([400, [place]]);
    expect(json.issue[0].diagnostics).toContain(says);
  });

  test('leniently leaves out what not all types know, on all of them', async () => {
    const answer = await server.send('GET', `/${version}?_type=Patient,Observation&family=two&_id=p1,o1&_sort=_id`, {
      headers: { prefer: 'handling=lenient' },
    });
    expect(keys(answer).slice(0, 2)).toEqual(['Observation/o1', 'Patient/p1']);
    expect(answer.json.entry.at(-1)?.search?.mode).toBe('outcome');
    expect(selfOf(answer)).not.toContain('family');
  });

  test('shows each caller what they may see of each type', async () => {
    expect(keys(await get('?_tag=x&_sort=_id', 'patient-1'))).toEqual([
      'Organization/g1',
      'Observation/o1',
      'Observation/o2',
      'Patient/p1',
    ]);
    expect(keys(await get('?_id=p2,o3', 'patient-1'))).toEqual([]);
    expect(keys(await get('?_tag=x', 'auditor'))).toEqual(['Patient/p1']);
    expect((await get('?_type=Patient,Observation', 'auditor')).status).toBe(403);
    expect((await get('?_tag=x', 'nobody')).status).toBe(403);
  });

  test('includes what matches of any type lead to', async () => {
    const answer = await get('?_id=o1,c1&_sort=_id&_include=Observation:subject&_type=Observation,Condition');
    expect(keys(answer)).toEqual(['Condition/c1', 'Observation/o1', 'Patient/p1']);
    expect(keys(await get('?_id=o1&_include=Encounter:subject&_type=Observation'))).toEqual(['Observation/o1']);
  });
});

describe.each(fhirVersions)('a search in a compartment, %s', (version) => {
  const get = (path: string, as = 'practitioner') => server.send('GET', `/${version}/${path}`, { as });

  test.each([
    ['Patient/p1/Observation', ['Observation/o1', 'Observation/o2']],
    ['Patient/p1/Observation?code=a', ['Observation/o1']],
    ['Patient/p2/Observation?code=b', []],
    ['Patient/p1/*?_sort=_id', ['Condition/c1', 'Observation/o1', 'Observation/o2', 'Patient/p1']],
    ['Patient/p1/*?_type=Condition,Observation&code=a&_sort=_id', ['Condition/c1', 'Observation/o1']],
    ['Patient/p1/Patient', ['Patient/p1']],
    ['Patient/nobody/Observation', []],
    ['Patient/p1/Observation?_include=Observation:subject&code=a', ['Observation/o1', 'Patient/p1']],
  ])('%s finds what is in it', async (path, wanted) => {
    expect(keys(await get(path))).toEqual(wanted);
  });

  test('takes a form by POST for one type, all types, and without naming types', async () => {
    const post = (path: string, body: string) => server.send('POST', `/${version}/${path}`, { body, headers: form });
    const one = await post('Patient/p1/Observation/_search?_sort=-_id', 'code=a,b');
    expect(keys(one)).toEqual(['Observation/o2', 'Observation/o1']);
    expect(selfOf(one)).toBe(`${server.base(version)}/Patient/p1/Observation?_sort=-_id&code=a%2Cb`);
    expect(keys(await post('Patient/p1/*/_search', '_id=c1'))).toEqual(['Condition/c1']);
    expect(keys(await post('Patient/p1/_search', '_id=c1'))).toEqual(['Condition/c1']);
  });

  test('goes from page to page', async () => {
    const first = await get('Patient/p1/Observation?_count=1');
    const next = first.json.link.find(({ relation }) => relation === 'next')?.url ?? '';
    expect(next).toContain(`/${version}/Patient/p1/Observation?_page=`);
    expect(keys(await server.send('GET', next))).toEqual(['Observation/o2']);
    const elsewhere = next.replace('Patient/p1', 'Patient/p2');
    expect((await server.send('GET', elsewhere)).status).toBe(400);
  });

  test('is no way around what a caller may see', async () => {
    expect(keys(await get('Patient/p2/Observation', 'patient-1'))).toEqual([]);
    expect(keys(await get('Patient/p2/*', 'patient-1'))).toEqual([]);
    expect(keys(await get('Patient/p1/*?_sort=_id', 'patient-1'))).toEqual([
      'Condition/c1',
      'Observation/o1',
      'Observation/o2',
      'Patient/p1',
    ]);
    expect((await get('Patient/p1/Observation', 'auditor')).status).toBe(403);
    expect(keys(await get('Patient/p1/*', 'auditor'))).toEqual(['Patient/p1']);
  });

  test.each([
    ['Patient/p1/Organization', 404],
    ['Patient/p1/Nonsense', 404],
    ['Organization/g1/Observation', 404],
    ['Nonsense/1/Observation', 404],
    ['Patient/p1/Observation/more', 404],
    ['Patient/p1/*?_type=Organization', 400],
    ['Patient/p1/*?code=a', 400],
    ['Patient/p1/Observation?_type=Observation', 400],
  ])('%s is refused', async (path, status) => {
    expect((await get(path)).status).toBe(status);
  });
});

describe.each(fhirVersions)('a search, %s', (version) => {
  test('stands in a batch for the system and for compartments', async () => {
    const urls = [
      '?_id=p1',
      `${server.base(version)}?_id=o1`,
      'Patient/p1/Condition',
      'Patient/p1/*?_id=o2',
      'Patient/p1/Organization',
    ];
    const entry = urls.map((url) => ({ request: { method: 'GET', url } }));
    const { json } = await server.send('POST', `/${version}`, {
      body: { resourceType: 'Bundle', type: 'batch', entry },
    });
    expect(json.entry.map(({ resource }) => resource?.entry[0]?.resource?.id)).toEqual([
      'p1',
      'o1',
      'c1',
      'o2',
      undefined,
    ]);
    expect(json.entry[2]?.resource?.link[0].url).toBe(`${server.base(version)}/Patient/p1/Condition`);
    expect(json.entry[4]?.response?.status).toMatch(/^404/);
  });

  test('joins the parameters of the URL and of the form, repeated ones must all hold', async () => {
    const answer = await server.send('POST', `/${version}/Observation/_search?code=a`, {
      body: 'subject=Patient/p1&code=a,b',
      headers: form,
    });
    expect(keys(answer)).toEqual(['Observation/o1']);
    const none = await server.send('GET', `/${version}/Observation?code=a&code=b`);
    expect(keys(none)).toEqual([]);
  });

  test('says in the self link only what was used, encoded', async () => {
    const answer = await server.send(
      'GET',
      `/${version}/Patient?family=&name=O%27%C3%A9+x%26y&nonsense=1&_format=json`,
      {
        headers: { prefer: 'handling=lenient' },
      },
    );
    expect(selfOf(answer)).toBe(`${server.base(version)}/Patient?name=O%27%C3%A9+x%26y&_format=json`);
    const many = await server.send('GET', `/${version}/Patient?_count=99999`);
    expect(selfOf(many)).toBe(`${server.base(version)}/Patient?_count=1000`);
  });
});
