import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { dataOf, mistakesOf } from '../../support/graphql.js';
import { startTestServer, type TestServer } from '../../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  const patient = {
    resourceType: 'Patient',
    id: 'p1',
    active: true,
    identifier: [{ system: 'urn:a', value: '12345' }],
    name: [
      { use: 'official', family: 'Chalmers', given: ['Peter', 'James'] },
      { use: 'usual', given: ['Jim'] },
      { use: 'maiden', family: 'Windsor', given: ['Peter'] },
    ],
    telecom: [{ system: 'phone', use: 'work', value: '5' }],
    contact: [
      {
        telecom: [
          { system: 'phone', value: '6', rank: 1 },
          { system: 'phone', value: '7' },
        ],
      },
      { telecom: [{ system: 'phone', value: '8' }] },
    ],
    maritalStatus: { coding: [{ code: 'M' }] },
    managingOrganization: { reference: 'Organization/org' },
  };
  await server.send('PUT', '/r4/Organization/org', {
    body: { resourceType: 'Organization', id: 'org', name: 'Clinic' },
  });
  await server.send('PUT', '/r4/Patient/p1', { body: patient });
  await server.send('PUT', '/r4/Patient/p2', { body: { ...patient, id: 'p2' } });
});
afterAll(() => server.close());

const data = (query: string) => dataOf(server, '/r4/Patient/p1', query);

test.each([
  [
    'a list, whose fields become lists',
    '{ name @flatten { given family } }',
    { given: ['Peter', 'James', 'Jim', 'Peter'], family: ['Chalmers', 'Windsor'] },
  ],
  [
    'an object, whose fields stay what they are',
    '{ maritalStatus @flatten { coding { code } text } active }',
    { coding: [{ code: 'M' }], active: true },
  ],
  ['lists in lists', '{ contact @flatten { telecom @flatten { value rank } } }', { value: ['6', '7', '8'], rank: [1] }],
  [
    'what is referred to',
    '{ managingOrganization @flatten { resource @flatten { ... on Organization { name } } } }',
    { name: 'Clinic' },
  ],
  ['the first of each', '{ name @flatten { given @first } }', { given: ['Peter', 'Jim', 'Peter'] }],
  ['the first of all', '{ name @flatten @first { given family } }', { given: ['Peter', 'James'], family: 'Chalmers' }],
  ['singletons', '{ identifier @flatten { system @singleton value } }', { system: 'urn:a', value: ['12345'] }],
  [
    'slices by a path',
    '{ name @flatten @slice(path: "use") { given family @singleton } }',
    {
      'given.official': ['Peter', 'James'],
      'family.official': 'Chalmers',
      'given.usual': ['Jim'],
      'given.maiden': ['Peter'],
      'family.maiden': 'Windsor',
    },
  ],
  [
    'slices by place',
    '{ name @slice(path: "$index") @flatten { given @first @singleton family } }',
    {
      'given.0': 'Peter',
      'family.0': ['Chalmers'],
      'given.1': 'Jim',
      'given.2': 'Peter',
      'family.2': ['Windsor'],
    },
  ],
  [
    'slices that are not flattened',
    '{ telecom @slice(fhirpath: "use") { value } }',
    { 'telecom.work': [{ value: '5' }] },
  ],
  [
    'slices in slices',
    '{ contact @flatten @slice(path: "$index") { telecom @flatten @slice(path: "$index") { value @singleton } } }',
    {
      'value.0.0': '6',
      'value.0.1': '7',
      'value.1.0': '8',
    },
  ],
])('lays out %s', async (_, query, expected) => {
  expect(await data(query)).toEqual(expected);
});

test('lays out what is searched for', async () => {
  const query = '{ PatientList(_sort: "_id") @flatten { id name(_count: 1) @flatten { family } } }';
  expect(await dataOf(server, '/r4', query)).toEqual({ id: ['p1', 'p2'], family: ['Chalmers', 'Chalmers'] });
});

test.each([
  ['several values of a @singleton', '{ name @flatten { family @singleton } }', 'name.family', '2 values'],
  [
    'several types of one name',
    '{ name @flatten { family } identifier @flatten { family: system } }',
    'identifier.family',
    'string and uri',
  ],
  ['a primitive', '{ active @flatten }', 'active', '@flatten stands at a field that has fields'],
  ['a @singleton that is flattened', '{ name @flatten @singleton { family } }', 'name', 'stands at the fields inside'],
  ['a @slice without path', '{ name @slice { family } }', 'name', '@slice needs "path"'],
  ['an argument there is not', '{ name @first(x: 1) { family } }', 'name', '@first has no argument x'],
  ['a fragment', '{ ... on Patient @flatten { id } }', '', '@flatten stands at a field'],
])('refuses %s', async (_, query, path, message) => {
  expect(await mistakesOf(server, '/r4/Patient/p1', query)).toEqual([400, [path, expect.stringContaining(message)]]);
});
