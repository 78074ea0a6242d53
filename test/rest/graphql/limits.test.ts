import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { dataOf, mistakesOf } from '../../support/graphql.js';
import { startTestServer, type TestServer } from '../../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    graphqlLimits: { depth: 6, fields: 30, aliases: 5, searches: 4, resources: 10, values: 400 },
  });
  const entry = Array.from({ length: 12 }, (_, index) => ({
    request: { method: 'PUT', url: `Patient/p${String(index)}` },
    resource: {
      resourceType: 'Patient',
      id: `p${String(index)}`,
      name: Array.from({ length: 40 }, () => ({ family: 'X' })),
    },
  }));
  await server.send('POST', '/r4', { body: { resourceType: 'Bundle', type: 'transaction', entry } });
});
afterAll(() => server.close());

const times = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');

describe('beyond a limit a request is refused, and the limit is named', () => {
  test.each([
    [
      'depth',
      `{ Patient(id: p1) ${'{ link { other { resource { ... on Patient '.repeat(2)} { id } ${'} } } }'.repeat(2)} }`,
      '6 are allowed',
    ],
    ['fields', `{ Patient(id: p1) { ${times(31, () => 'id')} } }`, '30 are allowed'],
    [
      'fields of fragments',
      `{ Patient(id: p1) { ...A ...A ...A } } fragment A on Patient { ...B ...B ...B } fragment B on Patient { id active birthDate gender }`,
      '30 are allowed',
    ],
    ['aliases', `{ Patient(id: p1) { ${times(6, (index) => `a${String(index)}: id`)} } }`, '5 are allowed'],
    ['searches', `{ PatientList(_count: 5) { PersonList(_reference: patient) { id } } }`, 'more than 4 searches'],
    ['resources', '{ PatientList { id } }', 'more than 10 resources'],
    ['values', '{ PatientList(_count: 9) { name { family } } }', 'more than 400 values'],
  ])('%s', async (_, query, message) => {
    const [status, [, told] = ['', '']] = await mistakesOf(server, '/r4', query);
    expect([status, told]).toEqual([413, expect.stringContaining(message)]);
  });

  test('what stays within them is answered', async () => {
    expect(
      await dataOf(server, '/r4', '{ PatientList(_count: 4) { PersonList(_reference: patient) { id } } }').catch(
        String,
      ),
    ).toContain('more than 4 searches');
    expect(
      await dataOf(server, '/r4', '{ PatientList(_count: 3) { PersonList(_reference: patient) { id } } }'),
    ).toEqual({
      PatientList: [{ PersonList: [] }, { PersonList: [] }, { PersonList: [] }],
    });
  });
});

describe('a document nobody could read is refused before it is read', () => {
  const deep = (count: number): string => '{ a '.repeat(count) + '}'.repeat(count);
  test.each([
    ['deep selections', deep(5000), 413],
    ['deep literals', `{ Patient(id: ${'['.repeat(5000)}${']'.repeat(5000)}) { id } }`, 413],
    ['many tokens', `{ ${'id '.repeat(30_000)} }`, 413],
    [
      'many fragments',
      `{ ...F0 } ${times(1000, (index) => `fragment F${String(index)} on Query { ...F${String(index + 1)} }`)}`,
      413,
    ],
    ['a broken document', '{ "', 400],
  ])('%s', async (_, query, status) => {
    expect((await mistakesOf(server, '/r4', query))[0]).toBe(status);
  });

  test('deep variables', async () => {
    const body = `{"query":"query ($v: Any) { Patient(id: $v) { id } }","variables":{"v":${'['.repeat(5000)}${']'.repeat(5000)}}}`;
    const { status, text } = await server.send('POST', '/r4/$graphql', {
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect([status, text]).toEqual([400, expect.stringContaining('nested too deep')]);
  });
});

test('introspection can be switched off', async () => {
  const closed = await startTestServer({ graphqlLimits: { introspection: false } });
  const query = '{ __schema { queryType { name } } }';
  expect(await mistakesOf(closed, '/r4', query)).toEqual([400, ['', expect.stringContaining('switched off')]]);
  expect(await dataOf(closed, '/r4', '{ __typename }')).toEqual({ __typename: 'Query' });
  await closed.close();
});

test('a list that is longer than lists may be is an error, never a part of it', async () => {
  const whole = await startTestServer();
  const entry = Array.from({ length: 91 }, () => ({
    request: { method: 'POST', url: 'Basic' },
    resource: { resourceType: 'Basic', code: { text: 'x' } },
  }));
  for (let bundles = 0; bundles < 11; bundles += 1) {
    await whole.send('POST', '/r4', { body: { resourceType: 'Bundle', type: 'transaction', entry } });
  }
  expect(await mistakesOf(whole, '/r4', '{ BasicList { id } }')).toEqual([
    413,
    ['BasicList', expect.stringContaining('More than 1000 resources match')],
  ]);
  const page = await dataOf(whole, '/r4', '{ BasicList(_count: 3) { id } }');
  expect((page as { readonly BasicList: readonly unknown[] }).BasicList).toHaveLength(3);
  await whole.close();
});
