import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { storedAuditLog } from '../../interactions/audit.js';
import { standardTenancy } from '../../interactions/tenancy.js';
import { ended, kickOff, linesOf, manifestOf } from '../support/jobs.js';
import { type Receiver, startReceiver, until } from '../support/receiver.js';
import { entriesOf, isOnS3, startTestServer, type TestServer } from '../support/server.js';

// What goes on beside the requests of tenants that share the server: jobs, content by URL, notifications, the audit trail.

const files = mkdtempSync(join(tmpdir(), 'tenants-files-'));
const sources = pathToFileURL(files).href;
let server: TestServer;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
  server = await startTestServer({
    tenancy: standardTenancy,
    wrapTenant: (own) => ({ ...own, audit: storedAuditLog(own, () => undefined) }),
    subscriptions: { prefixes: [`${receiver.url}/hooks`], privateAddresses: true },
    notifying: { attempts: 3, pause: 1 },
    jobs: { importSources: [`${sources}/{tenant}/`] },
  });
});
afterAll(async () => {
  await server.close();
  await receiver.close();
  rmSync(files, { recursive: true });
  expect(server.logged).toEqual([]);
});

/** An AuditEvent of a refusal. */
interface AuditedRefusal {
  readonly subtype: readonly { readonly code: string }[];
  readonly outcomeDesc: string;
  readonly entity?: readonly { readonly what?: object; readonly type: { readonly code: string } }[];
}

/** URLs that this server signs and answers; S3 has its own. */
const testOnFiles = isOnS3 ? test.skip : test;

const [a, b] = ['practitioner@a', 'practitioner@b'];
const patient = (family: string): object => ({ resourceType: 'Patient', name: [{ family }] });

describe('an export', () => {
  test('holds what is the tenant’s, and its status and files are nobody else’s', async () => {
    await server.send('POST', '/r4/Patient', { as: a, body: patient('Exported-a') });
    await server.send('POST', '/r4/Patient', { as: b, body: patient('Exported-b') });
    const job = await kickOff(server, 'r4', '$export?_type=Patient', { as: a });
    const { output } = await manifestOf(job);
    const text = JSON.stringify(await linesOf(job, output));
    expect([text.includes('Exported-a'), text.includes('Exported-b')]).toEqual([true, false]);
    for (const url of [job.url, ...(isOnS3 ? [] : output.map((file) => file.url))]) {
      expect((await server.send('GET', url, { as: a })).status).toBe(200);
      expect((await server.send('GET', url, { as: b })).status).toBe(404);
    }
    const jobsOf = async (as: string): Promise<string> => (await server.send('GET', '/r4/_jobs', { as })).text;
    const id = job.url.split('/').at(-1) ?? '';
    expect([(await jobsOf(a)).includes(id), (await jobsOf(b)).includes(id)]).toEqual([true, false]);
    expect((await server.send('DELETE', job.url, { as: b })).status).toBe(404);
    expect((await server.send('GET', job.url, { as: a })).status).toBe(200);
  });

  test('is told of by the tenant’s URL where it was begun by one', async () => {
    const begun = await server.send('GET', '/tenant/b/r4/$export', { as: b, headers: { prefer: 'respond-async' } });
    const url = begun.headers['content-location'] ?? '';
    expect(url).toContain('/tenant/b/r4/_jobs/');
    const status = await ended({ server, as: b, url });
    expect(status.text).toContain(isOnS3 ? '/jobs/_b/' : '/tenant/b/r4/_jobs/');
    expect((await server.send('GET', url.replace('/tenant/b/', '/tenant/a/'), { as: a })).status).toBe(404);
  });
});

test('an import reads the tenant’s own sources, and brings what is there to nobody else', async () => {
  mkdirSync(join(files, 'a'));
  writeFileSync(join(files, 'a', '1.ndjson'), `${JSON.stringify({ ...patient('Imported'), id: 'imported' })}\n`);
  const body = {
    resourceType: 'Parameters',
    parameter: [
      { name: 'inputFormat', valueCode: 'application/fhir+ndjson' },
      { name: 'inputSource', valueUri: 'https://other.example.org' },
      { name: 'storageDetail', part: [{ name: 'type', valueCode: 'file' }] },
      {
        name: 'input',
        part: [
          { name: 'type', valueCode: 'Patient' },
          { name: 'url', valueUri: `${sources}/a/1.ndjson` },
        ],
      },
    ],
  };
  const refused = await kickOff(server, 'r4', '$import', { as: b, body });
  expect([refused.answer.status, refused.url]).toEqual([400, '']);
  expect(refused.answer.text).toContain('below');
  const job = await kickOff(server, 'r4', '$import', { as: a, body });
  expect((await ended(job)).status).toBe(200);
  expect((await server.send('GET', '/r4/Patient/imported', { as: a })).status).toBe(200);
  expect((await server.send('GET', '/r4/Patient/imported', { as: b })).status).toBe(404);
});

