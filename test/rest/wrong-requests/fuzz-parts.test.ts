import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fhirVersions } from '../../../fhir/version.js';
import { operations } from '../../../interactions/operations/operations.js';
import { testGuides } from '../../support/guides.js';
import { isOnDynamoDb, startTestServer, type TestRequest, type TestServer } from '../../support/server.js';

// Requests that are well formed as a whole, and whose parts are anything: patches, entries of bundles, operations.

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ guides: await testGuides() });
  for (const version of fhirVersions) {
    const name = [{ family: 'A', given: ['B'] }];
    await server.send('PUT', `/${version}/Patient/p1`, { body: { resourceType: 'Patient', id: 'p1', name } });
  }
});
afterAll(() => server.close());

const numRuns = isOnDynamoDb ? 20 : 150;
const versions = fc.constantFrom(...fhirVersions);

async function sent(verb: string, target: string, request: TestRequest): Promise<void> {
  const answer = await server.send(verb, target, request);
  expect([answer.status < 500, answer.status, target, server.logged]).toEqual([true, answer.status, target, []]);
  if (answer.status >= 400) expect(answer.json.issue[0].diagnostics).toMatch(/\w/);
}

const scalar = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 1e21, '', ' ', 'x', '2020', 'Patient/p1', '#', '__proto__'),
  fc.string({ maxLength: 8 }),
);
const anything = fc.oneof(scalar, fc.jsonValue({ maxDepth: 2 }), fc.constantFrom<unknown>([], {}, [{}], { id: 'x' }));

/** An object with some of these members, each of them maybe anything. */
const some = (members: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<object> =>
  fc.record(
    Object.fromEntries(
      Object.entries(members).map(([name, usual]) => [
        name,
        fc.oneof({ weight: 6, arbitrary: usual }, { weight: 1, arbitrary: anything }),
      ]),
    ),
    { requiredKeys: [] },
  );

const pointer = fc.oneof(
  fc.constantFrom(
    '',
    '/',
    '/name',
    '/name/0',
    '/name/-',
    '/name/0/given/0',
    '/name/9',
    '/~2',
    '/__proto__',
    '/id',
    '/meta',
  ),
  fc.array(fc.string({ maxLength: 5 }), { maxLength: 3 }).map((steps) => steps.map((step) => `/${step}`).join('')),
);
const jsonPatch = fc.array(
  some({
    op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'),
    path: pointer,
    from: pointer,
    value: anything,
  }),
  { maxLength: 4 },
);

const path = fc.oneof(
  fc.constantFrom(
    'Patient',
    'Patient.name',
    'Patient.name[0].given',
    "Patient.name.where(family = 'A')",
    'Patient.name.where(',
    'Patient.name.first()',
    'Patient.birthDate',
    'Patient.nonsense',
    '$this',
    '1 + 1',
    'Patient.descendants()',
    "Patient.extension('x').value",
  ),
  fc.string({ maxLength: 12 }),
);
const valued = (name: string, arbitrary: fc.Arbitrary<unknown>, types: readonly string[]): fc.Arbitrary<object> =>
  fc.tuple(arbitrary, fc.constantFrom(...types)).map(([value, type]) => ({ name, [`value${type}`]: value }));
const fhirPathPatch = fc
  .array(
    fc.subarray([0, 1, 2, 3, 4]).chain((chosen) => {
      const parts = [
        valued('type', fc.constantFrom('add', 'insert', 'delete', 'replace', 'move', 'x'), ['Code', 'String']),
        valued('path', path, ['String']),
        valued('name', fc.constantFrom('birthDate', 'name', 'extension', 'nonsense', '__proto__'), ['String']),
        valued('value', anything, ['String', 'HumanName', 'Date', 'Integer', 'Extension']),
        valued('index', fc.integer({ min: -2, max: 9 }), ['Integer']),
      ];
      return fc.tuple(...chosen.map((at) => parts[at] ?? fc.constant({}))).map((part) => ({ name: 'operation', part }));
    }),
    { maxLength: 3 },
  )
  .map((parameter) => ({ resourceType: 'Parameters', parameter }));

test('whatever a patch does, nothing fails but the request', async () => {
  await fc.assert(
    fc.asyncProperty(versions, fc.oneof(jsonPatch, fhirPathPatch), async (version, patch) => {
      const type = Array.isArray(patch) ? 'application/json-patch+json' : 'application/fhir+json';
      const body = JSON.stringify(patch);
      await sent('PATCH', `/${version}/Patient/p1`, { body, headers: { 'content-type': type } });
    }),
    { numRuns: numRuns * 2 },
  );
});

const url = fc.oneof(
  fc.constantFrom(
    'Patient',
    'Patient/p1',
    'Patient/p2',
    'Patient?identifier=a|1',
    'Patient?nonsense=1',
    'Patient?name=A&_count=0',
    'Patient/p1/_history',
    'Patient/p1/_history/1',
    'Patient/p1/$meta',
    'Patient/$validate',
    'metadata',
    '_history?_count=1',
    '?_type=Patient',
    'http://elsewhere/Patient',
    '$nonsense',
    '',
    '/',
    '//',
    '%',
  ),
  fc.string({ maxLength: 10 }),
);
const reference = fc.constantFrom(
  'Patient/p1',
  'urn:uuid:0f4a3f0e-7d0c-4c3c-8f2e-2f4d5e9d1f11',
  'Patient?identifier=a|1',
  'Patient?',
  '#x',
  'x',
);
const resource = fc.oneof(
  some({
    resourceType: fc.constant('Patient'),
    id: fc.constantFrom('p1', 'p2'),
    link: fc.array(some({ type: fc.constant('seealso'), other: some({ reference }) }), { maxLength: 1 }),
  }),
  fc.record({
    resourceType: fc.constant('Observation'),
    status: fc.constant('final'),
    code: fc.constant({ text: 'x' }),
    subject: some({ reference }),
  }),
);
const entry = some({
  fullUrl: fc.constantFrom('urn:uuid:0f4a3f0e-7d0c-4c3c-8f2e-2f4d5e9d1f11', 'http://x/Patient/p1', 'urn:oid:1.2'),
  resource,
  request: some({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'X'),
    url,
    ifMatch: fc.constantFrom('W/"1"', 'x', '*'),
    ifNoneMatch: fc.constantFrom('*', 'W/"1"', 'x'),
    ifNoneExist: fc.constantFrom('identifier=a|1', 'nonsense=1', '', 'name=A'),
    ifModifiedSince: fc.constantFrom('2020-01-01T00:00:00Z', 'x'),
  }),
});

