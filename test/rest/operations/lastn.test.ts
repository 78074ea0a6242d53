import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fhirVersions } from '../../../fhir/version.js';
import { codeGroups } from '../../../interactions/operations/lastn-groups.js';
import { entriesOf, startTestServer, type TestServer } from '../../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const coded = (...codes: string[]): object => ({ coding: codes.map((code) => ({ system: 'urn:c', code })) });
const words = (text: string): object => ({ text });

describe('codes', () => {
  const groupsOf = (codes: readonly object[]) =>
    codeGroups(codes.map((code) => ({ resourceType: 'Observation', subject: { reference: 'Patient/1' }, code })));

  const groups = (...codes: object[]): number => new Set(codes.map((_, place) => groupsOf(codes)(place))).size;

  test.each([
    ['different ones are groups of their own', [coded('a'), coded('b'), coded('c')], 3],
    ['a translation is of the group of its code', [coded('a'), coded('b'), coded('a', 'c')], 2],
    ['one translation makes two codes one', [coded('a'), coded('b'), coded('a', 'b')], 1],
    ['words alone are compared as they are', [words('textM'), words('Text'), words('t e x t'), words('Text')], 3],
    [
      'words beside a code do not count',
      [
        { ...coded('a'), ...words('A') },
        { ...coded('a'), ...words('B') },
      ],
      1,
    ],
    ['a code of another system is another one', [coded('a'), { coding: [{ system: 'urn:d', code: 'a' }] }], 2],
    ['what says nothing is alone', [{}, {}], 2],
  ])('%s', (_, codes, expected) => {
    expect(groups(...codes)).toBe(expected);
  });

  test('groups are the same whatever the order, and joined over any number of steps', () => {
    const names = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(names, { minLength: 1, maxLength: 12 }), (lists) => {
        const groupOf = groupsOf(lists.map((list) => coded(...list)));
        // The slow way: sets of codes are joined until nothing changes.
        const reach = lists.map((list) => new Set(list));
        for (let changed = true; changed;) {
          changed = false;
          for (const one of reach)
            for (const two of reach)
              if ([...two].some((name) => one.has(name)))
                for (const name of two) if (!one.has(name)) changed = one.add(name) === one;
        }
        for (const one of lists.keys())
          for (const two of lists.keys())
            expect(groupOf(one) === groupOf(two)).toBe([...(reach[one] ?? [])].some((name) => reach[two]?.has(name)));
      }),
    );
  });
});

