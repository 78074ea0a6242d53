import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type AccessFilter, inCompartments } from '../../../search/access.js';
import type { FhirDefinitions } from '../../../fhir/definitions.js';
import { loadDefinitions } from '../../../fhir/load-definitions.js';
import type { Resource } from '../../../fhir/resource.js';
import { parseSearch } from '../../../search/parse.js';
import { requireUnchained, type SearchRequest } from '../../../search/request.js';
import type { Indexable } from '../../../search/search-index.js';
import { openIndex, type OpenSearchUnderTest } from './index-under-test.js';
import { defaultTenant } from '../../../persistence/keys.js';
import { tenant } from '../../support/tenant.js';

let definitions: FhirDefinitions;
let opened: OpenSearchUnderTest;
beforeAll(async () => {
  definitions = await loadDefinitions('r4');
  opened = await openIndex(definitions);
});
afterAll(() => opened.close());

const everything: AccessFilter = { kind: 'everything' };
const options = { handling: 'strict', defaultCount: 20, maxCount: 1000, now: Date.UTC(2026, 0, 1) } as const;
const parse = (type: string, ...parameters: (readonly [string, string])[]): SearchRequest =>
  requireUnchained(parseSearch(definitions, type, parameters, options));
const indexed = (resource: Resource, compartments: string[] = []): Indexable => ({
  tenant: defaultTenant,
  type: resource.resourceType,
  id: resource.id ?? '',
  versionId: 1,
  lastUpdated: '2020-01-01T00:00:00.000Z',
  compartments,
  resource,
});
const many = (count: number, text: (i: number) => string): string[] => Array.from({ length: count }, (_, i) => text(i));

test('more matches than OpenSearch gives at once are given, and passed over', async () => {
  const ids = many(10_300, (i) => `o${String(i).padStart(5, '0')}`);
  await opened.index.put(ids.map((id) => indexed({ resourceType: 'Basic', id })));
  for (const sort of [[], [['_sort', '_id'] as const]]) {
    const request = parse('Basic', ...sort);
    const all = await opened.index.search({ request, access: everything, limit: 10_200 });
    expect(all.hits.map(({ id }) => id)).toEqual(ids.slice(0, 10_200));
    expect(all.more).toBe(true);
    const skipped = await opened.index.search({ request, access: everything, limit: 3, skip: 10_298 });
    expect(skipped.hits.map(({ id }) => id)).toEqual(ids.slice(10_298));
    const after = all.hits[99]?.position ?? '';
    const later = await opened.index.search({ request, access: everything, limit: 2, skip: 10_000, after });
    expect(later.hits.map(({ id }) => id)).toEqual(ids.slice(10_100, 10_102));
    const back = await opened.index.search({ request, access: everything, limit: 2, skip: 50, after, backwards: true });
    expect(back.hits.map(({ id }) => id)).toEqual(ids.slice(47, 49));
  }
  expect(await opened.index.count({ request: parse('Basic'), access: everything, atMost: Infinity })).toBe(10_300);
});

test('as many values as a client likes may stand in a condition, and as many compartments', async () => {
  const patient = (id: string, value: string): Resource => ({
    resourceType: 'Patient',
    id,
    birthDate: '2012-05-31',
    identifier: [{ system: 'http://a.org', value }],
  });
  await opened.index.put([
    indexed(patient('a', '69999'), ['Patient/69999']),
    indexed(patient('b', 'none'), ['Patient/none']),
  ]);
  const values = many(70_000, String).join(',');
  const found = async (request: SearchRequest, access: AccessFilter = everything): Promise<string[]> =>
    (await opened.index.search({ request, access, limit: 10 })).hits.map(({ id }) => id);
  expect(await found(parse('Patient', ['identifier', values]))).toEqual(['a']);
  const compartments = many(70_000, (i) => `Patient/${String(i)}`);
  expect(await found(parse('Patient'), inCompartments(compartments))).toEqual(['a']);
  // More conditions than OpenSearch takes are left to who reads the resource: nothing is missed.
  const dates = many(2_000, (i) => `gt${String(1000 + i)}`).join(',');
  expect(await found(parse('Patient', ['birthdate', dates]))).toEqual(['a', 'b']);
  const conditions = many(1_200, () => 'false').map((value) => ['birthdate:missing', value] as const);
  expect(await found(parse('Patient', ...conditions))).toEqual(['a', 'b']);
  const { hits } = await opened.index.search({
    request: parse('Patient', ['birthdate', dates]),
    access: everything,
    limit: 10,
  });
  expect(hits.map(({ exactVersion }) => exactVersion)).toEqual([undefined, undefined]);
});

test('a resource with more values than OpenSearch takes is a candidate of every search, for who may see it', async () => {
  const coded = (code: string) => ({ coding: [{ code }] });
  const component = many(6_000, String).map((code, value) => ({ code: coded(code), valueQuantity: { value } }));
  const observation = (id: string, status: string): Resource => ({
    resourceType: 'Observation',
    id,
    status,
    code: coded('x'),
  });
  const huge: Resource = { ...observation('huge', 'final'), component };
  const small = observation('small', 'amended');
  await opened.index.put([indexed(huge, ['Patient/1']), indexed(small, ['Patient/2'])]);
  const request = parse('Observation', ['status', 'amended']);
  const { hits } = await opened.index.search({ request, access: everything, limit: 10 });
  expect(hits.map(({ id, exactVersion }) => [id, exactVersion])).toEqual([
    ['huge', undefined],
    ['small', 1],
  ]);
  expect(await opened.index.count({ request, access: everything, atMost: 10 })).toBeUndefined();
  expect(await opened.index.count({ request: parse('Observation'), access: everything, atMost: 10 })).toBe(2);
  const access: AccessFilter = inCompartments(['Patient/2']);
  expect((await opened.index.search({ request, access, limit: 10 })).hits.map(({ id }) => id)).toEqual(['small']);
  expect(await opened.index.count({ request, access, atMost: 10 })).toBe(1);
  await opened.index.put([{ ...indexed(observation('huge', 'final')), versionId: 2 }]);
  expect(await opened.index.count({ request, access: everything, atMost: 10 })).toBe(1);
});

test('tenants see only their own resources', async () => {
  const { index: own } = opened;
  const other = own.of(tenant('other'));
  const list: Resource = { resourceType: 'List', id: 'l', status: 'current', mode: 'working' };
  await opened.index.put([indexed(list)]);
  const query = { request: parse('List', ['status', 'current']), access: everything, limit: 10 };
  expect((await other.search(query)).hits).toEqual([]);
  await own.put([{ ...indexed(list), tenant: tenant('other'), versionId: 7 }]);
  expect((await other.search(query)).hits.map(({ exactVersion }) => exactVersion)).toEqual([7]);
  expect((await opened.index.search(query)).hits.map(({ exactVersion }) => exactVersion)).toEqual([1]);
});
