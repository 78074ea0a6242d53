import { gzipSync } from 'node:zlib';
import { fhirVersions, type FhirVersion } from '../../../fhir/version.js';
import { hostileText, inUrl } from './hostile.js';
import { rawRequest } from './rest-requests.js';
import type { Chance } from './seed.js';

// Requests that are well formed, and each of which asks for as much as it can: what is short and takes long.

/** A request before it is written: where it goes below `/r4` or `/stu3`, and its body with its media type. */
interface Costly {
  readonly method?: string;
  readonly target: string;
  readonly media?: string;
  readonly body?: string | Buffer;
  readonly headers?: readonly (readonly [string, string])[];
}

const fhir = 'application/fhir+json';
const times = <Each>(length: number, write: (at: number) => Each): Each[] =>
  Array.from({ length }, (_, at) => write(at));
const form = (target: string, body: string): Costly => ({
  method: 'POST',
  target: `${target}/_search`,
  media: 'application/x-www-form-urlencoded',
  body,
});
const json = (method: string, target: string, body: unknown, media = fhir): Costly => ({
  method,
  target,
  media,
  body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
});

/** What costly requests lead through: circles of references, value sets that double, long lists. As PUTs. */
export const costlyResources = (version: FhirVersion): readonly Readonly<Record<string, unknown>>[] => [
  ...times(12, (at) => ({
    resourceType: 'Location',
    id: `l${String(at)}`,
    name: 'circle',
    partOf: { reference: `Location/l${String((at + 1) % 12)}` },
  })),
  ...times(12, (at) => ({
    resourceType: 'Organization',
    id: `o${String(at)}`,
    name: 'circle',
    partOf: { reference: `Organization/o${String((at + 5) % 12)}` },
    endpoint: [{ reference: 'Endpoint/none' }],
  })),
  { resourceType: 'Patient', id: 'c1', link: [{ other: { reference: 'Patient/c2' }, type: 'seealso' }] },
  { resourceType: 'Patient', id: 'c2', link: [{ other: { reference: 'Patient/c1' }, type: 'seealso' }] },
  ...times(25, (at) => ({
    resourceType: 'ValueSet',
    id: `v${String(at)}`,
    url: `urn:v${String(at)}`,
    status: 'active',
    compose: {
      include: times(2, () => (at === 24 ? { system: 'urn:c' } : { valueSet: [`urn:v${String(at + 1)}`] })),
    },
  })),
  {
    resourceType: 'ValueSet',
    id: 'vc',
    url: 'urn:vc',
    status: 'active',
    compose: { include: [{ valueSet: ['urn:vc'] }] },
  },
  {
    resourceType: 'CodeSystem',
    id: 'c',
    url: 'urn:c',
    status: 'active',
    content: 'complete',
    ...(version === 'r4' ? { hierarchyMeaning: 'is-a' } : {}),
    concept: times(1_000, (at) => ({ code: `c${String(at)}`, display: `${'a'.repeat(40)}${String(at)}` })),
  },
  { id: 'bomb', ...bomb({ url: 'urn:bomb', name: 'Bomb', prefix: 'b' }, 6) },
];

/** A profile of patients whose constraints are expressions that grow. */
const bomb = ({ url, name, prefix }: { url: string; name: string; prefix: string }, deep: number) => ({
  resourceType: 'StructureDefinition',
  url,
  name,
  status: 'active',
  kind: 'resource',
  abstract: false,
  type: 'Patient',
  derivation: 'constraint',
  baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Patient',
  differential: {
    element: [
      {
        id: 'Patient',
        path: 'Patient',
        constraint: expressions(deep).map((expression, at) => ({
          key: `${prefix}-${String(at)}`,
          severity: 'error',
          human: 'x',
          expression,
        })),
      },
    ],
  },
});

