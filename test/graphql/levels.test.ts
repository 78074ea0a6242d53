import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { dataOf } from '../support/graphql.js';
import { startTestServer, type TestServer } from '../support/server.js';

/** The calls of the ports since the last look. */
let calls: string[] = [];
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    wrap: ({ store, index, ...rest }) => ({
      ...rest,
      store: {
        ...store,
        read: (key) => (calls.push('read'), store.read(key)),
        readMany: (keys) => (calls.push(`readMany ${String(keys.length)}`), store.readMany(keys)),
        vread: (key, versionId) => (calls.push('vread'), store.vread(key, versionId)),
      },
      index: { ...index, search: (query) => (calls.push('search'), index.search(query)) },
    }),
  });
  const entry = [
    ...['p1', 'p2'].map((id) => ({
      resourceType: 'Patient',
      id,
      managingOrganization: { reference: 'Organization/org' },
    })),
    ...['d1', 'd2', 'd3'].map((id) => ({ resourceType: 'Practitioner', id })),
    ...['e1', 'e2'].map((id) => ({ resourceType: 'Encounter', id, status: 'finished', class: { code: 'AMB' } })),
    { resourceType: 'Organization', id: 'org', name: 'Clinic' },
    ...Array.from({ length: 100 }, (_, index) => ({
      resourceType: 'Observation',
      id: `o${String(index)}`,
      status: 'final',
      code: { text: 'x' },
      subject: { reference: `Patient/p${String((index % 2) + 1)}` },
      encounter: { reference: `Encounter/e${String((index % 2) + 1)}` },
      performer: [{ reference: `Practitioner/d${String((index % 3) + 1)}` }, { reference: 'Organization/org' }],
    })),
  ].map((resource) => ({ resource, request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` } }));
  const { status, text } = await server.send('POST', '/r4', {
    body: { resourceType: 'Bundle', type: 'transaction', entry },
  });
  if (status !== 200) throw new Error(text);
});
afterAll(() => server.close());

const query = `{ ObservationList(_count: 100) {
  subject { resource { ... on Patient { id managingOrganization { resource { ... on Organization { name } } } } } }
  encounter { resource { id } }
  performer { resource { id } }
} }`;

test('100 observations with subject, performer and encounter take one batch of reads per level', async () => {
  calls = [];
  const data = (await dataOf(server, '/r4', query)) as { readonly ObservationList: readonly unknown[] };
  expect(data.ObservationList).toHaveLength(100);
  expect(data.ObservationList[0]).toEqual({
    subject: { resource: { id: 'p1', managingOrganization: { resource: { name: 'Clinic' } } } },
    encounter: { resource: { id: 'e1' } },
    performer: [{ resource: { id: 'd1' } }, { resource: { id: 'org' } }],
  });
  // The search and its hits; the 8 resources they refer to; the organization was read on that level already.
  expect(calls).toEqual(['search', 'readMany 100', 'readMany 8']);
});

test('resources read by id are read together', async () => {
  calls = [];
  await dataOf(server, '/r4', '{ a: Patient(id: p1) { id } b: Patient(id: p2) { id } c: Encounter(id: e1) { id } }');
  expect(calls).toEqual(['readMany 3']);
});
