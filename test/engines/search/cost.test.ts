import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { byRoles } from '../../../auth/roles.js';
import { roleRules } from '../../../auth/rules.js';
import { loadDefinitions } from '../../../fhir/load-definitions.js';
import { indexable } from '../../../indexer/index-change.js';
import { create } from '../../../interactions/create.js';
import { searchType } from '../../../interactions/search-type.js';
import type { FhirServer } from '../../../interactions/server.js';
import { transaction } from '../../../interactions/transaction.js';
import type { ResourceStore } from '../../../persistence/resource-store.js';
import { createResourceStore } from '../../../persistence/store.js';
import { callerOf } from '../../support/server.js';
import { counting } from '../support/count.js';
import { countingRequests } from '../support/count-searches.js';
import { localClients, newTable } from '../support/dynamodb.js';
import { openIndex } from './index-under-test.js';
import { defaultTenant } from '../../../persistence/keys.js';

// What a search costs in calls of OpenSearch and DynamoDB: 250 observations of a patient, five of another.

const clients = localClients();
const dynamoDb = counting(clients.client);
let openSearch: ReturnType<typeof countingRequests>;
let server: FhirServer;
const ends: (() => Promise<void>)[] = [];
const practitioner = callerOf('practitioner');

beforeAll(async () => {
  const definitions = await loadDefinitions('r4');
  const { table, close } = await newTable(clients);
  const opened = await openIndex(definitions);
  const { index } = opened;
  ends.push(close, () => opened.close());
  openSearch = countingRequests(opened.client);
  const store = createResourceStore(table);
  const commit: ResourceStore['commit'] = async (writes) => {
    const result = await store.commit(writes);
    await index.put(writes.flatMap((write) => (write.kind === 'put' ? [indexable(defaultTenant, write.next)] : [])));
    return result;
  };
  server = {
    definitions,
    tenant: defaultTenant,
    store: { ...store, commit },
    index,
    authorizer: byRoles(roleRules),
    pageKey: new Uint8Array(32),
    now: Date.now,
    newId: randomUUID,
  };
  const observation = (patient: string): object => ({
    resource: {
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'x' },
      subject: { reference: `Patient/${patient}` },
      effectiveDateTime: '2026-01-01',
    },
    request: { method: 'POST', url: 'Observation' },
  });
  const patient = (id: string, family: string): object => ({
    resource: { resourceType: 'Patient', id, name: [{ family }] },
    request: { method: 'PUT', url: `Patient/${id}` },
  });
  const bundles = [
    [patient('p1', 'Many'), patient('p2', 'Few'), ...Array.from({ length: 5 }, () => observation('p2'))],
    ...Array.from({ length: 5 }, () => Array.from({ length: 50 }, () => observation('p1'))),
  ];
  for (const entry of bundles) {
    await transaction(server, practitioner, { resourceType: 'Bundle', type: 'transaction', entry });
  }
});
afterAll(async () => {
  for (const end of ends) await end();
  clients.close();
});

/** Searches, and what that cost. */
async function cost(
  query: string,
  caller = practitioner,
): Promise<{ hits: number; searches: number; reads: string[] }> {
  const [type = '', parameters] = query.split('?');
  dynamoDb.take();
  openSearch.take();
  const page = await searchType(server, caller, {
    type,
    parameters: [...new URLSearchParams(parameters)],
    handling: 'strict',
  });
  const searches = openSearch.take();
  expect(searches.filter((request) => !/^POST _m?search$/.test(request))).toEqual([]);
  return {
    hits: page.matches.length + page.included.length,
    searches: searches.length,
    reads: [...dynamoDb.take().calls],
  };
}
/** A batch of reads; one of a single resource is a GetItem. */
const batches = (count: number): string[] => Array<string>(count).fill('BatchGetItem');

test.each([
  ['Patient?family=Few', { hits: 1, searches: 1, reads: ['GetItem'] }],
  ['Observation?subject=Patient/p2', { hits: 5, searches: 1, reads: batches(1) }],
  ['Observation?subject=Patient/p1&_count=250&_sort=-date', { hits: 250, searches: 1, reads: batches(3) }],
])('%s: a search, and a batch of reads per 100 hits', async (query, expected) => {
  expect(await cost(query)).toEqual(expected);
});

test('a page before others costs one resource more, which shows that there are others; the search counts them', async () => {
  expect(await cost('Observation?subject=Patient/p1&_count=99')).toEqual({ hits: 99, searches: 1, reads: batches(1) });
  expect(await cost('Observation?subject=Patient/p1&_count=100&_total=none')).toEqual({
    hits: 100,
    searches: 1,
    reads: batches(2),
  });
});

test('in an order of its own, a page before others costs one request that counts them', async () => {
  expect(await cost('Observation?subject=Patient/p1&_count=99&_sort=date')).toEqual({
    hits: 99,
    searches: 2,
    reads: batches(1),
  });
});

test('a chain costs a search and a batch of reads for each type it may lead to', async () => {
  const expected = { hits: 5, searches: 2, reads: ['GetItem', 'BatchGetItem'] };
  expect(await cost('Observation?subject:Patient.family=Few')).toEqual(expected);
});

test('_has costs the same as a chain', async () => {
  const expected = { hits: 1, searches: 2, reads: [...batches(3), 'GetItem'] };
  expect(await cost('Patient?_has:Observation:subject:status=final&family=Few')).toEqual(expected);
});

test('_include costs a batch of reads, and no search', async () => {
  const expected = { hits: 6, searches: 1, reads: ['BatchGetItem', 'GetItem'] };
  expect(await cost('Observation?subject=Patient/p2&_include=Observation:subject')).toEqual(expected);
});

test('_revinclude costs a search and a batch of reads', async () => {
  const expected = { hits: 6, searches: 2, reads: ['GetItem', 'BatchGetItem'] };
  expect(await cost('Patient?family=Few&_revinclude=Observation:subject')).toEqual(expected);
});

test('what the caller may not see costs nothing: the access filter is part of the search', async () => {
  const own = await cost('Observation?_count=100', {
    ...practitioner,
    principal: { ...callerOf('patient-2').principal },
  });
  expect(own).toEqual({ hits: 5, searches: 1, reads: batches(1) });
});

test('a count reads nothing', async () => {
  const expected = { hits: 0, searches: 1, reads: [] };
  expect(await cost('Observation?subject=Patient/p1&_summary=count')).toEqual(expected);
});

test('a create that is to be seen costs a put in the index, and at most once a second a look for an index under way', async () => {
  openSearch.take();
  dynamoDb.take();
  for (const family of ['One', 'Two']) {
    await create(server, practitioner, { resource: { resourceType: 'Patient', name: [{ family }] } });
  }
  expect(dynamoDb.take().calls).toEqual(['PutItem', 'PutItem']);
  const asked = openSearch.take();
  expect(asked.filter((request) => request === 'PUT _bulk')).toHaveLength(2);
  expect(asked.every((request) => request === 'PUT _bulk' || /^HEAD test-.*-next$/.test(request))).toBe(true);
});
