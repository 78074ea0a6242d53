import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../../fhir/version.js';
import { ask, dataOf, mistakesOf } from '../../support/graphql.js';
import { issueCode, startTestServer, type TestServer } from '../../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

test('what refers to a resource does not refer to those it contains', async () => {
  const observation = (id: string, more: object) =>
    server.send('PUT', `/r4/Observation/${id}`, {
      body: { resourceType: 'Observation', id, status: 'final', code: { text: id }, ...more },
    });
  const inside = { resourceType: 'Observation', id: 'in', status: 'final', code: { text: 'in' } };
  await observation('outer', { contained: [inside], hasMember: [{ reference: '#in' }] });
  await observation('derived', { derivedFrom: [{ reference: 'Observation/outer' }] });
  const list = 'ObservationList(_reference: derived_from) { id }';
  const query = `{ ${list} hasMember { resource { ... on Observation { ${list} } } } }`;
  expect(await dataOf(server, '/r4/Observation/outer', query)).toEqual({
    ObservationList: [{ id: 'derived' }],
    hasMember: [{ resource: { ObservationList: [] } }],
  });
  for (const id of ['derived', 'outer']) await server.send('DELETE', `/r4/Observation/${id}`);
});

describe.each(fhirVersions)('searches, %s', (version) => {
  const root = `/${version}`;
  const data = (query: string, variables?: unknown) => dataOf(server, root, query, { variables });
  const mistakes = (query: string) => mistakesOf(server, root, query);
  /** The ids of a list named `l`. */
  const ids = async (query: string, variables?: unknown): Promise<readonly string[]> =>
    ((await data(query, variables)) as { readonly l: readonly { readonly id: string }[] }).l.map(({ id }) => id);

  beforeAll(async () => {
    const patient = (id: string, family: string, birthDate: string, city: string) =>
      server.send('PUT', `${root}/Patient/${id}`, {
        body: { resourceType: 'Patient', id, active: true, birthDate, name: [{ family }], address: [{ city }] },
      });
    await patient('p1', 'Chalmers', '1970-01-01', 'Oslo');
    await patient('p2', 'Windsor', '1980-01-01', 'Bergen, Vest');
    await patient('p3', 'Chalk', '1990-01-01', 'Oslo');
    for (const [id, subject, performer] of [
      ['o1', 'p1', 'p2'],
      ['o2', 'p1', 'p1'],
      ['o3', 'p2', 'p1'],
    ] as const) {
      const body = {
        resourceType: 'Observation',
        id,
        status: 'final',
        code: { text: id },
        subject: { reference: `Patient/${subject}` },
        performer: [{ reference: `Patient/${performer}` }],
        contained: [{ resourceType: 'Patient', id: 'p1' }],
        extension: [{ url: 'urn:x', valueReference: { reference: '#p1' } }],
      };
      const { status, text } = await server.send('PUT', `${root}/Observation/${id}`, { body });
      if (status > 201) throw new Error(text);
    }
    const body = {
      resourceType: 'Provenance',
      id: 'v1',
      target: [{ reference: 'Patient/p1' }],
      recorded: '2020-01-01T00:00:00Z',
      agent: [version === 'r4' ? { who: { display: 'x' } } : { whoUri: 'urn:x' }],
    };
    const { status, text } = await server.send('PUT', `${root}/Provenance/v1`, { body });
    if (status > 201) throw new Error(text);
  });

  test.each([
    ['all of a type', '{ l: PatientList { id } }', ['p1', 'p2', 'p3']],
    ['a name', '{ l: PatientList(family: chal) { id } }', ['p1', 'p3']],
    ['several values, of which one must hold', '{ l: PatientList(_id: [p1, "p2", nobody]) { id } }', ['p1', 'p2']],
    [
      'several arguments, which all must hold',
      '{ l: PatientList(family: "chal", birthdate: "ge1980") { id } }',
      ['p3'],
    ],
    ['true', '{ l: PatientList(active: true, _count: 2) { id } }', ['p1', 'p2']],
    ['a parameter with a dash', '{ l: PatientList(address_city: "Oslo") { id } }', ['p1', 'p3']],
    ['an escaped comma', '{ l: PatientList(address_city: "Bergen\\\\, Vest") { id } }', ['p2']],
    ['an order', '{ l: PatientList(_sort: "-birthdate") { id } }', ['p3', 'p2', 'p1']],
    ['an offset', '{ l: PatientList(_offset: 1) { id } }', ['p2', 'p3']],
    ['a FHIRPath', '{ l: PatientList(fhirpath: "birthDate.startsWith(\'1990\')") { id } }', ['p3']],
    ['a _filter', '{ l: PatientList(_filter: "family sw \\"chal\\" and birthdate ge 1980") { id } }', ['p3']],
    ['references by id', '{ l: ObservationList(patient: p1) { id } }', ['o1', 'o2']],
    ['nothing that matches', '{ l: PatientList(family: "nobody") { id } }', []],
  ])('find by %s', async (_, query, expected) => {
    expect(await ids(query)).toEqual(expected);
  });

  test('take variables, and what is not given is no condition', async () => {
    const query = 'query ($family: [string], $born: date) { l: PatientList(family: $family, birthdate: $born) { id } }';
    expect(await ids(query, { family: ['chal', 'wind'], born: 'ge1975' })).toEqual(['p2', 'p3']);
    expect(await ids(query, { family: 'chal' })).toEqual(['p1', 'p3']);
  });

  test('refuse a variable that nobody declared: without it everybody would be found', async () => {
    const query = 'query ($family: [string]) { l: PatientList(family: $famly) { id } }';
    expect(await mistakes(query)).toEqual([400, ['l', 'The variable $famly is not declared by the operation']]);
  });

  test('read one resource by id', async () => {
    expect(await data('{ a: Patient(id: p1) { id } b: Patient(_id: "p2") { id } }')).toEqual({
      a: { id: 'p1' },
      b: { id: 'p2' },
    });
    await server.send('PUT', `${root}/Patient/gone`, { body: { resourceType: 'Patient', id: 'gone' } });
    await server.send('DELETE', `${root}/Patient/gone`);
    expect(await mistakes('{ Patient(id: "nobody") { id } }')).toEqual([
      404,
      ['Patient', 'Patient/nobody is not known'],
    ]);
    expect(await mistakes('{ a: Patient(id: gone) { id } Patient(id: p1) { id } }')).toEqual([
      410,
      ['a', 'Patient/gone was deleted'],
    ]);
    const documents = { [root]: '{ Patient(id: gone) { id } }', [`${root}/Patient/gone`]: '{ id }' };
    for (const [path, document] of Object.entries(documents)) {
      const { answer } = await ask(server, path, document);
      const codes = answer.errors?.map(({ extensions }) => extensions.resource.issue[0]?.code);
      expect(codes).toEqual([issueCode(version, 'deleted')]);
    }
  });

  test('give pages, whose cursors are followed at the root', async () => {
    interface Page {
      readonly c: {
        readonly edges: readonly { readonly resource: { readonly id: string } }[];
        readonly next?: string;
        readonly previous?: string;
        readonly last: string;
      };
    }
    const shown = 'count offset pagesize edges { mode score resource { id } } first previous next last';
    const first = (await data(`{ c: PatientConnection(_count: 2, _sort: "_id") { ${shown} } }`)) as Page;
    expect(first).toEqual({
      c: {
        count: 3,
        offset: 0,
        pagesize: 2,
        edges: [
          { mode: 'match', resource: { id: 'p1' } },
          { mode: 'match', resource: { id: 'p2' } },
        ],
        first: expect.any(String),
        next: expect.any(String),
        last: expect.any(String),
      },
    });
    const second = (await data(`query ($c: String) { c: PatientConnection(_cursor: $c) { ${shown} } }`, {
      c: first.c.next,
    })) as Page;
    expect(second).toMatchObject({ c: { count: 3, offset: 2, pagesize: 2, edges: [{ resource: { id: 'p3' } }] } });
    expect([second.c.next, typeof second.c.previous]).toEqual([undefined, 'string']);
    const back = (await data(`query ($c: String) { c: PatientConnection(cursor: $c) { ${shown} } }`, {
      c: second.c.previous,
    })) as Page;
    expect(back.c.edges.map(({ resource }) => resource.id)).toEqual(['p1', 'p2']);
  });

  test('inside a resource find what refers to it', async () => {
    const query = `{ Patient(id: p1) {
      bySubject: ObservationList(_reference: subject) { id }
      byPerformer: ObservationConnection(_reference: performer, _count: 1) { count edges { resource { id } } }
      recorded: ProvenanceList(_reference: target) { id }
    } }`;
    expect(await data(query)).toEqual({
      Patient: {
        bySubject: [{ id: 'o1' }, { id: 'o2' }],
        byPerformer: { count: 2, edges: [{ resource: { id: 'o2' } }] },
        recorded: [{ id: 'v1' }],
      },
    });
    expect(
      await dataOf(server, `${root}/Patient/p1`, '{ ObservationList(_reference: subject, _id: [o2]) { id } }').catch(
        String,
      ),
    ).toContain('_id is no argument inside a resource');
    const nested =
      '{ l: PatientList(_sort: "_id") { id ObservationList(_reference: patient, _sort: "-_id", _count: 1) { id subject { resource { id } } } } }';
    expect(await data(nested)).toEqual({
      l: [
        { id: 'p1', ObservationList: [{ id: 'o2', subject: { resource: { id: 'p1' } } }] },
        { id: 'p2', ObservationList: [{ id: 'o3', subject: { resource: { id: 'p2' } } }] },
        { id: 'p3', ObservationList: [] },
      ],
    });
  });

  test('inside a contained resource find nothing, though a resource of its id is stored', async () => {
    const query =
      '{ Observation(id: o1) { contained { ... on Patient { id ObservationList(_reference: subject) { id } } } } }';
    expect(await data(query)).toEqual({ Observation: { contained: [{ id: 'p1', ObservationList: [] }] } });
  });

  test.each([
    ['{ PatientList(famly: "x") { id } }', 'PatientList', 'PatientList has no argument famly; did you mean family?'],
    ['{ PatientList(family: "a,b") { id } }', 'PatientList', 'Several values are a list'],
    ['{ PatientList(family: []) { id } }', 'PatientList', 'family must be'],
    ['{ PatientList(family: ["a", null]) { id } }', 'PatientList', 'family must be'],
    ['{ PatientList(birthdate: "nonsense") { id } }', 'PatientList', 'birthdate'],
    ['{ PatientList(_include: "Patient:organization") { id } }', 'PatientList', '_include is no argument of GraphQL'],
    ['{ PatientList(_reference: x) { id } }', 'PatientList', 'has no argument _reference'],
    ['{ Patient { id } }', 'Patient', 'Patient needs the argument id'],
    ['{ Patint(id: p1) { id } }', 'Patint', 'Patint is no field of Query; did you mean Patient?'],
    ['{ Patient(id: p1) { ObservationList { id } } }', 'Patient.ObservationList', 'needs the argument _reference'],
    [
      '{ Patient(id: p1) { ObservationList(_reference: subjct) { id } } }',
      'Patient.ObservationList',
      'did you mean subject?',
    ],
    [
      '{ Patient(id: p1) { PractitionerList(_reference: x) { id } } }',
      'Patient.PractitionerList',
      'no Practitioner refers to a Patient',
    ],
    [
      '{ Patient(id: p1) { ObservationConnection(_reference: subject, _cursor: "x") { count } } }',
      'Patient.ObservationConnection',
      'A cursor is followed at the root',
    ],
    ['{ PatientConnection(_cursor: "x") { count } }', 'PatientConnection', ''],
    ['{ PatientConnection { edges { nonsense } } }', 'PatientConnection.edges.nonsense', 'is no field of PatientEdge'],
    ['{ PatientList(fhirpath: "1 +") { id } }', 'PatientList', 'is no FHIRPath'],
  ])('refuse %s', async (query, path, message) => {
    expect(await mistakes(query)).toEqual([400, [path, expect.stringContaining(message)]]);
  });
});