/** FHIRPath that grows by itself: values that double, walks within walks, patterns, and depth. */
function expressions(deep: number): readonly string[] {
  const nested = (inner: string, open: string, close: string): string => open.repeat(deep) + inner + close.repeat(deep);
  return [
    `'a'${".replaceMatches('a', 'aaaaaaaaaa')".repeat(deep)}.length() > 0`,
    `'a'${".replace('a', 'aaaaaaaaaa')".repeat(deep)}.length() > 0`,
    nested('true', 'descendants().select(%resource.', ')').replaceAll('.true', '.exists()'),
    `%resource.descendants()${'.select(%resource.descendants())'.repeat(deep)}.count() > 0`,
    `('${'a'.repeat(5_000)}!').matches('${'(a+)+'.repeat(deep)}$')`,
    `('${'a'.repeat(5_000)}!').matches('^(a|a?)*{50}$')`,
    `${nested('1', '(', ')')} = 1`,
    nested('true', 'iif(true, ', ', false)'),
    `Patient.name${'.where(use = use)'.repeat(deep)}.exists()`,
    `(${times(deep * 50, String).join(' | ')}).count() > 0`,
    `repeat(%resource | %resource.descendants()).count() > 0`,
    `(${times(50, String).join('|')})${`.select(${times(50, String).join('|')})`.repeat(deep)}.count() > 0`,
    `'${'a'.repeat(1_000)}'.toChars()${'.select(toString() + toString())'.repeat(deep)}.count() > 0`,
    `'a'${' + %resource.descendants().toString()'.repeat(deep)} = 'a'`,
  ];
}

const references = ['link', 'general-practitioner', 'organization', 'partof', 'subject', 'patient'] as const;

