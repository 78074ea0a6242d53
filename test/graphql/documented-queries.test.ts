import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ask } from '../support/graphql.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  const birthTime = 'http://hl7.org/fhir/StructureDefinition/patient-birthTime';
  const entry = [
    {
      resourceType: 'Patient',
      id: 'p1',
      name: [{ family: 'Chalmers', given: ['Peter'] }, { text: 'Peter' }],
      telecom: [
        { system: 'phone', value: '555' },
        { system: 'email', value: 'a@b.c' },
      ],
      birthDate: '1974-12-25',
      _birthDate: { extension: [{ url: birthTime, valueDateTime: '1974-12-25T14:35:45-05:00' }] },
      managingOrganization: { reference: 'Organization/org' },
    },
    { resourceType: 'Organization', id: 'org', name: 'Clinic' },
    { resourceType: 'Practitioner', id: 'd1', name: [{ family: 'Careful' }] },
    {
      resourceType: 'Observation',
      id: 'o1',
      status: 'final',
      code: { coding: [{ system: 'http://loinc.org', code: '29463-7' }] },
      subject: { reference: 'Patient/p1' },
      performer: [{ reference: 'Practitioner/d1' }],
      effectiveDateTime: '2026-01-01',
      valueQuantity: { value: 71, unit: 'kg' },
    },
  ].map((resource) => ({ resource, request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` } }));
  await server.send('POST', '/r4', { body: { resourceType: 'Bundle', type: 'transaction', entry } });
});
afterAll(() => server.close());

const page = readFileSync(new URL('../../docs/graphql.md', import.meta.url), 'utf8');
const section = page.slice(page.indexOf('## `$graphql` on REST'));
const queries = [...section.matchAll(/^```graphql\n([^]*?)^```/gm)].map(([, query = '']) => query);

test('the documented queries are answered', async () => {
  const answers: unknown[] = [];
  for (const query of queries) answers.push((await ask(server, '/r4', query)).answer);
  expect(answers).toEqual([
    {
      data: {
        Patient: {
          name: [{ given: ['Peter'], family: 'Chalmers' }],
          birthDate: '1974-12-25',
          _birthDate: { extension: [{ valueDateTime: '1974-12-25T14:35:45-05:00' }] },
          managingOrganization: { resource: { name: 'Clinic' } },
          ObservationList: [
            {
              effectiveDateTime: '2026-01-01',
              valueQuantity: { value: 71, unit: 'kg' },
              performer: [{ resource: { name: [{ family: 'Careful' }] } }],
            },
          ],
        },
      },
    },
    {
      data: {
        id: ['p1'],
        birthDate: ['1974-12-25'],
        family: ['Chalmers'],
        'value.phone': ['555'],
        'value.email': ['a@b.c'],
      },
    },
    { data: { ObservationConnection: { count: 1, edges: [{ mode: 'match', resource: { id: 'o1' } }] } } },
    {
      data: {
        PatientUpdate: {
          location: `${server.base('r4')}/Patient/p1/_history/2`,
          resource: { meta: { versionId: '2' } },
          information: { issue: [{ diagnostics: 'Patient/p1 was updated: version 2' }] },
        },
      },
    },
  ]);
});

test('the documented command carries a query that is answered', async () => {
  const [, query] = /--data-binary '([^']*)'/.exec(section) ?? [];
  const { status, answer } = await ask(server, '/r4', query ?? '');
  expect([status, answer.errors]).toEqual([200, undefined]);
});
