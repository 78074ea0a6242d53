import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Principal } from '../../auth/principal.js';
import { fhirVersions } from '../../fhir/version.js';
import { contentElement } from '../../interactions/binary.js';
import type { ListedJob } from '../../interactions/jobs/list-jobs.js';
import { type JobNotice, tellOfJob } from '../../interactions/jobs/job-notice.js';
import { type JobChange, jobChange } from '../../persistence/job-change.js';
import { outputFiles } from '../../persistence/output-files.js';
import type { OutputStore } from '../../persistence/output-store.js';
import { defaultTenant } from '../../persistence/keys.js';
import { ended, exported, kickOff, linesOf, manifestOf } from '../support/jobs.js';
import { isOnDynamoDb, startTestServer, type TestServer } from '../support/server.js';

/** The feed of a stream has one reader. */
const testEmbedded = isOnDynamoDb ? test.skip : test;

// Who may see, have and end what goes on after its request was answered.

const application = (name: string, ...scopes: string[]): Principal => ({
  subject: name,
  username: name,
  groups: [],
  scopes,
  clientId: name,
  isApplication: true,
});
const backend = application('backend', 'system/Patient.rs');
const principals: Record<string, Principal> = {
  backend,
  // The same application with other tokens: of more, of other and of narrower scopes.
  'backend-all': { ...backend, scopes: ['system/*.rs'] },
  'backend-other': { ...backend, scopes: ['system/Observation.rs'] },
  'backend-binaries': { ...backend, scopes: ['system/Binary.rs'] },
  'backend-narrow': { ...backend, scopes: ['system/Patient.rs?gender=female'] },
  'other-app': application('other-app', 'system/*.read'),
  'of-p1': { ...application('of-p1', 'patient/*.rs'), isApplication: false, patient: 'Patient/p1' },
  'two-clients': { ...application('backend', 'system/*.rs'), clientId: 'another' },
};

/** Where files are written, and whether they may be. */
const folder = mkdtempSync(join(tmpdir(), 'jobs-'));
const files = outputFiles(folder);
let gate = Promise.resolve();
const output: OutputStore = {
  ...files,
  async create(key) {
    await gate;
    return files.create(key);
  },
};

let server: TestServer;
beforeAll(async () => {
  const limits = { mostOfCaller: 2, mostOfAll: 4 };
  server = await startTestServer({ authorization: 'roles+smart', principals, jobs: { output, limits } });
  for (const version of fhirVersions) {
    for (const id of ['p1', 'p2']) {
      const patient = { resourceType: 'Patient', id, gender: id === 'p1' ? 'female' : 'male' };
      await server.send('PUT', `/${version}/Patient/${id}`, { body: patient });
      const subject = { reference: `Patient/${id}` };
      const observation = { resourceType: 'Observation', id: `o-${id}`, status: 'final', code: { text: 'x' }, subject };
      await server.send('PUT', `/${version}/Observation/o-${id}`, { body: observation });
    }
    await server.send('PUT', `/${version}/Organization/clinic`, {
      body: { resourceType: 'Organization', id: 'clinic', name: 'Clinic' },
    });
  }
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
  expect(server.logged).toEqual([]);
});

/** Closes the gate until the work is done. */
async function whileRunning<Result>(work: () => Promise<Result>): Promise<Result> {
  let openGate: () => void = () => undefined;
  gate = new Promise((resolve) => (openGate = resolve));
  try {
    return await work();
  } finally {
    openGate();
  }
}

const jobsOf = async (version: string, as: string): Promise<readonly ListedJob[]> =>
  (JSON.parse((await server.send('GET', `/${version}/_jobs`, { as })).text) as { jobs: ListedJob[] }).jobs;

describe.each(fhirVersions)('%s: an export gives what its caller may search,', (version) => {
  test.each([
    ['backend', '$export', ['Patient/p1', 'Patient/p2']],
    ['backend-narrow', '$export', ['Patient/p1']],
    ['backend-other', '$export', ['Observation/o-p1', 'Observation/o-p2']],
    ['of-p1', '$export', ['Observation/o-p1', 'Organization/clinic', 'Patient/p1']],
    ['of-p1', 'Patient/$export', ['Observation/o-p1', 'Patient/p1']],
    ['patient-2', 'Patient/$export', ['Observation/o-p2', 'Patient/p2']],
    ['auditor', '$export', ['Patient/p1', 'Patient/p2']],
    ['other-app', 'Patient/$export?_type=Patient', ['Patient/p1', 'Patient/p2']],
  ])('%s: %s', async (as, path, expected) => {
    expect(await exported(server, version, path, { as })).toEqual(expected);
  });

  test.each([
    [null, '$export', 401],
    ['nobody', '$export', 403],
    ['operator', '$export', 403],
    ['backend', '$export?_type=Observation', 403],
    ['backend', 'Patient/$export?_type=Patient,Observation', 403],
    ['backend-other', 'Group/1/$export', 403],
    ['backend-other', 'Patient/$export', 403],
    ['patient-2', 'Group/1/$export', 404],
  ])('and %s may not begin %s: %s', async (as, path, status) => {
    expect((await kickOff(server, version, path, { as })).answer.status).toBe(status);
  });

  test('and `patient` names only patients they may read', async () => {
    const parameter = [{ name: 'patient', valueReference: { reference: 'Patient/p1' } }];
    const body = { resourceType: 'Parameters', parameter };
    const { answer } = await kickOff(server, version, 'Patient/$export', { as: 'patient-2', body });
    expect([answer.status, answer.json.issue[0].diagnostics]).toEqual([400, 'There is no Patient/p1 here']);
  });
});