/** Searches. */
function costlySearch(chance: Chance): Costly {
  const deep = chance.pick([5, 50, 200, 2_000]);
  const many = chance.pick([100, 2_000, 20_000]);
  const words = (): string => times(many, (at) => `a${String(at)}`).join(',');
  const searches: readonly (() => Costly)[] = [
    () => form('/Patient', `name=${words()}`),
    () => form('/Patient', times(Math.min(many, 2_000), (at) => `name=a${String(at)}`).join('&')),
    () =>
      form('/Observation', `code=${times(many, (at) => `http://loinc.org%7C${String(at)}`).join(',')}&_total=accurate`),
    () =>
      form('/Observation', `code-value-quantity=${times(many, (at) => `a${String(at)}$gt${String(at)}`).join(',')}`),
    () =>
      form(
        '/Observation',
        `value-quantity=${times(many, (at) => `ap${String(at)}%7Chttp://unitsofmeasure.org%7Cmg`).join(',')}`,
      ),
    () =>
      form(
        '/Patient',
        `birthdate=${times(many, (at) => `${chance.pick(['ap', 'ne', 'sa', 'ge'])}${String(1000 + (at % 9000))}`).join(',')}`,
      ),
    () => form('/Patient', `name:contains=${times(many, (at) => `b${String(at)}`).join(',')}`),
    () => form('/Patient', `_id:not=${words()}`),
    () => form('/Patient', `identifier:of-type=${times(many, (at) => `a%7Cb%7C${String(at)}`).join(',')}`),
    () => form('/Patient', `${'_has:Patient:link:'.repeat(deep)}name=a`),
    () => form('/Location', `${'_has:Location:partof:'.repeat(deep)}name=circle`),
    () => form('/Location', `${'partof.'.repeat(deep)}name=circle`),
    () => form('/Patient', `${'link:Patient.'.repeat(deep)}name=a`),
    () => form('/Observation', `${times(deep, () => chance.pick(references)).join('.')}.name=a`),
    () => form('/Observation', times(Math.min(deep, 100), (at) => `subject:Patient.name=a${String(at)}`).join('&')),
    () => ({
      target: `/Location?_include:${chance.pick(['iterate', 'recurse'])}=*&_include=*&_revinclude:iterate=*&_revinclude=*`,
    }),
    () => ({
      target: `/Location?_include=Location:partof&_include:iterate=Location:partof&_revinclude:iterate=Location:partof`,
    }),
    () =>
      form(
        '/Organization',
        times(
          Math.min(deep, 200),
          () => `_include:iterate=Organization:partof&_revinclude:iterate=Organization:partof`,
        ).join('&'),
      ),
    () => ({ target: `/Location?_sort=${times(deep, (at) => (at % 2 === 0 ? '-name' : 'name')).join(',')}` }),
    () => ({
      target: `/Patient?_sort=${chance.pick(['link', '_text', 'near', '-_has', 'name:exact', ','.repeat(deep), '-'.repeat(deep)])}`,
    }),
    () => ({
      target: `/Patient?_count=${chance.pick(['0', '-1', '1000000000', '1e9', '99999999999999999999999', '0x10', '1.5', ''])}&_total=accurate`,
    }),
    () => ({ target: `/Patient?_elements=${times(deep, (at) => `name${String(at)}`).join(',')}` }),
    () => form('', `_type=${times(deep, () => 'Patient').join(',')}&_id=${times(100, String).join(',')}`),
    () => form('', `_lastUpdated=ge1900&_sort=-_lastUpdated&_count=1000`),
    () => form('/Patient', `_filter=${'not (('.repeat(deep)}name eq "a"${'))'.repeat(deep)}`),
    () => form('/Patient', `_filter=${times(many, () => 'name co "a"').join(chance.pick([' or ', ' and ']))}`),
    () => form('/Patient', `_filter=${'(name eq a and '.repeat(deep)}name eq a${')'.repeat(deep)}`),
    () => form('/Patient', `_text=${'(a OR '.repeat(deep)}a${')'.repeat(deep)}`),
    () => form('/Patient', `_content=${words()}`),
    () => form('/Patient', `_content="${'a '.repeat(many)}"`),
    () => form('/Observation', `code:in=${times(100, (at) => `urn:v${String(at % 25)}`).join(',')}`),
    () => ({
      target: `/Observation?code:in=urn:v0&code:not-in=urn:vc&code:above=${inUrl(chance, hostileText(chance, 200))}`,
    }),
    () => ({ target: `/Location?partof:below=l0&partof:above=l3&_total=accurate` }),
    () => ({
      target: `/Location?near=${chance.pick(['0|0|1e300|km', '90|180|20037|km', '-90|-180|1|m', '1e-320|1e-320|1e-320|km', '89.9999999|179.99999|40000|km'])}`,
    }),
    () => ({
      target: `/Patient/c1/$everything?_type=${times(deep, () => 'Observation').join(',')}&_count=${chance.pick(['1', '0', '1000'])}`,
    }),
    () => ({
      target: `/Patient/$everything?start=0001-01-01&end=9999-12-31&_since=${chance.pick(['1900-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '0000'])}`,
    }),
    () => ({
      target: `${chance.pick(['/Patient', '', '/Patient/c1'])}/_history?_since=${chance.pick(['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z', '1', '2020-02-30', '275761-01-01T00:00:00Z'])}&_count=${chance.pick(['0', '-1', '1e9', '1000'])}`,
    }),
    () => ({
      target: `${chance.pick(['/Patient', '', '/Patient/c1'])}/_history?_at=${chance.pick(['ge0001', 'lt9999-12-31', '2020-13', '0000-00-00T00:00:00Z', 'eq2020-01-01T24:00:00Z'])}&_sort=-_lastUpdated`,
    }),
    () => ({
      target: `/Patient?birthdate=${chance.pick(['0001-01-01', '9999-12-31T23:59:60Z', '0000', '10000', 'ne9999', 'sa9999-12-31', 'eb0001', 'ap0001-01-01T00:00:00-14:00', '1582-10-10', '2016-12-31T23:59:60Z'])}`,
    }),
    () => ({
      target: '/Patient',
      headers: [
        [
          'Accept',
          times(many, () => 'a/b;q=0.1')
            .join(',')
            .slice(0, 14_000),
        ],
      ],
    }),
    () => ({
      target: '/Patient',
      headers: [
        [
          'Prefer',
          times(many, () => 'a=b')
            .join(';')
            .slice(0, 14_000),
        ],
      ],
    }),
    () => ({
      ...json('PUT', '/Patient', { resourceType: 'Patient' }),
      headers: [['If-None-Exist', words().slice(0, 14_000)]],
    }),
    () => ({
      target: '/Patient/c1',
      headers: [
        [
          'If-None-Match',
          times(2_000, (at) => `W/"${String(at)}"`)
            .join(',')
            .slice(0, 14_000),
        ],
      ],
    }),
    () => ({
      target: `/Binary/b1`,
      headers: [['Range', `bytes=${times(3_000, (at) => `${String(at)}-`).join(',')}`.slice(0, 14_000)]],
    }),
  ];
  return chance.pick(searches)();
}

const inParameters = (parameter: readonly object[]): object => ({ resourceType: 'Parameters', parameter });

/** Bundles, patches, resources and operations. */
function costlyBody(chance: Chance, version: FhirVersion): Costly {
  const deep = chance.pick([3, 12, 30]);
  const many = chance.pick([100, 1_000, 10_000]);
  const uuid = (at: number): string => `urn:uuid:00000000-0000-4000-8000-${String(at).padStart(12, '0')}`;
  const bundle = (type: string, entry: readonly object[]): Costly =>
    json('POST', '', { resourceType: 'Bundle', type, entry });
  const get = (url: string): object => ({ request: { method: 'GET', url } });
  const valueSet = (compose: object): Costly =>
    json(
      'POST',
      '/ValueSet/$expand',
      inParameters([
        { name: 'valueSet', resource: { resourceType: 'ValueSet', url: 'urn:x', status: 'active', compose } },
      ]),
    );
  const bodies: readonly (() => Costly)[] = [
    () =>
      bundle(
        'batch',
        times(many, () => get('Patient/c1')),
      ),
    () =>
      bundle(
        'batch',
        times(Math.min(many, 1_000), (at) => get(`Patient?name=a${String(at)}&_include=*`)),
      ),
    () =>
      bundle(
        'batch',
        times(10, () => get(`Location?${'partof.'.repeat(50)}name=circle`)),
      ),
    () =>
      bundle(
        'batch',
        times(many, () => ({ request: { method: 'POST', url: 'Patient' }, resource: {} })),
      ),
    () =>
      bundle(
        'transaction',
        times(Math.min(many, 2_000), (at) => ({
          fullUrl: uuid(at),
          request: { method: 'POST', url: 'Location' },
          resource: {
            resourceType: 'Location',
            name: 'x',
            partOf: { reference: uuid((at + 1) % Math.min(many, 2_000)) },
          },
        })),
      ),
    () =>
      bundle(
        'transaction',
        times(Math.min(many, 1_000), () => ({
          fullUrl: uuid(0),
          request: { method: 'POST', url: 'Patient' },
          resource: { resourceType: 'Patient' },
        })),
      ),
    () =>
      bundle(
        'transaction',
        times(Math.min(many, 300), (at) => ({
          fullUrl: uuid(at),
          request: {
            method: 'POST',
            url: 'Patient',
            ifNoneExist: `identifier=urn:x|${String(at % 7)}&${'link:Patient.'.repeat(10)}name=a`,
          },
          resource: { resourceType: 'Patient' },
        })),
      ),
    () =>
      bundle(
        'transaction',
        times(300, (at) => ({
          request: { method: 'POST', url: 'Observation' },
          resource: {
            resourceType: 'Observation',
            status: 'final',
            code: { text: 'x' },
            subject: { reference: `Patient?identifier=urn:x|${String(at)}` },
          },
        })),
      ),
    () =>
      bundle(
        'transaction',
        times(50, (at) => ({ request: { method: 'DELETE', url: `Location?partof:below=l${String(at)}&name=no` } })),
      ),
    () =>
      json(
        'PATCH',
        '/Patient/c1',
        times(deep, (at) => ({
          op: 'copy',
          from: '/link',
          path: `/${at % 2 === 0 ? 'link/0/extension' : 'link/0/x'}`,
        })),
        'application/json-patch+json',
      ),
    () =>
      json(
        'PATCH',
        '/Patient/c1',
        [
          { op: 'add', path: '/name', value: [{ family: 'x'.repeat(1_000) }] },
          ...times(deep * 5, () => ({ op: 'copy', from: '/name', path: '/name/0/extension' })),
        ],
        'application/json-patch+json',
      ),
    () =>
      json(
        'PATCH',
        '/Patient/c1',
        times(many, () => ({ op: 'add', path: '/name/0', value: { family: 'x' } })),
        'application/json-patch+json',
      ),
    () =>
      json(
        'PATCH',
        '/Patient/c1',
        [
          { op: 'test', path: `/${'a/'.repeat(many)}`, value: 1 },
          { op: 'add', path: '/__proto__/polluted', value: 1 },
          { op: 'add', path: '/constructor/prototype/polluted', value: 1 },
        ],
        'application/json-patch+json',
      ),
    () =>
      json(
        'PATCH',
        '/Patient/c1',
        inParameters(
          times(chance.pick([1, 20, 1_000]), () => ({
            name: 'operation',
            part: [
              { name: 'type', valueCode: chance.pick(['add', 'replace', 'insert', 'delete', 'move']) },
              { name: 'path', valueString: chance.pick(expressions(deep)).replace(/ (?:>|=) .*$/, '') },
              { name: 'name', valueString: 'name' },
              { name: 'index', valueInteger: chance.pick([0, -1, 2_000_000_000]) },
              { name: 'value', valueString: 'x' },
            ],
          })),
        ),
      ),
    () =>
      json('POST', '/Patient', {
        resourceType: 'Patient',
        meta: { profile: ['urn:bomb'] },
        name: times(many, () => ({ family: 'x' })),
      }),
    () =>
      json(
        'POST',
        '/Patient/$validate',
        inParameters([
          { name: 'profile', valueUri: 'urn:bomb' },
          {
            name: 'resource',
            resource: {
              resourceType: 'Patient',
              contact: times(Math.min(many, 1_000), () => ({ name: { given: times(10, String) } })),
            },
          },
        ]),
      ),
    () =>
      json('POST', '/StructureDefinition', bomb({ url: `urn:s${String(many)}`, name: 'X', prefix: 'x' }, deep * 20)),
    () =>
      json('POST', '/SearchParameter', {
        resourceType: 'SearchParameter',
        url: 'urn:sp',
        name: 'x',
        status: 'active',
        code: 'x',
        base: ['Patient'],
        type: 'string',
        description: 'x',
        expression: chance.pick(expressions(deep)),
      }),
    () =>
      json('POST', '/Questionnaire', {
        resourceType: 'Questionnaire',
        status: 'draft',
        item: times(many, (at) => ({
          linkId: String(at),
          type: 'string',
          enableWhen: [
            {
              question: String(at + 1),
              ...(version === 'r4' ? { operator: 'exists', answerBoolean: true } : { hasAnswer: true }),
            },
          ],
        })),
      }),
    () =>
      json('POST', '/Patient', {
        resourceType: 'Patient',
        contained: times(Math.min(many, 2_000), (at) => ({
          resourceType: 'Organization',
          id: `o${String(at)}`,
          partOf: { reference: `#o${String(at + 1)}` },
        })),
        managingOrganization: { reference: '#o0' },
      }),
    () =>
      json('POST', '/Observation', {
        resourceType: 'Observation',
        status: 'final',
        code: { coding: times(many, (at) => ({ system: 'http://loinc.org', code: String(at) })) },
        component: times(Math.min(many, 1_000), (at) => ({
          code: { coding: times(10, String).map((code) => ({ system: 'urn:x', code })) },
          valueQuantity: { value: at, system: 'http://unitsofmeasure.org', code: 'mg' },
        })),
      }),
    () =>
      json(
        'POST',
        '/Patient',
        `{"resourceType":"Patient","birthDate":"${chance.pick(['0001-01-01', '9999-12-31', '0000', '2020-02-30', '10000-01-01'])}","multipleBirthInteger":${chance.pick(['1e400', '-0', '1e9', '0.1', '99999999999999999999', '1E+2'])}}`,
      ),
    () =>
      json(
        'POST',
        '/Observation',
        `{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":${chance.pick(['1e400', '-0', '-0.0', '1e-400', `1e${'9'.repeat(50)}`, '0.1e-9999999', `${'1'.repeat(300)}.${'1'.repeat(300)}`])},"system":"http://unitsofmeasure.org","code":"${chance.pick(['mg', '10*99999', 'Ym'.repeat(300), 'm'.repeat(5_000), '('.repeat(3_000), '[in_i]/'.repeat(500), 'm.'.repeat(3_000)])}"}}`,
      ),
    () =>
      json(
        'POST',
        '/Patient',
        '{"resourceType":"Patient","resourceType":"Observation","id":"a","id":"b","name":[],"name":[{"family":"x","family":"y"}]}',
      ),
    () => json('POST', '/Patient', `\ufeff{"resourceType":"Patient"}`),
    () =>
      json(
        'POST',
        '/Patient',
        `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">${times(20, (at) => `<!ENTITY a${String(at)} "${'&a;'.repeat(10)}">`).join('')}]><Patient xmlns="http://hl7.org/fhir"><name>&a9;</name></Patient>`,
        'application/fhir+xml',
      ),
    () =>
      json('POST', '/Patient', {
        resourceType: 'Patient',
        text: {
          status: 'generated',
          div: `<div xmlns="http://www.w3.org/1999/xhtml">${chance.pick(['<b>'.repeat(many), `${'<b>'.repeat(many)}x${'</b>'.repeat(many)}`, '&amp;'.repeat(many), `<!DOCTYPE x [<!ENTITY a "b">]>&a;`, `<p ${'a="b" '.repeat(many)}/>`])}</div>`,
        },
      }),
    () => ({
      ...json('POST', '/Patient', gzipSync(Buffer.alloc(chance.pick([1, 60]) * 2 ** 20, ' '))),
      headers: [['Content-Encoding', chance.pick(['gzip', 'gzip', 'deflate', 'br', 'gzip, gzip', 'x'])]],
    }),
    () =>
      json(
        'POST',
        '/ValueSet/$expand',
        inParameters([
          { name: 'url', valueUri: chance.pick(['urn:v0', 'urn:v20', 'urn:vc']) },
          { name: 'filter', valueString: hostileText(chance, 1_000) },
        ]),
      ),
    () =>
      valueSet({
        include: times(200, (at) => ({
          system: 'urn:c',
          filter: [{ property: 'display', op: 'regex', value: `${'(a|aa|b?)*'.repeat(8)}${String(at)}` }],
        })),
      }),
    () =>
      valueSet({
        include: times(200, () => ({
          system: 'urn:c',
          filter: times(20, () => ({ property: 'code', op: 'regex', value: 'c.*[0-9]{1,30}' })),
        })),
      }),
    () =>
      valueSet({
        include: [
          {
            system: 'urn:c',
            filter: [
              { property: 'display', op: 'regex', value: `${'('.repeat(deep)}a{1,1000}${'){1,1000}'.repeat(deep)}` },
            ],
          },
        ],
      }),
    () =>
      valueSet({
        include: [{ system: 'urn:c' }],
        exclude: times(many, (at) => ({ system: 'urn:c', concept: [{ code: `c${String(at)}` }] })),
      }),
    () => valueSet({ include: times(many, () => ({ valueSet: ['urn:v20'] })) }),
    () => valueSet({ include: [{ system: 'urn:c', concept: times(many, (at) => ({ code: `c${String(at)}` })) }] }),
    () =>
      json(
        'POST',
        '/CodeSystem/$lookup',
        inParameters([
          { name: 'code', valueCode: 'c1' },
          { name: 'system', valueUri: 'urn:c' },
          ...times(many, () => ({ name: 'property', valueCode: 'x' })),
        ]),
      ),
    () =>
      json(
        'POST',
        '/ConceptMap/$translate',
        inParameters([
          { name: 'url', valueUri: 'urn:v0' },
          {
            name: 'codeableConcept',
            valueCodeableConcept: { coding: times(many, (at) => ({ system: 'urn:c', code: `c${String(at)}` })) },
          },
        ]),
      ),
    () =>
      json('POST', '/CodeSystem', {
        resourceType: 'CodeSystem',
        url: 'urn:deep',
        status: 'draft',
        content: 'complete',
        concept: times(deep * 3, () => 0).reduce<object[]>((inner) => [{ code: 'x', concept: inner }], [{ code: 'y' }]),
      }),
    () =>
      json('POST', '/Subscription', {
        resourceType: 'Subscription',
        status: 'requested',
        reason: 'x',
        criteria: `Patient?${chance.pick([`${'link:Patient.'.repeat(50)}name=a`, times(3_000, () => 'name=a').join('&'), '_has:Observation:patient:code=x', `name=${'a,'.repeat(30_000)}`, '_filter=not(', `_include=*&_sort=name`])}`,
        channel: {
          type: 'rest-hook',
          endpoint: chance.pick([
            'http://[::1]/',
            'http://0x7f.1/',
            'http://127.0.0.1:1/',
            'https://a@b:99999/',
            'file:///x',
          ]),
          payload: fhir,
          header: times(many, () => 'A: b'),
        },
      }),
    () => ({
      method: 'POST',
      target: '/Binary',
      media: chance.pick([
        'multipart/form-data',
        `multipart/mixed; boundary=${'x'.repeat(5_000)}`,
        'text/html;'.repeat(500),
        'a/b',
        'application/fhir+json;charset=utf-7',
        `x/${'y'.repeat(10_000)}`,
      ]),
      body: hostileText(chance),
    }),
    () =>
      json(
        'POST',
        '/$graphql',
        {
          query: `{ Patient(id: "c1") { ${times(Math.min(many, 100), (at) => `a${String(at)}: name(fhirpath: ${JSON.stringify(chance.pick(expressions(deep)))}) { family }`).join(' ')} } }`,
        },
        'application/json',
      ),
    () =>
      json(
        'POST',
        '/$graphql',
        {
          query: `{ Patient(id: "c1") { link @slice(fhirpath: ${JSON.stringify(chance.pick(expressions(deep)))}) { type } ${'link { other { resource { ... on Patient { '.repeat(deep)}id${' } } } }'.repeat(deep)} } }`,
        },
        'application/json',
      ),
    () =>
      json(
        'POST',
        '/graphql',
        {
          query: `{ Patient(id: "c1") { ${'link { other { resource { ... on Patient { '.repeat(deep)}id${' } } } }'.repeat(deep)} } }`,
        },
        'application/json',
      ),
    () =>
      json(
        'POST',
        '/$graphql',
        {
          query: `query q($v: [String]) { ${times(Math.min(many, 1_000), (at) => `a${String(at)}: PatientList(name: $v) { id }`).join(' ')} }`,
          variables: { v: times(many, (at) => `a${String(at)}`) },
        },
        'application/json',
      ),
    () =>
      json('POST', '/$import', {
        resourceType: 'Parameters',
        parameter: times(many, (at) => ({
          name: 'input',
          part: [
            { name: 'type', valueCode: 'Patient' },
            { name: 'url', valueUri: `file:///nowhere/${'../'.repeat(at % 20)}etc/passwd` },
          ],
        })),
      }),
  ];
  return chance.pick(bodies)();
}

/** A request that asks for as much as it can. */
export function costlyRequest(chance: Chance, token: string): Buffer {
  const version = chance.pick(fhirVersions);
  const {
    method = 'GET',
    target,
    media,
    body,
    headers = [],
  } = chance.once(2) ? costlySearch(chance) : costlyBody(chance, version);
  return rawRequest({
    method,
    target: `/${version}${target.replace(/[^\x21-\x7e]/g, (letter) => inUrl(chance, letter))}`,
    headers: [
      ['Authorization', `Bearer ${token}`],
      ...headers,
      ...(media === undefined ? [] : [['Content-Type', media] as const]),
      ...(method === 'POST' && target.endsWith('$import') ? [['Prefer', 'respond-async'] as const] : []),
    ],
    ...(body === undefined ? {} : { body: Buffer.from(body) }),
  });
}
