import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fhirVersions } from '../../../fhir/version.js';
import { testGuides } from '../../support/guides.js';
import { isOnDynamoDb, startTestServer, type TestRequest, type TestServer } from '../../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ bodyLimit: 200_000, guides: await testGuides() });
  for (const version of fhirVersions) {
    await server.send('PUT', `/${version}/Patient/p1`, { body: { resourceType: 'Patient', id: 'p1' } });
  }
});
afterAll(() => server.close());

const numRuns = isOnDynamoDb ? 30 : 400;
const odd = [
  '__proto__',
  'constructor',
  'toString',
  '',
  '%00',
  '%',
  '..',
  '.',
  '$validate',
  '$meta',
  '$everything',
  '$nonsense',
  '_history',
  '_search',
  '*',
  'é',
  '\u202e',
];
const segment = fc.oneof(
  fc.constantFrom('Patient', 'Observation', 'Bundle', 'ValueSet', 'p1', '1', 'metadata', ...odd),
  fc.string({ maxLength: 12 }).map(encodeURIComponent),
);
const name = fc.oneof(
  fc.constantFrom(
    'name',
    '_id',
    '_sort',
    '_count',
    '_include',
    '_revinclude',
    '_summary',
    '_elements',
    '_total',
    '_page',
    '_format',
    '_since',
    '_has:Observation:patient:code',
    'birthdate',
    'identifier',
    'organization.name',
    'ward',
    'value-quantity',
    'code-value-quantity',
    '_filter',
    '_contained',
    '_containedType',
    '_list',
    'near',
    'location:below',
    '_lastUpdated',
    'profile',
    'mode',
    ...odd,
  ),
  fc.string({ maxLength: 10 }),
);
const value = fc.oneof(
  fc.constantFrom(
    '1',
    '-1',
    '1e400',
    'ge2020',
    'Patient/p1',
    'a|b',
    '|',
    'a\\',
    '$',
    ',',
    '*',
    'Patient:organization',
    'true',
    'json',
    'xml',
    '9'.repeat(400),
    '1|2|3|km',
    'name eq "x" or (',
    'organization[active eq true].name co x',
    'both',
    'contained',
  ),
  fc.string({ maxLength: 20 }),
);
const pair = fc.tuple(
  name,
  fc.constantFrom('', ':exact', ':missing', ':not', ':contains', ':in', ':of-type', ':iterate', ':Patient', ':x'),
  value,
);
const query = fc
  .array(pair, { maxLength: 4 })
  .map((pairs) =>
    pairs.map(([key, modifier, text]) => `${encodeURIComponent(key)}${modifier}=${encodeURIComponent(text)}`).join('&'),
  );
const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS');
const printable = fc.string({
  maxLength: 20,
  unit: fc.integer({ min: 32, max: 126 }).map((letter) => String.fromCharCode(letter)),
});
const headers = fc.dictionary(
  fc.constantFrom(
    'accept',
    'prefer',
    'if-match',
    'if-none-match',
    'if-none-exist',
    'if-modified-since',
    'content-type',
    'content-encoding',
    'x-forwarded-host',
    'forwarded',
    'x-consistency',
  ),
  fc.oneof(
    printable,
    fc.constantFrom(
      'application/fhir+json',
      'application/json-patch+json',
      'return=minimal',
      'handling=lenient',
      'respond-async',
      'W/"1"',
      '*',
      'gzip',
      'identifier=1',
      'strong',
    ),
  ),
  { maxKeys: 3 },
);

const valid: readonly Record<string, unknown>[] = [
  {
    resourceType: 'Patient',
    id: 'p1',
    meta: { profile: ['http://example.org/clinic/StructureDefinition/clinic-patient'] },
    name: [{ family: 'A', given: ['B', 'C'], _given: [null, { extension: [{ url: 'urn:x', valueDecimal: 1.5 }] }] }],
    contained: [{ resourceType: 'Organization', id: 'o', name: 'x' }],
    managingOrganization: { reference: '#o' },
  },
  {
    resourceType: 'Observation',
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '85354-9' }] },
    subject: { reference: 'Patient/p1' },
    effectivePeriod: { start: '2020', end: '2021' },
    component: [{ code: { text: 'x' }, valueQuantity: { value: 1, unit: 'kg' } }],
  },
  {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      {
        fullUrl: 'urn:uuid:0f4a3f0e-7d0c-4c3c-8f2e-2f4d5e9d1f11',
        resource: { resourceType: 'Patient' },
        request: { method: 'POST', url: 'Patient', ifNoneExist: 'identifier=a|1' },
      },
      { request: { method: 'GET', url: 'Patient?name=x' } },
      { request: { method: 'DELETE', url: 'Patient/x' } },
    ],
  },
  {
    resourceType: 'Bundle',
    type: 'batch',
    entry: [
      { resource: { resourceType: 'Patient' }, request: { method: 'POST', url: 'Patient/$validate' } },
      { request: { method: 'GET', url: 'Patient/p1/_history' } },
    ],
  },
  {
    resourceType: 'Parameters',
    parameter: [
      { name: 'resource', resource: { resourceType: 'Patient' } },
      { name: 'mode', valueCode: 'create' },
      { name: 'profile', valueUri: 'urn:x' },
    ],
  },
  {
    resourceType: 'ValueSet',
    status: 'draft',
    url: 'urn:v',
    compose: {
      include: [
        { system: 'urn:s', concept: [{ code: 'a' }], filter: [{ property: 'concept', op: 'is-a', value: 'a' }] },
      ],
    },
  },
  {
    resourceType: 'StructureDefinition',
    url: 'urn:x',
    name: 'X',
    status: 'draft',
    kind: 'resource',
    abstract: false,
    type: 'Patient',
    differential: { element: [{ id: 'Patient', path: 'Patient', min: 0, max: '*' }] },
  },
];

