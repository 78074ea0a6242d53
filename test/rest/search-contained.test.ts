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
    const medication = (id: string, code: string, extra: object = {}) => ({
      resourceType: 'Medication',
      id,
      code: { coding: [{ system: 'http://m.org', code }] },
      ...extra,
    });
    const request = (id: string, patient: string, ...contained: object[]) =>
      put({
        resourceType: 'MedicationRequest',
        id,
        status: 'active',
        intent: 'order',
        contained,
        medicationReference: { reference: '#m1' },
        subject: { reference: `Patient/${patient}` },
        ...(contained.length < 2 ? {} : { reasonReference: [{ reference: '#m2' }] }),
      });
    await put({ resourceType: 'Patient', id: 'p1' });
    await put({ resourceType: 'Organization', id: 'maker', name: 'Maker' });
    await put(medication('real', 'abc'));
    await put(medication('m1', 'other'));
    await request('r1', 'p1', medication('m1', 'abc', { manufacturer: { reference: 'Organization/maker' } }));
    await request('r2', 'p2', medication('m1', 'abc'));
    await request('r3', 'p1', medication('m1', 'xyz'));
    await put({
      resourceType: 'List',
      id: 'l1',
      status: 'current',
      mode: 'working',
      contained: [medication('a', 'abc'), medication('b', 'abc'), medication('c', 'xyz')],
      entry: ['a', 'b', 'c'].map((id) => ({ item: { reference: `#${id}` } })),
    });
  }
});
afterAll(() => server.close());

/** The entries of a page, by what stands behind the base in their URLs. */
const urls = ({ status, json, text }: TestResponse): string[] => {
  if (status !== 200) throw new Error(text);
  return entriesOf(json).map(({ fullUrl }) => fullUrl?.replace(/^.*\/(?:r4|stu3)\//, '') ?? '');
};

describe.each(fhirVersions)('a search of contained resources, %s', (version) => {
  const get = (query: string, as = 'practitioner') => server.send('GET', `/${version}/${query}`, { as });
  const code = 'code=http://m.org|abc';

  test.each([
    [`Medication?${code}`, ['Medication/real']],
    [`Medication?${code}&_contained=false`, ['Medication/real']],
    [`Medication?${code}&_contained=true`, ['List/l1', 'MedicationRequest/r1', 'MedicationRequest/r2']],
    [
      `Medication?${code}&_contained=both`,
      ['List/l1', 'Medication/real', 'MedicationRequest/r1', 'MedicationRequest/r2'],
    ],
    [
      `Medication?${code}&_contained=true&_containedType=contained`,
      ['List/l1#a', 'List/l1#b', 'MedicationRequest/r1#m1', 'MedicationRequest/r2#m1'],
    ],
    [
      `Medication?${code}&_contained=both&_containedType=contained`,
      ['List/l1#a', 'List/l1#b', 'Medication/real', 'MedicationRequest/r1#m1', 'MedicationRequest/r2#m1'],
    ],
    [`Medication?${code}&_containedType=contained`, ['Medication/real']],
    ['Medication?code=xyz&_contained=true', ['List/l1', 'MedicationRequest/r3']],
    ['Medication?code:not=abc&_contained=true', ['List/l1', 'MedicationRequest/r3']],
    ['Medication?_id=m1&_contained=true', ['MedicationRequest/r1', 'MedicationRequest/r2', 'MedicationRequest/r3']],
    ['Medication?_id=m1&_contained=both&_containedType=contained&code=other', ['Medication/m1']],
    ['Medication?manufacturer.name=maker&_contained=true', ['MedicationRequest/r1']],
    ['Medication?_has:MedicationRequest:medication:_id=r1&_contained=true', []],
    ['Patient?_contained=true', []],
  ])('%s', async (query, wanted) => {
    const answer = await get(query);
    expect(urls(answer).sort()).toEqual(wanted);
    expect(entriesOf(answer.json).every(({ search }) => search?.mode === 'match')).toBe(true);
    expect(answer.json.total).toBe(wanted.length);
    expect((await get(`${query}&_summary=count`)).json.total).toBe(wanted.length);
  });

  test('shows a contained resource as it stands in the other one', async () => {
    const { json } = await get(`Medication?${code}&_contained=true&_containedType=contained&_sort=_id`);
    const [first] = json.entry;
    expect(first?.fullUrl).toBe(`${server.base(version)}/List/l1#a`);
    expect(first?.resource).toEqual({
      resourceType: 'Medication',
      id: 'a',
      code: { coding: [{ system: 'http://m.org', code: 'abc' }] },
    });
    const part = await get(`Medication?${code}&_contained=true&_containedType=contained&_elements=status&_sort=_id`);
    expect(part.json.entry[0]?.resource).not.toHaveProperty('code');
  });

  test('goes on over pages, in one order', async () => {
    const found: string[] = [];
    let next: string | undefined = `/${version}/Medication?${code}&_contained=both&_count=2&_sort=-_lastUpdated`;
    for (; next !== undefined;) {
      const answer: TestResponse = await server.send('GET', next);
      found.push(...urls(answer));
      next = answer.json.link.find(({ relation }) => relation === 'next')?.url;
    }
    expect(found).toEqual(['List/l1', 'MedicationRequest/r2', 'MedicationRequest/r1', 'Medication/real']);
  });

  test('shows nobody a container they may not see', async () => {
    expect(urls(await get(`Medication?${code}&_contained=true`, 'patient-1'))).toEqual(['MedicationRequest/r1']);
    expect(urls(await get(`Medication?${code}&_contained=true&_containedType=contained`, 'patient-2'))).toEqual([
      'MedicationRequest/r2#m1',
    ]);
    expect((await get(`Medication?${code}&_contained=true`, 'auditor')).status).toBe(403);
  });

  test('follows what is changed', async () => {
    const path = `/${version}/Basic/b1`;
    const body = (code: string) => ({
      resourceType: 'Basic',
      id: 'b1',
      code: { text: 'x' },
      contained: [{ resourceType: 'Organization', id: 'o', name: code }],
      extension: [{ url: 'urn:x', valueReference: { reference: '#o' } }],
    });
    await server.send('PUT', path, { body: body('Inner') });
    expect(urls(await get('Organization?name=inner&_contained=true'))).toEqual(['Basic/b1']);
    await server.send('PUT', path, { body: body('Changed') });
    expect(urls(await get('Organization?name=inner&_contained=true'))).toEqual([]);
    await server.send('DELETE', path);
    expect(urls(await get('Organization?name=changed&_contained=true'))).toEqual([]);
  });

  test.each([
    [`Medication?_contained=yes`, '_contained'],
    [`Medication?_contained=true&_containedType=all`, '_containedType'],
    [`Medication?_contained:not=true`, '_contained:not'],
    [`Medication?_contained=true&_include=Medication:manufacturer`, '_contained'],
    [`Medication?_contained=both&_revinclude=MedicationRequest:medication`, '_contained'],
    [`Medication?_contained=true&_sort=code`, '_sort'],
    [`?_type=Medication,Patient&_contained=true`, '_contained'],
    [`Patient/p1/MedicationRequest?_contained=true`, '_contained'],
  ])('%s is refused', async (query, place) => {
    const { status, json } = await get(query);
    expect([status, json.issue[0].expression]).toEqual([400, [place]]);
  });
});
