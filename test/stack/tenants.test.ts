import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { entriesOf } from '../support/server.js';
import { subscribed } from './subscribers.js';
import { patient, searchFor } from './support/patients.js';
import { openStack, type Stack, type StackAnswer } from './support/stack.js';

// The stage production of STU3, which two tenants share, beside the stage dev: its own templates, functions and tables.

let stack: Stack;
beforeAll(async () => {
  stack = await openStack({
    stage: 'production',
    version: 'stu3',
    settings: {
      tenancy: 'pooled',
      importSources: [],
      console: false,
      deletionProtection: false,
      secondFactor: 'off',
      provisionedConcurrency: { rest: 0, resolvers: 0 },
      firewall: false,
    },
    users: {
      ann: { group: 'practitioner', tenant: 'north' },
      bob: { group: 'practitioner', tenant: 'south' },
      eve: { group: 'auditor', tenant: 'north' },
    },
  });
}, 300_000);
afterAll(() => (stack as Stack | undefined)?.close());

const created = async (as: string, family: string): Promise<string> => {
  const { status, json } = await stack.send('POST', '/Patient', { as, body: patient(family) });
  expect(status).toBe(201);
  return json.id;
};
const found = (as: string, search: string, count: number): Promise<StackAnswer> => searchFor(stack, search, count, as);

test('STU3 is deployed: it says so, keeps versions, and the stream brings what is written to its index', async () => {
  const { json } = await stack.send('GET', '/metadata', { as: null, keyless: true });
  expect((json as unknown as { fhirVersion: string }).fhirVersion).toBe('3.0.2');
  const id = await created('ann', 'Third');
  const body = patient('Changed', { id });
  const updated = await stack.send('PUT', `/Patient/${id}`, { as: 'ann', body, headers: { 'if-match': 'W/"1"' } });
  const stale = await stack.send('PUT', `/Patient/${id}`, { as: 'ann', body, headers: { 'if-match': 'W/"1"' } });
  expect([updated.status, stale.status]).toEqual([200, 409]); // STU3's word for it, 412 in R4
  await found('ann', '/Patient?family=changed', 1);
  const wrong = await stack.send('POST', '/Patient', {
    as: 'ann',
    body: patient('x', { animal: { genderStatus: 1 } }),
  });
  expect(wrong.status).toBe(422); // animal is STU3's own
});

test('what is one tenant’s is nobody else’s, by REST, by search and by GraphQL', async () => {
  const id = await created('ann', 'Northern');
  await found('ann', '/Patient?family=northern', 1);
  const read = await stack.send('GET', `/Patient/${id}`, { as: 'bob' });
  const search = await stack.send('GET', '/Patient?family=northern', { as: 'bob' });
  expect([read.status, entriesOf(search.json)]).toEqual([404, []]);
  const query = 'query Q($id: ID!) { Patient(id: $id) { id name { family } } }';
  const own = await stack.query(query, { id }, 'ann');
  expect(own).toEqual({ data: { Patient: { id, name: [{ family: 'Northern' }] } } });
  expect((await stack.query(query, { id }, 'bob')).data).toEqual({ Patient: null });
  expect((await stack.query('{ PatientList(family: ["northern"]) { id } }', {}, 'bob')).data).toEqual({
    PatientList: [],
  });
});

test('a URL may name the tenant, and no other; who asks for another stands in the trail of their own', async () => {
  const named = await stack.send('GET', '/tenant/south/stu3/Patient?_count=1', { as: 'bob' });
  const foreign = await stack.send('GET', '/tenant/south/stu3/Patient?_count=1', { as: 'ann' });
  expect([named.status, foreign.status]).toEqual([200, 403]);
  const trail = await found('eve', '/AuditEvent?outcome=4&type=rest&subtype=search-type', 1);
  expect(entriesOf(trail.json)[0]?.resource).toMatchObject({
    outcomeDesc: '403 The token is not of the tenant south, which the URL names',
  });
});

test('subscribers are told of what is their tenant’s, and of nothing else', async () => {
  const north = await subscribed(stack, 'Patient', 'ann');
  const foreign = await created('bob', 'Silent');
  const own = await created('ann', 'Told');
  await stack.send('DELETE', `/Patient/${own}`, { as: 'ann' });
  const told = (await north.changes(2)).map(({ id, action }) => [id, action]);
  expect(told).toEqual([
    [own, 'create'],
    [own, 'delete'],
  ]);
  expect(told.flat()).not.toContain(foreign);
  await north.close();
});
