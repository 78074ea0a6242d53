import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../../fhir/version.js';
import { type BegunJob, ended, kickOff } from '../../support/jobs.js';
import {
  type AnswerJson,
  callerOf,
  startTestServer,
  type TestResponse,
  type TestServer,
} from '../../support/server.js';

const other = { ...callerOf('operator').principal, subject: 'another-operator' };

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ principals: { 'another-operator': other }, jobs: { reindexPage: 10 } }); // so small that there are several
});
afterAll(async () => {
  await server.close();
  expect(server.logged).toEqual([]);
});

describe.each(fhirVersions)('$reindex, %s', (version) => {
  const root = `/${version}`;
  const ids = async (url: string): Promise<(string | undefined)[]> =>
    ((await server.send('GET', url)).json.entry as AnswerJson['entry'] | undefined)?.map(
      ({ resource }) => resource?.id,
    ) ?? [];

  const reindex = (query = '', as = 'operator'): Promise<BegunJob & { readonly answer: TestResponse }> =>
    kickOff(server, version, `$reindex${query}`, { as, method: 'POST' });

  beforeAll(async () => {
    for (let at = 0; at < 30; at += 1) {
      const id = `r${String(at)}`;
      const body = { resourceType: 'Patient', id, name: [{ family: at % 2 === 0 ? 'Even' : 'Odd' }] };
      await server.send('PUT', `${root}/Patient/${id}`, { body });
    }
    await server.send('DELETE', `${root}/Patient/r29`);
  });

  test('makes the index anew: searches find what they found, and pages go on where they were', async () => {
    const before = await ids(`${root}/Patient?name=even&_count=100`);
    expect(before).toHaveLength(15);
    const page = await server.send('GET', `${root}/Patient?_count=10`);
    const next = page.json.link.find(({ relation }) => relation === 'next')?.url ?? '';
    const second = await ids(next);
    const job = await reindex();
    expect([job.answer.status, job.url.startsWith(`${server.base(version)}/_jobs/`)]).toEqual([202, true]);
    const { status, text } = await ended(job);
    const request = `${server.base(version)}/$reindex`;
    expect([status, JSON.parse(text)]).toEqual([
      200,
      {
        ...{ transactionTime: expect.any(String), request, requiresAccessToken: expect.any(Boolean) },
        ...{ resources: 29, deleted: 1, unreadable: 0, error: [] },
      },
    ]);
    expect(await ids(`${root}/Patient?name=even&_count=100`)).toEqual(before);
    expect(await ids(next)).toEqual(second);
    expect(await ids(`${root}/Patient?_id=r29`)).toEqual([]);
  });

  test('goes on beside reads and writes', async () => {
    const rebuilt = reindex().then(ended);
    const writes = Array.from({ length: 20 }, async (_, at) => {
      const id = `r${String(at)}`;
      const body = { resourceType: 'Patient', id, name: [{ family: 'Moved' }] };
      await server.send('PUT', `${root}/Patient/${id}`, { body });
      expect(await ids(`${root}/Patient?name=moved&_id=${id}`)).toEqual([id]);
    });
    await Promise.all([rebuilt, ...writes]);
    expect(await ids(`${root}/Patient?name=moved&_count=100`)).toHaveLength(20);
    expect(await ids(`${root}/Patient?name=even&_count=100`)).toHaveLength(5);
  });

  test('of some types makes these anew in the index that serves', async () => {
    const before = await ids(`${root}/Patient?_count=100`);
    const { text } = await ended(await reindex('?_type=Organization,Patient'));
    expect(JSON.parse(text)).toMatchObject({ resources: before.length, deleted: 1 });
    expect(await ids(`${root}/Patient?_count=100`)).toEqual(before);
    expect(JSON.parse((await ended(await reindex('?_type=Organization'))).text)).toMatchObject({ resources: 0 });
    const { answer } = await reindex('?_type=Patient,Nothing');
    expect([answer.status, answer.json.issue[0].expression]).toEqual([400, ['_type']]);
  });

  test('is a job: of any operator, listed, and gone when it is cancelled; the old index serves then', async () => {
    const before = await ids(`${root}/Patient?_count=100`);
    const job = await reindex();
    const { text } = await server.send('GET', `${root}/_jobs`, { as: 'another-operator' });
    const listed = (JSON.parse(text) as { jobs: { id: string; kind: string }[] }).jobs.find(({ id }) =>
      job.url.endsWith(id),
    );
    expect(listed?.kind).toBe('reindex');
    expect([202, 200]).toContain((await server.send('GET', job.url, { as: 'another-operator' })).status);
    expect((await server.send('GET', job.url)).status).toBe(404);
    expect((await server.send('DELETE', job.url)).status).toBe(404);
    expect((await server.send('DELETE', job.url, { as: 'another-operator' })).status).toBe(202);
    expect((await server.send('GET', job.url, { as: 'operator' })).status).toBe(404);
    expect(await ids(`${root}/Patient?_count=100`)).toEqual(before);
    const next = await ended(await reindex()); // another one is not kept from it
    expect(JSON.parse(next.text)).toMatchObject({ resources: before.length });
  });

  test('is for operators, by POST and with Prefer: respond-async, and they see no resources', async () => {
    expect((await reindex('', 'practitioner')).answer.status).toBe(403);
    expect((await reindex('', 'patient-1')).answer.status).toBe(403);
    const plain = await server.send('POST', `${root}/$reindex`, { as: 'operator' });
    expect([plain.status, plain.json.issue[0].expression]).toEqual([400, ['http.Prefer']]);
    expect((await server.send('GET', `${root}/$reindex`, { as: 'operator' })).status).toBe(405);
    expect((await server.send('GET', `${root}/Patient/r1`, { as: 'operator' })).status).toBe(403);
  });

  test('twice at the same time is a conflict', async () => {
    const jobs = await Promise.all([reindex(), reindex()]);
    expect(jobs.map(({ answer }) => answer.status).sort()).toEqual([202, 409]);
    for (const job of jobs) if (job.answer.status === 202) expect((await ended(job)).status).toBe(200);
  });
});
