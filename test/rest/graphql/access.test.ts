import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ask, dataOf, mistakesOf } from '../../support/graphql.js';
import { startTestServer, type TestServer } from '../../support/server.js';

// Two patients, p1 and p2, who each see their own compartment; o1 is of p1, o2 of p2. o1 was performed by p2.

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  const put = async (body: { readonly resourceType: string; readonly id: string }): Promise<void> => {
    const { status, text } = await server.send('PUT', `/r4/${body.resourceType}/${body.id}`, { body });
    if (status > 201) throw new Error(text);
  };
  for (const id of ['p1', 'p2']) await put({ resourceType: 'Patient', id });
  const observation = (id: string, patient: string, focus: string) => ({
    resourceType: 'Observation',
    id,
    status: 'final',
    code: { text: id },
    subject: { reference: `Patient/${patient}` },
    focus: [{ reference: `Patient/${focus}` }],
  });
  await put(observation('o1', 'p1', 'p2'));
  await put(observation('o1', 'p1', 'p2'));
  await put(observation('o2', 'p2', 'p1'));
  await put({
    resourceType: 'Provenance',
    id: 'v1',
    target: [{ reference: 'Observation/o2' }],
    recorded: '2020-01-01T00:00:00Z',
    agent: [{ who: { display: 'x' } }],
  } as never);
});
afterAll(() => server.close());

const own = { as: 'patient-1' };

test('a resource of another compartment is not known', async () => {
  expect(await mistakesOf(server, '/r4', '{ Patient(id: p2) { id } }', own)).toEqual([
    404,
    ['Patient', 'Patient/p2 is not known'],
  ]);
  expect(await mistakesOf(server, '/r4', '{ a: Patient(id: p1) { id } b: Patient(id: p2) { id } }', own)).toEqual([
    404,
    ['b', 'Patient/p2 is not known'],
  ]);
  expect((await mistakesOf(server, '/r4/Patient/p2', '{ id }', own))[0]).toBe(404);
  expect(await dataOf(server, '/r4/Patient/p1', '{ id }', own)).toEqual({ id: 'p1' });
});

test('lists and connections hold what the caller may see', async () => {
  const query = '{ ObservationList { id } ObservationConnection { count edges { resource { id } } } }';
  expect(await dataOf(server, '/r4', query, own)).toEqual({
    ObservationList: [{ id: 'o1' }],
    ObservationConnection: { count: 1, edges: [{ resource: { id: 'o1' } }] },
  });
});

test('references lead to nothing where the caller may not see it, as if it were not there', async () => {
  const foreign = '{ Observation(id: o1) { focus { resource { id } } } }';
  expect(await mistakesOf(server, '/r4', foreign, own)).toEqual([
    404,
    ['Observation.focus.0.resource', 'The target of Patient/p2 is not known'],
  ]);
  const optional = '{ Observation(id: o1) { subject { resource { id } } focus { resource(optional: true) { id } } } }';
  expect(await dataOf(server, '/r4', optional, own)).toEqual({
    Observation: { subject: { resource: { id: 'p1' } }, focus: [{}] },
  });
});

test('lists inside a resource hold what the caller may see', async () => {
  const query =
    '{ bySubject: ObservationList(_reference: subject) { id } byFocus: ObservationList(_reference: focus) { id } }';
  expect(await dataOf(server, '/r4/Patient/p1', query, own)).toEqual({ bySubject: [{ id: 'o1' }], byFocus: [] });
  expect(await dataOf(server, '/r4/Patient/p1', query)).toEqual({ bySubject: [{ id: 'o1' }], byFocus: [{ id: 'o2' }] });
});

test('a type the role may not read is an error that says so', async () => {
  const as = { as: 'auditor' };
  expect(await dataOf(server, '/r4', '{ PatientList { id } }', as)).toEqual({
    PatientList: [{ id: 'p1' }, { id: 'p2' }],
  });
  for (const query of [
    '{ ObservationList { id } }',
    '{ Observation(id: o1) { id } }',
    '{ Patient(id: p1) { ObservationList(_reference: subject) { id } } }',
  ]) {
    const [status, [, message] = ['', '']] = await mistakesOf(server, '/r4', query, as);
    expect([query, status, message]).toEqual([query, 403, expect.stringContaining('may not')]);
  }
  const target = '{ Provenance(id: v1) { target { resource(optional: true) { id } } } }';
  expect(await dataOf(server, '/r4', target, as)).toEqual({ Provenance: { target: [{}] } });
});

test('who may read nothing is refused, and who is not signed in', async () => {
  expect((await ask(server, '/r4', '{ PatientList { id } }', { as: 'nobody' })).status).toBe(403);
  const unknown = await server.send('POST', '/r4/$graphql', { as: null, body: { query: '{ id }' } });
  expect([unknown.status, unknown.headers['www-authenticate']]).toEqual([401, 'Bearer']);
  expect(unknown.json).toMatchObject({
    data: null,
    errors: [{ extensions: { resource: { issue: [{ code: 'login' }] } } }],
  });
});

test('a patient writes by GraphQL what may be written by REST: nothing', async () => {
  const query = 'mutation { ObservationDelete(id: "o1") { location } }';
  expect((await mistakesOf(server, '/r4', query, own))[0]).toBe(403);
});

test('a cursor is of use to the caller it was given to only', async () => {
  const page = await dataOf(server, '/r4', '{ c: ObservationConnection(_count: 1) { next } }');
  const { next } = (page as { readonly c: { readonly next: string } }).c;
  const follow = 'query ($c: String) { ObservationConnection(_cursor: $c) { edges { resource { id } } } }';
  expect((await mistakesOf(server, '/r4', follow, { ...own, variables: { c: next } }))[0]).toBe(400);
  expect(await dataOf(server, '/r4', follow, { variables: { c: next } })).toEqual({
    ObservationConnection: { edges: [{ resource: { id: 'o2' } }] },
  });
});