testOnFiles('content by URL is the tenant’s: the same Binary of another one has none', async () => {
  const binary = (as: string) =>
    server.send('PUT', '/r4/Binary/scan', {
      as,
      body: { resourceType: 'Binary', id: 'scan', contentType: 'text/plain' },
    });
  const put = (await binary(a)).json as unknown as { presignedPutUrl: string };
  await binary(b);
  const headers = { 'content-type': 'text/plain' };
  expect((await server.send('PUT', put.presignedPutUrl, { as: null, headers, body: 'of a' })).status).toBe(200);
  const content = (as: string) => server.send('GET', '/r4/Binary/scan', { as, headers: { accept: 'text/plain' } });
  const [ofA, ofB] = [await content(a), await content(b)];
  const followed = await server.send('GET', ofA.headers.location ?? '', { as: null });
  expect([followed.text, ofB.status]).toEqual(['of a', 404]);
});

test('a Subscription is told of its tenant’s changes only', async () => {
  const subscribe = (as: string, hook: string) =>
    server.send('POST', '/r4/Subscription', {
      as,
      body: {
        resourceType: 'Subscription',
        status: 'requested',
        reason: 'test',
        criteria: 'Patient?family=Told',
        channel: { type: 'rest-hook', endpoint: `${receiver.url}/hooks/${hook}`, payload: 'application/fhir+json' },
      },
    });
  const subscriptions = [await subscribe(a, 'a'), await subscribe(b, 'b')];
  const statuses = () =>
    Promise.all(
      [a, b].map(async (as, place) => {
        const { id } = subscriptions[place]?.json ?? { id: '' };
        return (await server.send('GET', `/r4/Subscription/${id}`, { as })).text.includes('"active"');
      }),
    );
  await until(async () => (await statuses()).every(Boolean));
  for (const [as, id] of [
    [a, 'told-a'],
    [b, 'told-b'],
  ] as const) {
    await server.send('PUT', `/r4/Patient/${id}`, { as, body: { ...patient('Told'), id } });
  }
  const toldOf = (hook: string): string[] =>
    receiver.received
      .filter(({ method, path }) => method === 'PUT' && path.startsWith(`/hooks/${hook}/`))
      .map(({ path }) => path);
  await until(() => toldOf('a').length + toldOf('b').length >= 2);
  expect([toldOf('a'), toldOf('b')]).toEqual([['/hooks/a/Patient/told-a'], ['/hooks/b/Patient/told-b']]);
});

test('the audit trail of a tenant tells of their requests only', async () => {
  await server.send('PUT', '/r4/Patient/audited', { as: a, body: { ...patient('Audited'), id: 'audited' } });
  const trail = async (as: string) =>
    entriesOf((await server.send('GET', '/r4/AuditEvent?entity=Patient/audited', { as })).json).length;
  await until(async () => (await trail(a)) === 1); // the stream may bring it
  expect(await trail(b)).toBe(0);
});

test('who asks for another tenant stands in the trail of their own, and in no other; nothing names a resource', async () => {
  const [one, several] = ['practitioner@refused', 'practitioner@refused+third'];
  await server.send('PUT', '/r4/Patient/asked', { as: one, body: { ...patient('Asked'), id: 'asked' } });
  const bundle = { resourceType: 'Bundle', type: 'batch', entry: [] };
  const refused = [
    await server.send('GET', '/tenant/foreign/r4/Patient/asked', { as: one }),
    await server.send('POST', '/tenant/foreign/r4/', { as: one, body: bundle }),
    await server.send('GET', '/tenant/foreign/r4/Basic?code=x', { as: several }),
  ];
  expect(refused.map(({ status }) => status)).toEqual([403, 403, 403]);
  const trail = async (as: string) => {
    const { json } = await server.send('GET', '/r4/AuditEvent?outcome=4&_sort=_lastUpdated', { as });
    return entriesOf(json).map(({ resource }) => resource as unknown as AuditedRefusal);
  };
  await until(async () => (await trail('practitioner@refused')).length === 3); // the stream may bring it
  const told = await trail('practitioner@refused');
  expect(told.map(({ subtype: [interaction], outcomeDesc }) => [interaction?.code, outcomeDesc])).toEqual(
    ['read', 'batch', 'search-type'].map((code) => [code, expect.stringContaining('not of the tenant foreign')]),
  );
  expect(told.map(({ entity = [] }) => entity.map(({ what, type }) => [what, type.code]))).toEqual([
    [[undefined, 'Patient']],
    [],
    [[undefined, 'Basic']],
  ]);
  await until(async () => (await trail('practitioner@third')).length === 1);
  expect(await trail('practitioner@foreign')).toEqual([]);
  const about = await server.send('GET', '/r4/AuditEvent?entity=Patient/asked&outcome=4', { as: one });
  expect(about.json.total).toBe(0);
});

test('the index, which is everybody’s, is not made anew by an operator of a tenant', async () => {
  const answer = await server.send('POST', '/r4/$reindex', {
    as: 'operator@new',
    headers: { prefer: 'respond-async' },
  });
  expect([answer.status, answer.headers['content-location']]).toEqual([501, undefined]);
  expect((await server.send('GET', '/r4/_jobs', { as: 'operator@new' })).json).toEqual({ jobs: [] });
  for (const url of ['/r4/metadata', '/tenant/new/r4/metadata', '/stu3/metadata']) {
    const { text } = await server.send('GET', url, { as: null });
    expect([text.includes('operation:reindex'), text.includes('operation:index-lag')]).toEqual([false, true]);
  }
});