test('whatever entries a bundle has, nothing fails but the request, or the entry', async () => {
  await fc.assert(
    fc.asyncProperty(
      versions,
      fc.constantFrom('batch', 'transaction'),
      fc.array(entry, { maxLength: 4 }),
      async (version, type, entries) => {
        const body = JSON.stringify({ resourceType: 'Bundle', type, entry: entries });
        const headers = { 'content-type': 'application/fhir+json' };
        const answer = await server.send('POST', `/${version}`, { body, headers });
        expect([answer.status < 500, body, server.logged]).toEqual([true, body, []]);
        if (answer.status !== 200) return;
        const statuses = (answer.json.entry as typeof answer.json.entry | undefined)?.map(
          ({ response }) => response?.status ?? '',
        );
        expect((statuses ?? []).filter((status) => status.startsWith('5'))).toEqual([]);
      },
    ),
    { numRuns: numRuns * 2 },
  );
});

// What $graphql is given has a fuzz test of its own; its answers are GraphQL's.
const named = operations.filter(({ name }) => name !== 'reindex' && name !== 'graphql');
const inputs = [...new Set(named.flatMap(({ parameters }) => parameters.map(({ name }) => name))), 'nonsense'];
const input = fc.oneof(
  valued('x', anything, [
    'String',
    'Uri',
    'Code',
    'Coding',
    'CodeableConcept',
    'Boolean',
    'Integer',
    'Meta',
    'DateTime',
  ]),
  fc.record({ name: fc.constant('x'), resource: fc.oneof(resource, anything) }),
  fc.record({ name: fc.constant('x'), part: anything }),
);

test('whatever an operation is given, nothing fails but the request', async () => {
  const target = fc.constantFrom(
    ...named.flatMap(({ name, levels, types }) =>
      types.flatMap((each) => {
        const type = each === '*' ? 'Patient' : each;
        return levels.map(
          (level) => ({ system: `$${name}`, type: `${type}/$${name}`, instance: `${type}/p1/$${name}` })[level],
        );
      }),
    ),
  );
  const pairs = fc.array(fc.tuple(fc.constantFrom(...inputs), input), { maxLength: 4 });
  const query = fc.array(fc.tuple(fc.constantFrom(...inputs), fc.string({ maxLength: 8 })), { maxLength: 2 });
  await fc.assert(
    fc.asyncProperty(versions, target, pairs, query, async (version, where, parameters, search) => {
      const parameter = parameters.map(([name, value]) => ({ ...value, name }));
      const text = search.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
      const body = JSON.stringify({ resourceType: 'Parameters', parameter });
      const headers = { 'content-type': 'application/fhir+json' };
      await sent('POST', `/${version}/${where}?${text}`, { body, headers });
    }),
    { numRuns: numRuns * 3 },
  );
});
