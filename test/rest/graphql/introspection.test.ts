import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { dataOf, mistakesOf } from '../../support/graphql.js';
import { startTestServer, type TestServer } from '../../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

test('tells types, their fields and arguments', async () => {
  const query =
    '{ __typename __type(name: "HumanName") { kind name fields { name args { name } type { kind name ofType { name } } } } }';
  const told = (await dataOf(server, '/stu3', query)) as {
    readonly __type: { readonly fields: readonly { readonly name: string }[] };
  };
  expect(told).toMatchObject({ __typename: 'Query', __type: { kind: 'OBJECT', name: 'HumanName' } });
  const field = (name: string) => told.__type.fields.find((each) => each.name === name);
  expect(field('given')).toEqual({
    name: 'given',
    args: [],
    type: { kind: 'LIST', name: null, ofType: { name: 'String' } },
  });
  expect(field('extension')).toMatchObject({ args: expect.arrayContaining([{ name: 'fhirpath' }, { name: 'url' }]) });
});

test('tells the root and the directives', async () => {
  const query =
    '{ __schema { queryType { name } mutationType { name } subscriptionType { name } directives { name } } }';
  expect(await dataOf(server, '/stu3', query)).toEqual({
    __schema: {
      queryType: { name: 'Query' },
      mutationType: { name: 'Mutation' },
      subscriptionType: null,
      directives: ['include', 'skip', 'flatten', 'first', 'singleton', 'slice'].map((name) => ({ name })),
    },
  });
});

test.each([
  ['together with resources', '{ __schema { queryType { name } } Patient(id: p1) { id } }', 400, 'by themselves'],
  [
    'the whole schema twice',
    '{ a: __schema { types { name } } b: __schema { types { name } } }',
    413,
    'once in an operation',
  ],
  [
    'types of fields of types',
    '{ __schema { types { fields { type { fields { name } } } } } }',
    413,
    '"fields" is possible once',
  ],
  [
    'the same by fragments',
    '{ __schema { types { ...A } } } fragment A on __Type { fields { type { ...B } } } fragment B on __Type { fields { name } }',
    413,
    '"fields" is possible once',
  ],
  ['one list by another name', '{ __type(name: "Patient") { a: fields { name } } }', 413, 'without an alias'],
  ['what it does not have', '{ __schema { nonsense } }', 400, 'nonsense'],
])('refuses %s', async (_, query, status, message) => {
  const [actual, [, told] = ['', '']] = await mistakesOf(server, '/stu3', query);
  expect([actual, told]).toEqual([status, expect.stringContaining(message)]);
});
