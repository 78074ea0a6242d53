import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { loadDefinitions } from '../../../fhir/load-definitions.js';
import { openIndex, type OpenSearchUnderTest } from './index-under-test.js';
import { defaultTenant } from '../../../persistence/keys.js';

let opened: OpenSearchUnderTest;
beforeAll(async () => {
  opened = await openIndex(await loadDefinitions('r4'), { believed: 1 });
});
afterAll(() => opened.close());

const now = Date.parse('2026-03-10T12:00:00Z');
const hours = 3_600_000;
const patient = (id: string, age: number, resource?: { resourceType: string; id: string }) => ({
  tenant: defaultTenant,
  type: 'Patient',
  id,
  versionId: 2,
  lastUpdated: new Date(now - age * hours).toISOString(),
  compartments: [`Patient/${id}`],
  ...(resource === undefined ? {} : { resource }),
});
/** The ids of all documents, tombstones included. */
async function documents(): Promise<string[]> {
  const { client, alias } = opened;
  await client.indices.refresh({ index: alias });
  const { body } = await client.search({ index: alias, body: { sort: [{ id: 'asc' }], size: 99 } });
  return body.hits.hits.map(({ _id }) => _id?.split('#')[2] ?? '');
}

test('tombstones go after 48 hours, by the clock that is given; never while the index is made anew', async () => {
  const { index } = opened;
  await index.put([
    patient('alive', 999, { resourceType: 'Patient', id: 'alive' }),
    patient('older', 48.1),
    patient('younger', 47.9),
  ]);
  expect(await index.newest?.()).toBe(patient('younger', 47.9).lastUpdated);
  const names = await index.next.names();
  await index.next.open(names);
  expect(await index.removeTombstones(now)).toBe(0);
  await index.next.abandon(names);
  expect(await documents()).toEqual(['alive', 'older', 'younger']);
  expect(await index.removeTombstones(now)).toBe(1);
  expect(await documents()).toEqual(['alive', 'younger']);
  expect(await index.removeTombstones(now + hours)).toBe(1);
  expect(await documents()).toEqual(['alive']);
});