describe.each(fhirVersions)('%s: a job', (version) => {
  test('is there for who began it only, by the same client', async () => {
    const job = await kickOff(server, version, '$export', { as: 'backend' });
    const [file] = (await manifestOf(job)).output;
    for (const as of ['practitioner', 'other-app', 'two-clients', 'operator', 'patient-1']) {
      for (const url of [job.url, file?.url ?? '']) expect((await server.send('GET', url, { as })).status).toBe(404);
      if (as !== 'operator') expect((await server.send('DELETE', job.url, { as })).status).toBe(404);
    }
    for (const url of [job.url, file?.url ?? '']) {
      expect((await server.send('GET', url, { as: null })).status).toBe(401);
      expect((await server.send('GET', url, { as: 'backend' })).status).toBe(200);
    }
  });

  test.each([
    ['backend-all', 200],
    ['backend-other', 403],
    ['backend-narrow', 403],
  ])('is looked at with the rights of each request: %s gets %s', async (as, status) => {
    const job = await kickOff(server, version, '$export', { as: 'backend' });
    const [file] = (await manifestOf(job)).output;
    expect((await server.send('GET', job.url, { as })).status).toBe(status);
    expect((await server.send('GET', file?.url ?? '', { as })).status).toBe(status);
  });

  test('that holds Binaries with a security context is closed to who may not read what that points to', async () => {
    const binary = {
      resourceType: 'Binary',
      id: 'of-p1',
      contentType: 'text/plain',
      [contentElement(version)]: 'SGk=',
    };
    const body = { ...binary, securityContext: { reference: 'Patient/p1' } };
    await server.send('PUT', `/${version}/Binary/of-p1`, { body });
    const job = await kickOff(server, version, '$export?_type=Binary', { as: 'backend-all' });
    const [file] = (await manifestOf(job)).output;
    for (const [as, status] of [
      ['backend-all', 200],
      ['backend-binaries', 403],
    ] as const) {
      for (const url of [job.url, file?.url ?? '']) expect((await server.send('GET', url, { as })).status).toBe(status);
    }
    const narrow = await kickOff(server, version, '$export?_type=Binary', { as: 'backend-binaries' });
    expect((await manifestOf(narrow)).output).toEqual([]);
    expect((await server.send('GET', narrow.url, { as: 'backend-all' })).status).toBe(200);
  });

  test('that runs says how far it is and when to ask again', async () => {
    const job = await whileRunning(async () => {
      const begun = await kickOff(server, version, '$export');
      const { status, headers, text } = await server.send('GET', begun.url);
      expect([status, text]).toEqual([202, '']);
      expect(headers['x-progress']).toMatch(/^[0-9]{1,2}%$/);
      expect(Number(headers['retry-after'])).toBeGreaterThan(0);
      const file = await server.send('GET', `${begun.url}/Patient-0000-000000.ndjson`);
      expect(file.status).toBe(404);
      return begun;
    });
    expect((await ended(job)).status).toBe(200);
  });

  test('that is cancelled is not there any more, nor are its files', async () => {
    const running = await whileRunning(async () => {
      const job = await kickOff(server, version, '$export');
      const answer = await server.send('DELETE', job.url);
      expect([answer.status, answer.json.resourceType]).toEqual([202, 'OperationOutcome']);
      expect((await server.send('GET', job.url)).status).toBe(404);
      return job;
    });
    const complete = await kickOff(server, version, '$export');
    const { output: written } = await manifestOf(complete);
    expect(written.length).toBeGreaterThan(0);
    expect((await server.send('DELETE', complete.url)).status).toBe(202);
    for (const { url } of [complete, ...written]) {
      const answer = await server.send('GET', url);
      expect([answer.status, answer.json.resourceType]).toEqual([404, 'OperationOutcome']);
    }
    expect((await server.send('DELETE', complete.url)).status).toBe(404);
    expect(readdirSync(folder)).not.toContain(complete.url.split('/').at(-1));
    // What was open when it was cancelled goes when its worker notices.
    await manifestOf(await kickOff(server, version, '$export?_type=Patient'));
    const left = running.url.split('/').at(-1);
    while (readdirSync(folder).includes(left ?? '')) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  test('of a caller who has enough under way is refused: 429, and when to try again', async () => {
    await whileRunning(async () => {
      const first = [await kickOff(server, version, '$export'), await kickOff(server, version, '$export')];
      const { answer } = await kickOff(server, version, '$export');
      expect([answer.status, answer.json.issue[0].code]).toEqual([429, 'throttled']);
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      // Others are not concerned, until there are too many in all.
      const others = [];
      for (const as of ['backend', 'other-app']) others.push(await kickOff(server, version, '$export', { as }));
      expect(others.map((each) => each.answer.status)).toEqual([202, 202]);
      expect((await kickOff(server, version, '$export', { as: 'auditor' })).answer.status).toBe(429);
      for (const job of [...first, ...others]) await server.send('DELETE', job.url, { as: job.as });
      expect((await kickOff(server, version, '$export', { as: 'auditor' })).answer.status).toBe(202);
    });
  });

  test('is listed for who began it, and without what it was asked for to who runs the server', async () => {
    const job = await kickOff(server, version, 'Patient/$export?_type=Patient', { as: 'other-app' });
    await ended(job);
    const id = job.url.split('/').at(-1) ?? '';
    const request = `${server.base(version)}/Patient/$export?_type=Patient`;
    const seen = async (as: string): Promise<unknown> => (await jobsOf(version, as)).find((each) => each.id === id);
    expect(await seen('other-app')).toMatchObject({ kind: 'export', state: 'complete', percent: 100, request });
    expect(await seen('operator')).toMatchObject({ kind: 'export', state: 'complete', percent: 100 });
    expect(await seen('operator')).not.toHaveProperty('request');
    expect(await seen('backend')).toBeUndefined();
    const begun = await kickOff(server, version, '$export?_type=Patient', { as: 'backend' });
    await ended(begun);
    const own = begun.url.split('/').at(-1);
    for (const [as, isWhole] of [
      ['backend-all', true],
      ['backend-other', false],
    ] as const) {
      const found = (await jobsOf(version, as)).find((each) => each.id === own);
      expect([as, found === undefined, found?.request !== undefined]).toEqual([as, false, isWhole]);
    }
    expect((await server.send('GET', `/${version}/_jobs`, { as: 'nobody' })).status).toBe(403);
    expect((await server.send('DELETE', job.url, { as: 'operator' })).status).toBe(202);
    expect(await seen('other-app')).toBeUndefined();
  });

  testEmbedded('is told of by the change feed: whose it is, how far, and how it ended', async () => {
    const { table, jobs } = server.servers[version];
    if (jobs === undefined) throw new Error('no jobs');
    const after = server.servers[version].feed.end() ?? '';
    const job = await kickOff(server, version, '$export', { as: 'backend-all' });
    await ended(job);
    await server.send('DELETE', job.url, { as: 'backend-all' });
    const id = job.url.split('/').at(-1) ?? '';
    const changes = (await table.changes({ after, limit: 1_000 })).flatMap((each) => jobChange(each) ?? []);
    const of = changes.filter((each) => each.id === id);
    expect(of.length).toBeGreaterThan(2);
    expect(of.at(-1)?.removed).toMatchObject({ id, subject: 'backend' });
    const noticesOf = async (change: JobChange): Promise<readonly JobNotice[]> => {
      const told: JobNotice[] = [];
      const publish = (notice: JobNotice): Promise<void> => Promise.resolve(void told.push(notice));
      await tellOfJob({ read: (each) => jobs.read(each), publish }, change);
      return told;
    };
    const [first, last] = [of[0], of.at(-1)];
    if (first === undefined || last === undefined) throw new Error('The feed says nothing');
    expect(await noticesOf(first)).toEqual([]); // it is gone by now
    expect((await noticesOf(last))[0]).toMatchObject({
      id,
      kind: 'export',
      state: 'removed',
      subject: 'backend',
      client: 'backend',
    });
    const another = await kickOff(server, version, '$export', { as: 'backend-all' });
    const next = { tenant: defaultTenant, id: another.url.split('/').at(-1) ?? '' };
    await ended(another);
    expect(await noticesOf(next)).toMatchObject([{ ...next, state: 'complete', percent: 100 }]);
  });

  test('that is none, or a file that is none, is not found', async () => {
    const job = await kickOff(server, version, '$export', { as: 'backend' });
    await ended(job);
    const paths = [
      `/${version}/_jobs/nothing`,
      `/${version}/_jobs//`,
      `/${version}/_jobs/${'a'.repeat(3_000)}`,
      `${job.url}/x.ndjson`,
      `${job.url}/..%2f..%2fpage.key`,
      `${job.url}/a/b`,
    ];
    for (const path of paths) expect((await server.send('GET', path, { as: 'backend' })).status).toBe(404);
    expect((await server.send('POST', job.url, { as: 'backend' })).headers['allow']).toBe('GET, HEAD, DELETE');
  });
});

test('the jobs of one FHIR version are not those of the other', async () => {
  const job = await kickOff(server, 'r4', '$export');
  const [file] = (await manifestOf(job)).output;
  for (const url of [job.url, file?.url ?? '']) {
    expect((await server.send('GET', url.replace('/r4/', '/stu3/'))).status).toBe(404);
  }
  expect(await linesOf(job, file === undefined ? [] : [file])).not.toEqual([]);
});