describe.each(fhirVersions)('%s', (version) => {
  const root = `/${version}`;
  const lastn = async (query: string, as = 'practitioner') =>
    server.send('GET', `${root}/Observation/$lastn?${query}`, { as });
  const idsOf = async (query: string, as?: string): Promise<(string | undefined)[]> =>
    entriesOf((await lastn(query, as)).json).map(({ resource }) => resource?.id);

  beforeAll(async () => {
    const put = async (id: string, code: object, day: string | undefined, subject = 'p1', more: object = {}) => {
      const effective = day === undefined ? {} : { effectiveDateTime: day };
      const body = {
        resourceType: 'Observation',
        id,
        status: 'final',
        category: [coded('vital')],
        code,
        subject: { reference: `Patient/${subject}` },
        ...effective,
        ...more,
      };
      expect((await server.send('PUT', `${root}/Observation/${id}`, { body })).status).toBe(201);
    };
    await put('w1', coded('weight'), '2026-01-01');
    await put('w2', coded('weight'), '2026-01-02T10:00:00Z');
    await put('w3', coded('weight', 'mass'), '2026-01-03T10:00:00Z');
    await put('w3-tie', coded('mass'), '2026-01-03T12:00:00+02:00');
    await put('t1', coded('temp'), '2026-01-04');
    await put('t-never', coded('temp'), undefined);
    await put('t-wrong', coded('temp'), '2026-01-05', 'p1', { status: 'entered-in-error' });
    await put('o1', coded('temp'), '2026-01-06', 'p2');
  });

  test('gives the most recent of each code, and all of those as recent, newest first', async () => {
    const { status, json } = await lastn('patient=p1&category=vital');
    expect([status, json.type, json.total]).toEqual([200, 'searchset', 3]);
    expect(entriesOf(json).map(({ resource, search }) => [resource?.id, search?.mode])).toEqual([
      ['t-wrong', 'match'],
      ...['w3', 'w3-tie'].map((id) => [id, 'match']),
    ]);
    expect(json.link.map(({ relation }) => relation)).toEqual(['self']);
  });

  test('takes all parameters of a search, and max', async () => {
    expect(await idsOf('patient=p1&status=final&max=1&code=temp')).toEqual(['t1']);
    expect(await idsOf('subject=Patient/p1&code=temp&max=9')).toEqual(['t-wrong', 't1', 't-never']);
    expect(await idsOf('patient=p1&code=weight,mass&max=3')).toEqual(['w3', 'w3-tie', 'w2']);
    expect(await idsOf('patient=p1&code=weight,mass&date=lt2026-01-03')).toEqual(['w2']);
    expect(await idsOf('patient=p1,p2&code=temp&status=final')).toEqual(['o1', 't1']);
    expect(await idsOf('patient=p1&code=none')).toEqual([]);
    const summary = await lastn('patient=p1&code=temp&_elements=status');
    expect(entriesOf(summary.json)[0]?.resource?.subject).toBeUndefined();
  });

  test('includes what the chosen ones refer to, and what refers to them, as far as the caller may see it', async () => {
    const put = async (body: { resourceType: string; id: string; [element: string]: unknown }) => {
      const url = `${root}/${body.resourceType}/${body.id}`;
      expect((await server.send('PUT', url, { body })).status).toBeLessThan(300);
    };
    await put({ resourceType: 'Patient', id: 'p9', managingOrganization: { reference: 'Organization/o9' } });
    await put({ resourceType: 'Organization', id: 'o9', name: 'Nine' });
    const observed = { resourceType: 'Observation', status: 'final', code: coded('nine') };
    const subject = { reference: 'Patient/p9' };
    for (const year of ['2024', '2025']) await put({ ...observed, id: `n${year}`, subject, effectiveDateTime: year });
    const result = ['n2025', 'n2024'].map((id) => ({ reference: `Observation/${id}` }));
    await put({ resourceType: 'DiagnosticReport', id: 'd9', status: 'final', code: coded('d'), subject, result });
    const query = [
      'patient=p9&_include=Observation:subject&_include:iterate=Patient:organization',
      '_revinclude=DiagnosticReport:result',
    ].join('&');
    const { json } = await lastn(query);
    expect(json.total).toBe(1);
    expect(entriesOf(json).map(({ resource, search }) => [resource?.id, search?.mode])).toEqual([
      ['n2025', 'match'],
      ...['p9', 'd9', 'o9'].map((id) => [id, 'include']),
    ]);
    expect(decodeURIComponent(json.link[0].url)).toContain('_include:iterate=Patient:organization');
    const performer = [{ reference: 'Patient/p9' }];
    await put({ ...observed, id: 'n-p2', subject: { reference: 'Patient/p2' }, performer });
    expect(await idsOf('code=nine&_include=Observation:performer', 'patient-2')).toEqual(['n-p2']);
    expect(await idsOf('patient=p2&code=nine&_include=Observation:performer')).toEqual(['n-p2', 'p9']);
  });

  test('is asked by POST as well, and in a batch', async () => {
    const parameter = [
      { name: 'max', valuePositiveInt: 2 },
      { name: 'patient', valueString: 'p1' },
      { name: 'code', valueString: 'temp' },
    ];
    const body = { resourceType: 'Parameters', parameter };
    const posted = await server.send('POST', `${root}/Observation/$lastn`, { body });
    expect(entriesOf(posted.json).map(({ resource }) => resource?.id)).toEqual(['t-wrong', 't1']);
    const entry = [{ request: { method: 'GET', url: 'Observation/$lastn?patient=p1&code=temp' } }];
    const batch = await server.send('POST', root, { body: { resourceType: 'Bundle', type: 'batch', entry } });
    expect(batch.json.entry[0]?.resource?.total).toBe(1);
  });

  test('a patient has the own observations only, and need not say whose', async () => {
    expect(await idsOf('code=temp', 'patient-2')).toEqual(['o1']);
    expect(await idsOf('patient=p1&code=temp', 'patient-2')).toEqual([]);
    expect((await lastn('patient=p1&code=temp', 'nobody')).status).toBe(403);
  });

  test.each([
    ['code=temp', 'patient'],
    ['patient=p1&max=0', 'max'],
    ['patient=p1&max=x', 'max'],
    ['patient=p1&_sort=date', '_sort'],
    ['patient=p1&_count=1', '_count'],
    ['patient=p1&_summary=count', '_summary'],
    ['patient=p1&_include=Observation:bogus', '_include'],
    ['patient=p1&bogus=1', 'bogus'],
  ])('refuses %s', async (query, place) => {
    const { status, json } = await lastn(query);
    expect([status, json.issue[0].expression]).toEqual([400, [place]]);
  });
});
