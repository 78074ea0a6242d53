import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../fhir/version.js';
import { low, reserve } from '../../persistence/disk-space.js';
import { ended, kickOff, linesOf, type Manifest } from '../support/jobs.js';
import { isOnDynamoDb, startTestServer, type TestRequest, type TestServer } from '../support/server.js';

// The embedded server on a disk whose free space the test says (docs/adr/0091-a-full-disk-is-met-before-it-is-full.md).
// test/chaos/full-disk.test.ts fills a real one.

const disk = { free: 100 * low };
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ freeSpace: () => disk.free });
});
afterAll(async () => {
  await server.close();
  expect(server.logged).toEqual([]);
});

const patient = (id: string, family = 'Room') => ({ resourceType: 'Patient', id, name: [{ family }] });
const full = async <Result>(action: () => Promise<Result>, free = reserve - 1): Promise<Result> => {
  disk.free = free;
  try {
    return await action();
  } finally {
    disk.free = 100 * low;
  }
};

(isOnDynamoDb ? describe.skip : describe).each(fhirVersions)('%s on a full disk', (version) => {
  const send = (method: string, path: string, request?: TestRequest) =>
    server.send(method, `/${version}/${path}`, request);
  beforeAll(async () => {
    await send('PUT', 'Patient/p1', { body: patient('p1') });
  });

  const put = { resource: patient('p2'), request: { method: 'PUT', url: 'Patient/p2' } };
  const writes: readonly (readonly [string, string, string, TestRequest])[] = [
    ['a create', 'POST', 'Patient', { body: { ...patient(''), id: undefined } }],
    [
      'a conditional create',
      'POST',
      'Patient',
      { body: { ...patient(''), id: undefined }, headers: { 'if-none-exist': 'identifier=x|1' } },
    ],
    ['an update', 'PUT', 'Patient/p1', { body: patient('p1', 'Other') }],
    ['an update that creates', 'PUT', 'Patient/p2', { body: patient('p2') }],
    [
      'a patch',
      'PATCH',
      'Patient/p1',
      {
        body: JSON.stringify([{ op: 'add', path: '/active', value: true }]),
        headers: { 'content-type': 'application/json-patch+json' },
      },
    ],
    ['a delete', 'DELETE', 'Patient/p1', {}],
    ['a transaction', 'POST', '', { body: { resourceType: 'Bundle', type: 'transaction', entry: [put] } }],
    ['the begin of an export', 'GET', '$export', { headers: { prefer: 'respond-async' } }],
    ['the begin of a reindex', 'POST', '$reindex', { as: 'operator', headers: { prefer: 'respond-async' } }],
  ];
  test.each(writes)('%s is 507, with the time to wait, and nothing is written', async (_, method, path, request) => {
    const before = await send('GET', '_history');
    const { status, headers, json } = await full(() => send(method, path, request));
    expect([status, headers['retry-after'], json.issue[0].code]).toEqual([507, '30', 'no-store']);
    expect((await send('GET', '_history')).json.total).toBe(before.json.total);
  });

  test('entries of a batch say so, and those that read are answered', async () => {
    const entry = [put, { request: { method: 'GET', url: 'Patient/p1' } }];
    const { json } = await full(() => send('POST', '', { body: { resourceType: 'Bundle', type: 'batch', entry } }));
    expect(json.entry.map(({ response }) => response?.status.slice(0, 3))).toEqual(['507', '200']);
  });

  test.each([
    'Patient/p1',
    'Patient/p1/_history',
    'Patient?name=room',
    'Patient?_sort=-_lastUpdated',
    'Patient/p1/$everything',
    'metadata',
    '_history',
  ])('GET %s is answered', async (path) => {
    expect((await full(() => send('GET', path))).status).toBe(200);
  });

  test('a content to be put is 507, and can be put when there is room again', async () => {
    const body = { resourceType: 'Binary', contentType: 'text/plain' };
    const created = await send('POST', 'Binary', { body });
    const url = String(Reflect.get(created.json, 'presignedPutUrl'));
    const upload = { as: null, headers: { 'content-type': 'text/plain' }, body: 'x'.repeat(100_000) };
    expect((await full(() => server.send('PUT', url, upload))).status).toBe(507);
    expect((await server.send('PUT', url, upload)).status).toBe(200);
  });

  test('what is larger than the room that is left is 507, while smaller ones go on', async () => {
    const large = {
      ...patient('large'),
      text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${'x'.repeat(6_000_000)}</div>` },
    };
    const statuses = await full(async () => {
      const both = [
        send('PUT', 'Patient/large', { body: large }),
        send('PUT', 'Patient/small', { body: patient('small') }),
      ];
      return (await Promise.all(both)).map(({ status }) => status);
    }, reserve + 3_000_000);
    expect(statuses).toEqual([507, 201]);
  });

  test('a job that is under way waits, and goes on when there is room; it can be cancelled meanwhile', async () => {
    const job = await kickOff(server, version, 'Patient/$export');
    const other = await kickOff(server, version, 'Patient/$export');
    await full(async () => {
      expect((await server.send('GET', job.url)).status).toBeLessThan(300);
      expect((await server.send('DELETE', other.url)).status).toBe(202);
      expect((await server.send('GET', other.url)).status).toBe(404);
    });
    const { output } = JSON.parse((await ended(job)).text) as Manifest;
    expect((await linesOf(job, output)).map(({ id }) => id)).toContain('p1');
  });

  test('writes go on by themselves when there is room again', async () => {
    await full(() => send('PUT', 'Patient/p3', { body: patient('p3') }));
    expect((await send('PUT', 'Patient/p3', { body: patient('p3', 'Again') })).status).toBe(201);
    expect((await send('GET', 'Patient?name=again')).json.total).toBe(1);
  });
});