const strange = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -1,
    1e308,
    '',
    ' ',
    [],
    {},
    [[]],
    [null],
    { id: 'x' },
    { __proto__: null },
    '#',
    'urn:uuid:x',
    'Patient?name=x',
    '\ud800',
    'x'.repeat(5_000),
  ),
  fc.string({ maxLength: 10 }),
  fc.jsonValue({ maxDepth: 3 }),
);

/** One place in a JSON value is changed: replaced, left out, wrapped, doubled, renamed. */
type Mutation = readonly [number, 'replace' | 'remove' | 'wrap' | 'double' | 'rename', unknown, string];
const mutation: fc.Arbitrary<Mutation> = fc.tuple(
  fc.nat(60),
  fc.constantFrom('replace', 'remove', 'wrap', 'double', 'rename'),
  strange,
  fc.oneof(
    fc.constantFrom('__proto__', 'constructor', '_name', 'resourceType', 'extension', 'valueString', 'reference'),
    fc.string({ maxLength: 8 }),
  ),
);

function mutated(whole: unknown, [at, how, replacement, renamed]: Mutation): unknown {
  let place = 0;
  const visit = (inner: unknown): unknown => {
    place += 1;
    const isHere = place - 1 === at;
    if (isHere && how === 'replace') return replacement;
    if (isHere && how === 'wrap') return [inner];
    if (isHere && how === 'double') return [inner, inner];
    if (Array.isArray(inner)) return inner.map(visit);
    if (typeof inner !== 'object' || inner === null) return inner;
    const entries = Object.entries(inner).flatMap(([key, member]) => {
      const here = place === at;
      const next = visit(member);
      if (here && how === 'remove') return [];
      return [[here && how === 'rename' ? renamed : key, next] as const];
    });
    return Object.fromEntries(entries);
  };
  return visit(whole);
}

const json = fc
  .tuple(fc.constantFrom(...valid), fc.array(mutation, { minLength: 1, maxLength: 3 }))
  .map(([whole, mutations]) => JSON.stringify(mutations.reduce<unknown>(mutated, whole)));
const body = fc.oneof(
  { weight: 6, arbitrary: json },
  { weight: 1, arbitrary: fc.string({ maxLength: 30 }) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '['.repeat(50_000),
      `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
      '{"resourceType":"Patient","a":1e',
      '\ufeff{}',
      'null',
      '""',
      '1',
    ),
  },
);

async function sent(verb: string, target: string, request: TestRequest): Promise<void> {
  const answer = await server.send(verb, target, request);
  const isExpected = answer.status < 500 || answer.status === 501;
  expect([isExpected, answer.status, target, server.logged]).toEqual([true, answer.status, target, []]);
  if (answer.status >= 400 && verb !== 'HEAD') expect(answer.json.resourceType).toBe('OperationOutcome');
}

test('whatever path, query and headers there are, nothing fails but the request', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...fhirVersions),
      method,
      fc.array(segment, { maxLength: 5 }),
      query,
      headers,
      async (version, verb, segments, search, fields) => {
        const path = `/${version}${segments.map((each) => `/${each}`).join('')}${search === '' ? '' : `?${search}`}`;
        await sent(verb, encodeURI(path).replaceAll('%25', '%'), { headers: fields });
      },
    ),
    { numRuns },
  );
});

test('whatever body there is, nothing fails but the request', async () => {
  const targets = [
    'POST /',
    'POST /Patient',
    'POST /Observation',
    'POST /Patient/$validate',
    'POST /Patient/$meta',
    'POST /ValueSet/$expand',
    'POST /ValueSet',
    'PUT /Patient/p1',
    'PATCH /Patient/p1',
    'PUT /Patient?identifier=1',
    'POST /Patient/_search',
    'POST /Patient/p1/$meta-add',
    'POST /StructureDefinition/$validate',
    'POST /StructureDefinition',
  ];
  const media = [
    'application/fhir+json',
    'application/json',
    'application/json-patch+json',
    'application/x-www-form-urlencoded',
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...fhirVersions),
      fc.constantFrom(...targets),
      fc.constantFrom(...media),
      body,
      async (version, target, type, content) => {
        const [verb = '', path = ''] = target.split(' ');
        await sent(verb, `/${version}${path}`, { body: content, headers: { 'content-type': type } });
      },
    ),
    { numRuns: numRuns * 2 },
  );
});
