import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../fhir/version.js';
import { dataOf, mistakesOf } from '../support/graphql.js';
import { startTestServer, type TestServer } from '../support/server.js';

/** How many searches the index was asked for since the last look. */
let searches = 0;
let server: TestServer;
const patients = 60;
beforeAll(async () => {
  server = await startTestServer({
    wrap: ({ index, ...rest }) => ({
      ...rest,
      index: { ...index, search: (query) => ((searches += 1), index.search(query)) },
    }),
  });
  for (const version of fhirVersions) {
    const base = server.base(version);
    const entry = [
      ...Array.from({ length: patients }, (_, at) => ({ resourceType: 'Patient', id: `p${String(at)}` })),
      ...['d1', 'd2'].map((id) => ({ resourceType: 'Practitioner', id })),
      ...Array.from({ length: 200 }, (_, at) => ({
        resourceType: 'Observation',
        id: `o${String((at * 7) % 200)}`,
        status: at % 5 === 0 ? 'preliminary' : 'final',
        code: { text: 'x' },
        // Some refer to a patient by a whole URL; some to two practitioners, of which each has them.
        subject: { reference: `${at % 3 === 0 ? `${base}/` : ''}Patient/p${String(at % 50)}` },
        performer: ['d1', 'd2'].slice(0, 1 + (at % 2)).map((id) => ({ reference: `Practitioner/${id}` })),
        effectiveDateTime: `2026-01-${String(1 + ((at * 11) % 28)).padStart(2, '0')}`,
      })),
      // Elsewhere and by a version: nothing here refers to them so.
      {
        resourceType: 'Observation',
        id: 'elsewhere',
        status: 'final',
        code: { text: 'x' },
        subject: { reference: 'https://elsewhere.example/fhir/Patient/p1' },
      },
    ].map((resource) => ({ resource, request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` } }));
    const { status, text } = await server.send('POST', `/${version}`, {
      body: { resourceType: 'Bundle', type: 'transaction', entry },
    });
    if (status !== 200) throw new Error(text);
  }
});
afterAll(() => server.close());

interface Parent {
  readonly id: string;
  readonly ObservationList: readonly { readonly id: string }[];
}
const parentsIn = (data: unknown): readonly Parent[] =>
  Object.values(data as Record<string, readonly Parent[]>)[0] ?? [];

/** What each resource has, asked for all together, and one by one. */
async function bothWays(place: string, type: string, list: string): Promise<readonly [unknown, unknown]> {
  const together = parentsIn(await dataOf(server, place, `{ ${type}List { id ${list} } }`));
  // Fields of their own, by other names: nothing joins them.
  const fields = together.map(({ id }, at) => `a${String(at)}: ${type}(id: "${id}") { id ${list} }`);
  const alone = Object.values((await dataOf(server, place, `{ ${fields.join(' ')} }`)) as Record<string, Parent>);
  return [together, alone];
}

describe.each(fhirVersions)('the lists inside many resources, %s', (version) => {
  const place = `/${version}`;

  test.each([
    ['by default', 'ObservationList(_reference: subject) { id }'],
    ['filtered', 'ObservationList(_reference: subject, status: [preliminary]) { id }'],
    ['sorted', 'ObservationList(_reference: subject, _sort: "-date") { id effectiveDateTime }'],
    [
      'chosen by a statement and a place',
      'ObservationList(_reference: subject, fhirpath: "$index = 1 or status = \'preliminary\'") { id }',
    ],
    ['the first of them', 'ObservationList(_reference: subject) @first { id }'],
  ])('are what each has alone: %s', async (_, list) => {
    const [together, alone] = await bothWays(place, 'Patient', list);
    expect(together).toEqual(alone);
    expect(JSON.stringify(together)).toContain('"o1');
  });

  test('are what each has alone where one resource refers to several', async () => {
    const [together, alone] = await bothWays(place, 'Practitioner', 'ObservationList(_reference: performer) { id }');
    expect(together).toEqual(alone);
    expect((together as readonly Parent[]).map(({ ObservationList }) => ObservationList.length)).toEqual([200, 100]);
  });

  test('are found by one search for fifty of them', async () => {
    searches = 0;
    const data = await dataOf(server, place, '{ PatientList { id ObservationList(_reference: subject) { id } } }');
    const found = parentsIn(data);
    expect(found).toHaveLength(patients);
    expect(found.flatMap(({ ObservationList }) => ObservationList)).toHaveLength(200);
    expect(searches).toBe(1 + 2); // the patients; the observations of fifty, and of ten
  });

  test('are searched one by one where each has its own part', async () => {
    searches = 0;
    const query = '{ PatientList { id ObservationList(_reference: subject, _count: 1) { id } } }';
    const found = parentsIn(await dataOf(server, place, query));
    expect(found.slice(0, 50).every(({ ObservationList }) => ObservationList.length === 1)).toBe(true);
    expect(searches).toBe(1 + patients);
  });

  test('that are refused are refused at each', async () => {
    const query = '{ PatientList(_count: 2) { id ObservationList(_reference: subject, date: "nonsense") { id } } }';
    const [status, ...mistakes] = await mistakesOf(server, place, query);
    expect(status).toBe(400);
    expect(mistakes.map(([path]) => path).sort()).toEqual([
      'PatientList.0.ObservationList',
      'PatientList.1.ObservationList',
    ]);
  });
});

test('a list that is longer than a list may be is an error at its place, beside shorter ones', async () => {
  const entry = Array.from({ length: 1001 }, (_, at) => ({
    resource: {
      resourceType: 'Observation',
      id: `many${String(at)}`,
      status: 'final',
      code: { text: 'x' },
      subject: { reference: 'Patient/p59' },
    },
    request: { method: 'PUT', url: `Observation/many${String(at)}` },
  }));
  await server.send('POST', '/r4', { body: { resourceType: 'Bundle', type: 'transaction', entry } });
  const query = '{ PatientList(_id: ["p1", "p59"]) { id ObservationList(_reference: subject) { id } } }';
  expect(await mistakesOf(server, '/r4', query)).toEqual([
    413,
    ['PatientList.1.ObservationList', expect.stringContaining('More than 1000')],
  ]);
});
