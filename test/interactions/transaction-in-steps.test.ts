import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../fhir/version.js';
import { batch } from '../../interactions/batch.js';
import { stronglyConsistent } from '../../interactions/consistency.js';
import type { FhirServer } from '../../interactions/server.js';
import { transaction } from '../../interactions/transaction.js';
import { createResourceStore } from '../../persistence/store.js';
import { callerOf, startTestServer, type TestServer } from '../support/server.js';

// Bundles on a table that takes three actions in a write, as DynamoDB takes a hundred.

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

describe.each(fhirVersions)('%s', (version) => {
  const small = (): FhirServer => {
    const found = server.servers[version];
    const store = createResourceStore({ ...found.table, maxActions: 3 });
    return stronglyConsistent({ ...found, store }, (error) => {
      throw error;
    });
  };
  const caller = callerOf('practitioner');
  const get = (path: string) => server.send('GET', `/${version}/${path}`);
  const patient = (value: string) => ({ resourceType: 'Patient', identifier: [{ system: 'urn:steps', value }] });
  const entries = (run: string): object[] => [
    { fullUrl: 'urn:uuid:0', resource: patient(`${run}-0`), request: { method: 'POST', url: 'Patient' } },
    ...Array.from({ length: 6 }, (_, n) => ({
      resource: {
        resourceType: 'Observation',
        status: 'final',
        code: { text: run },
        subject: { reference: 'urn:uuid:0' },
        performer: [{ reference: 'Practitioner?identifier=urn:steps|doctor' }],
        valueString: String(n),
      },
      request: { method: 'POST', url: 'Observation' },
    })),
    {
      resource: { ...patient('kept'), id: 'steps-kept', active: true },
      request: { method: 'PUT', url: 'Patient/steps-kept' },
    },
    {
      resource: patient(`${run}-once`),
      request: { method: 'POST', url: 'Patient', ifNoneExist: `identifier=urn:steps|${run}-once` },
    },
    { request: { method: 'DELETE', url: 'Patient/steps-gone' } },
  ];
  beforeAll(async () => {
    for (const id of ['steps-kept', 'steps-gone']) {
      await server.send('PUT', `/${version}/Patient/${id}`, { body: { ...patient('kept'), id } });
    }
    const body = { resourceType: 'Practitioner', identifier: [{ system: 'urn:steps', value: 'doctor' }] };
    await server.send('POST', `/${version}/Practitioner`, { body });
  });

  test('a transaction of many entries is all done, searchable, linked, and in the history of the system', async () => {
    const { entries: answers } = await transaction(small(), caller, {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: entries('one'),
    });
    expect(answers.map(({ kind }) => kind)).toEqual([...Array<string>(9).fill('written'), 'deleted']);
    const [made] = answers;
    const id = made?.kind === 'written' ? made.version.id : '';
    expect((await get(`Observation?subject=Patient/${id}`)).json.total).toBe(6);
    expect((await get('Patient/steps-gone')).status).toBe(410);
    expect((await get('Patient/steps-kept/_history')).json.total).toBe(2);
    const shown = (await get('_history?_count=10')).json.entry.map(({ request }) => request?.method);
    expect(shown.toSorted()).toEqual(['DELETE', ...Array<string>(8).fill('POST'), 'PUT']);
  });

  test('the same transaction many times at once: each is done, conditional creates once', async () => {
    const run = (name: string) =>
      transaction(small(), caller, { resourceType: 'Bundle', type: 'transaction', entry: entries(name) });
    const before = (await get('Patient/steps-kept/_history?_count=0')).json.total;
    await Promise.all(Array.from({ length: 5 }, () => run('same')));
    expect((await get('Patient?identifier=urn:steps|same-once')).json.total).toBe(1);
    expect((await get('Patient/steps-kept/_history?_count=0')).json.total).toBe(before + 5);
    const history = await get('Patient/steps-kept/_history?_count=100');
    const versions = history.json.entry.map(({ resource }) => Number(resource?.meta.versionId));
    expect(versions).toEqual(versions.map((_, place) => versions.length - place));
  });

  test('a transaction that fails in its last entry leaves nothing, also in history', async () => {
    const before = (await get('_history?_count=0')).json.total;
    const failing = [
      ...entries('bad'),
      {
        resource: { resourceType: 'Patient', id: 'x' },
        request: { method: 'PUT', url: 'Patient/x', ifMatch: 'W/"7"' },
      },
    ];
    const answer = transaction(small(), caller, { resourceType: 'Bundle', type: 'transaction', entry: failing });
    await expect(answer).rejects.toMatchObject({ status: version === 'r4' ? 412 : 409 });
    expect((await get('_history?_count=0')).json.total).toBe(before);
    expect((await get('Patient?identifier=urn:steps|bad-0')).json.total).toBe(0);
  });

  test('a batch does its entries one by one as ever', async () => {
    const entry = [0, 1, 2, 3].map((n) => ({
      resource: patient(`batch-${String(n)}`),
      request: { method: 'POST', url: 'Patient' },
    }));
    const { entries: answers } = await batch(small(), caller, { resourceType: 'Bundle', type: 'batch', entry });
    expect(answers.map(({ kind }) => kind)).toEqual(Array(4).fill('written'));
  });
});
