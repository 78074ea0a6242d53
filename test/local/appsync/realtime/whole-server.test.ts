import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { runInNewContext } from 'node:vm';
import { WebSocket } from 'ws';
import { fhirVersions, type FhirVersion } from '../../../../fhir/version.js';
import { type RunningServer, startServer } from '../../../../local/server.js';
import { readSettings } from '../../../../local/settings.js';
import { signToken } from '../../../../local/sign-in/access-token.js';
import { readSignInKeys } from '../../../../local/sign-in/keys.js';
import { signInIssuer } from '../../../../local/sign-in/sign-in.js';
import { type LocalUser, userByName } from '../../../../local/sign-in/users.js';
import {
  type ConnectOptions,
  connectRealtime,
  type Frame,
  type RealtimeClient,
} from '../../../support/realtime-client.js';

let folder: string;
let running: RunningServer;
const clients: RealtimeClient[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'realtime-'));
  const settings = readSettings({ DATA_DIR: folder, PORT: '0', LOG_LEVEL: 'silent', VALIDATION: 'structure' });
  running = await startServer(settings, pino({ level: 'silent' }));
});
afterAll(async () => {
  await running.close();
  rmSync(folder, { recursive: true });
});

function tokenOf(name: string, more: Partial<LocalUser> = {}, life = 600): string {
  const user = userByName(name);
  if (user === undefined) throw new Error(`there is no ${name}`);
  return signToken(readSignInKeys(folder), { ...user, ...more }, { issuer: signInIssuer(running.url), life });
}

const endpoint = (version: FhirVersion): string => `${running.url.replace('http', 'ws')}/${version}/graphql/realtime`;

async function connected(version: FhirVersion, options: ConnectOptions = {}): Promise<RealtimeClient> {
  const client = await connectRealtime(endpoint(version), { token: tokenOf('practitioner'), ...options });
  clients.push(client);
  client.send({ type: 'connection_init' });
  expect(await client.next()).toEqual({ type: 'connection_ack', payload: { connectionTimeoutMs: 300_000 } });
  return client;
}

const everything = 'subscription { onResourceChanged { type id versionId action lastUpdated } }';

interface Change {
  readonly type: string;
  readonly id: string;
  readonly versionId: string;
  readonly action: string;
  readonly lastUpdated: string;
}

const changeOf = ({ payload }: Frame): Change => payload?.data?.['onResourceChanged'] as Change;

/** The next changes a client is told of, as `create Patient/1 1`. */
async function changes(client: RealtimeClient, count: number): Promise<string[]> {
  const told: string[] = [];
  while (told.length < count) {
    const frame = await client.next();
    expect(frame.type).toBe('data');
    const { type, id, versionId, action } = changeOf(frame);
    told.push(`${action} ${type}/${id} ${versionId}`);
  }
  return told;
}

async function send(
  version: FhirVersion,
  method: string,
  path: string,
  body?: unknown,
  type = 'application/fhir+json',
): Promise<Response> {
  const response = await fetch(`${running.url}/${version}${path}`, {
    method,
    headers: { authorization: `Bearer ${tokenOf('practitioner')}`, 'content-type': type },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${String(response.status)} ${await response.text()}`);
  return response;
}

const patient = (id: string): object => ({ resourceType: 'Patient', id });
const observation = (id: string, subject: string): object => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { text: 'x' },
  subject: { reference: subject },
});

describe.each(fhirVersions)('a subscription to changes, %s', (version) => {
  test('is told of every create, update, patch, delete and entry of a transaction by REST, in order', async () => {
    const client = await connected(version);
    expect(await client.start('all', everything)).toEqual({ type: 'start_ack', id: 'all' });
    await send(version, 'PUT', '/Patient/a', patient('a'));
    await send(version, 'PUT', '/Patient/a', { ...patient('a'), active: true });
    await send(
      version,
      'PATCH',
      '/Patient/a',
      [{ op: 'replace', path: '/active', value: false }],
      'application/json-patch+json',
    );
    await send(version, 'DELETE', '/Patient/a');
    await send(version, 'PUT', '/Patient/a', patient('a'));
    await send(version, 'POST', '', {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        { resource: patient('b'), request: { method: 'PUT', url: 'Patient/b' } },
        { request: { method: 'DELETE', url: 'Patient/a' } },
      ],
    });
    expect(await changes(client, 5)).toEqual([
      'create Patient/a 1',
      'update Patient/a 2',
      'patch Patient/a 3',
      'delete Patient/a 4',
      'create Patient/a 5',
    ]);
    expect((await changes(client, 2)).sort()).toEqual(['create Patient/b 1', 'delete Patient/a 6']);
    await client.close();
  });

  test('is told of mutations by GraphQL', async () => {
    const client = await connected(version);
    await client.start('all', everything);
    const ask = (query: string): Promise<Response> => send(version, 'POST', '/graphql', { query }, 'application/json');
    await ask('mutation { PatientUpdate(id: "g", res: { active: true }) { location } }');
    await ask('mutation { PatientDelete(id: "g") { location } }');
    expect(await changes(client, 2)).toEqual(['create Patient/g 1', 'delete Patient/g 2']);
    await client.close();
  });

  test('tells what names the version, and what is there when it is read', async () => {
    const client = await connected(version);
    await client.start('one', everything);
    await send(version, 'PUT', '/Patient/named', patient('named'));
    const frame = await client.next();
    const { lastUpdated } = changeOf(frame);
    expect(frame).toEqual({
      type: 'data',
      id: 'one',
      payload: {
        data: {
          onResourceChanged: { type: 'Patient', id: 'named', versionId: '1', action: 'create', lastUpdated },
        },
      },
    });
    const read = (await (await send(version, 'GET', '/Patient/named')).json()) as { meta: object };
    expect(read.meta).toEqual({ versionId: '1', lastUpdated });
    await client.close();
  });

  test('is told only of what it asks for: type, id, compartment, actions', async () => {
    const client = await connected(version);
    const start = async (id: string, given: string): Promise<void> => {
      expect(await client.start(id, `subscription { onResourceChanged(${given}) { type id action } }`)).toMatchObject({
        type: 'start_ack',
      });
    };
    await start('type', 'type: Observation');
    await start('id', 'id: "f1"');
    await start('compartment', 'compartment: "Patient/f1"');
    await start('deletions', 'actions: [delete]');
    await start('several', 'type: Observation, compartment: "Patient/f1", actions: [create, update]');
    await send(version, 'PUT', '/Patient/f1', patient('f1'));
    await send(version, 'PUT', '/Patient/f2', patient('f2'));
    await send(version, 'PUT', '/Observation/of1', observation('of1', 'Patient/f1'));
    await send(version, 'PUT', '/Observation/of2', observation('of2', 'Patient/f2'));
    await send(version, 'DELETE', '/Observation/of1');
    await client.start('last', 'subscription { onResourceChanged(id: "end") { id } }');
    await send(version, 'PUT', '/Patient/end', patient('end'));
    const isTold = (): boolean => {
      const frames = client.frames.filter(({ type }) => type === 'data');
      return frames.length >= 10 && frames.some(({ id }) => id === 'last'); // resources have no order among each other
    };
    while (!isTold()) await client.next();
    const told: Record<string, string[]> = {};
    for (const frame of client.frames.filter(({ type }) => type === 'data')) {
      const { type, id, action } = changeOf(frame);
      (told[frame.id ?? ''] ??= []).push(`${action} ${type}/${id}`);
    }
    delete told['last'];
    expect(told).toEqual({
      type: ['create Observation/of1', 'create Observation/of2', 'delete Observation/of1'],
      id: ['create Patient/f1'],
      compartment: ['create Patient/f1', 'create Observation/of1', 'delete Observation/of1'],
      deletions: ['delete Observation/of1'],
      several: ['create Observation/of1'],
    });
    await client.close();
  });

  test('a patient is told of the own compartment and of the directory, an auditor of three types', async () => {
    const own = await connected(version, { token: tokenOf('patient', { fhirUser: 'Patient/p1' }) });
    const auditor = await connected(version, { token: tokenOf('auditor') });
    await own.start('s', everything);
    await auditor.start('s', everything);
    await send(version, 'PUT', '/Patient/p1', patient('p1'));
    await send(version, 'PUT', '/Patient/p2', patient('p2'));
    await send(version, 'PUT', '/Observation/foreign', observation('foreign', 'Patient/p2'));
    await send(version, 'PUT', '/Observation/own', observation('own', 'Patient/p1'));
    await send(version, 'PUT', '/Observation/own', observation('own', 'Patient/p2')); // out of the compartment
    await send(version, 'PUT', '/Organization/o1', { resourceType: 'Organization', id: 'o1', name: 'x' });
    await send(version, 'PUT', '/Patient/p1', { ...patient('p1'), active: true });
    expect(await changes(own, 4)).toEqual([
      'create Patient/p1 1',
      'create Observation/own 1',
      'create Organization/o1 1',
      'update Patient/p1 2',
    ]);
    expect(await changes(auditor, 3)).toEqual(['create Patient/p1 1', 'create Patient/p2 1', 'update Patient/p1 2']);
    await own.close();
    await auditor.close();
  });

  test.each([
    ['a type that the role may not see', 'auditor', 'type: Observation', 'forbidden', 'may not'],
    ['a role without rights', 'operator', 'type: Patient', 'forbidden', 'may not'],
    ['a compartment that is none', 'practitioner', 'compartment: "Observation/1"', 'invalid', 'is no compartment'],
    ['an id that cannot be', 'practitioner', 'id: "a/b"', 'invalid', 'cannot be an id'],
    ['no action at all', 'practitioner', 'actions: []', 'invalid', 'actions is empty'],
  ])('of %s is refused by name', async (_, user, given, errorType, message) => {
    const client = await connected(version, { token: tokenOf(user) });
    const refused = await client.start('r', `subscription { onResourceChanged(${given}) { id } }`);
    expect(refused).toMatchObject({ type: 'error', id: 'r', payload: { errors: [{ errorType }] } });
    expect(refused.payload?.errors?.[0]?.message).toContain(message);
    await client.close();
  });

  test('nobody but the publisher publishes', async () => {
    const mutation = `mutation { publishChange(type: Patient, id: "x", versionId: "1", action: create,
      lastUpdated: "2026-01-01T00:00:00.000Z", compartments: []) { id } }`;
    const client = await connected(version);
    await client.start('all', everything);
    const answer = await send(version, 'POST', '/graphql', { query: mutation }, 'application/json');
    expect(await answer.json()).toMatchObject({
      data: { publishChange: null },
      errors: [{ errorType: 'Unauthorized' }],
    });
    await send(version, 'PUT', '/Patient/after', patient('after'));
    expect(await changes(client, 1)).toEqual(['create Patient/after 1']);
    await client.close();
  });

  test('nobody but the publisher sees which compartments a change is in', async () => {
    const client = await connected(version);
    await client.start('all', 'subscription { onResourceChanged(id: "c") { id compartments } }');
    await send(version, 'PUT', '/Patient/c', patient('c'));
    expect((await client.next()).payload).toMatchObject({
      data: { onResourceChanged: { id: 'c', compartments: null } },
      errors: [{ errorType: 'Unauthorized', path: ['onResourceChanged', 'compartments'] }],
    });
    await client.close();
  });

  test('who was away catches up by the history since the last change told, and is told of later ones', async () => {
    const client = await connected(version);
    await client.start('all', everything);
    await send(version, 'PUT', '/Patient/h1', patient('h1'));
    const { lastUpdated } = changeOf(await client.next());
    await client.close();
    await send(version, 'PUT', '/Patient/h2', patient('h2'));
    await send(version, 'DELETE', '/Patient/h1');
    const again = await connected(version);
    await again.start('all', everything); // first subscribe, then read: what comes between is told twice, not never
    const history = await send(version, 'GET', `/_history?_since=${lastUpdated}&_sort=_lastUpdated`);
    const { entry } = (await history.json()) as { entry: { request: { method: string; url: string } }[] };
    expect(entry.map(({ request }) => `${request.method} ${request.url}`)).toEqual([
      'PUT Patient/h1', // the last one that was told: its instant is part of the period
      'PUT Patient/h2',
      'DELETE Patient/h1',
    ]);
    await send(version, 'PUT', '/Patient/h3', patient('h3'));
    const told = new Set<string>();
    while (!told.has('create Patient/h3 1')) for (const each of await changes(again, 1)) told.add(each);
    await again.close();
  });
});

describe.each(fhirVersions)('a subscription to jobs, %s', (version) => {
  const other = { subject: '6f1d2b1e-0000-4000-8000-000000000002' };
  const jobs = 'subscription { onJobChanged { id kind state percent } }';
  /** Begins an export. @returns its id. */
  async function exportBy(token: string): Promise<string> {
    const response = await fetch(`${running.url}/${version}/$export?_type=Patient`, {
      headers: { authorization: `Bearer ${token}`, accept: 'application/fhir+json', prefer: 'respond-async' },
    });
    expect(response.status).toBe(202);
    return response.headers.get('content-location')?.split('/').at(-1) ?? '';
  }
  interface Job {
    readonly id: string;
    readonly state: string;
    readonly percent: number;
  }
  const jobOf = ({ payload }: Frame): Job => payload?.data?.['onJobChanged'] as Job;
  /** What a client is told until a job is complete. */
  async function untilComplete(client: RealtimeClient): Promise<Job[]> {
    const told: Job[] = [];
    while (told.at(-1)?.state !== 'complete') told.push(jobOf(await client.next()));
    return told;
  }

  test('is told how the jobs are that the caller began, and of those of nobody else', async () => {
    const token = tokenOf('practitioner');
    const [own, others] = [
      await connected(version),
      await connected(version, { token: tokenOf('practitioner', other) }),
    ];
    await own.start('jobs', jobs);
    await others.start('jobs', jobs);
    const id = await exportBy(token);
    const told = await untilComplete(own);
    expect(told.at(-1)).toEqual({ id, kind: 'export', state: 'complete', percent: 100 });
    expect(new Set(told.map((job) => job.id))).toEqual(new Set([id]));
    // Whatever the other is told first is about the job of their own.
    const second = await exportBy(tokenOf('practitioner', other));
    expect(new Set((await untilComplete(others)).map((job) => job.id))).toEqual(new Set([second]));
    for (const client of [own, others]) await client.close();
  });

  test('of one job is told of that one, and that it was removed', async () => {
    const token = tokenOf('practitioner');
    const id = await exportBy(token);
    const client = await connected(version);
    await client.start('job', `subscription { onJobChanged(id: "${id}") { id state } }`);
    await exportBy(token);
    await send(version, 'DELETE', `/_jobs/${id}`);
    let told = jobOf(await client.next());
    while (told.state !== 'removed') {
      expect(told.id).toBe(id);
      told = jobOf(await client.next());
    }
    expect(told.id).toBe(id);
    await client.close();
  });

  test('tells nobody but the publisher whose a job is, and nobody else publishes', async () => {
    const client = await connected(version);
    await client.start('jobs', 'subscription { onJobChanged { id subject client } }');
    const mutation = `mutation { publishJob(id: "x", kind: "export", state: complete, percent: 100, subject: "x", client: "y") { id } }`;
    const answer = await send(version, 'POST', '/graphql', { query: mutation }, 'application/json');
    expect(await answer.json()).toMatchObject({ data: { publishJob: null }, errors: [{ errorType: 'Unauthorized' }] });
    const id = await exportBy(tokenOf('practitioner'));
    for (let told = ''; told !== id;) {
      const { payload } = await client.next(); // of jobs of the tests before, too
      expect(payload).toMatchObject({
        data: { onJobChanged: { id: expect.any(String), subject: null, client: null } },
        errors: [{ errorType: 'Unauthorized' }, { errorType: 'Unauthorized' }],
      });
      told = (payload?.data?.['onJobChanged'] as { readonly id: string }).id;
      expect(told).not.toBe('x');
    }
    await client.close();
  });

  test('of what cannot be a job is refused', async () => {
    const client = await connected(version);
    expect(await client.start('r', 'subscription { onJobChanged(id: "a/b") { id } }')).toMatchObject({
      type: 'error',
      payload: { errors: [{ errorType: 'invalid' }] },
    });
    await client.close();
  });
});

describe('the real-time endpoint of the whole server', () => {
  test('is at the path of queries, too, as AppSync has it on a domain of its own', async () => {
    const client = await connectRealtime(endpoint('r4').replace('/realtime', ''), { token: tokenOf('practitioner') });
    client.send({ type: 'connection_init' });
    expect(await client.next()).toMatchObject({ type: 'connection_ack' });
    await client.close();
  });

  test('lets no token in that has expired, is changed or is missing', async () => {
    const token = tokenOf('practitioner');
    const changed = `${token.slice(0, -8)}${token.endsWith('AAAAAAAA') ? 'BBBBBBBB' : 'AAAAAAAA'}`;
    for (const options of [{ token: changed }, { token: tokenOf('practitioner', {}, -10) }, {}]) {
      const client = await connectRealtime(endpoint('r4'), options);
      expect(await client.next()).toMatchObject({
        type: 'connection_error',
        payload: { errors: [{ errorType: 'UnauthorizedException', errorCode: 401 }] },
      });
      expect(await client.closed).toEqual([1008, 'UnauthorizedException']);
    }
  });

  test('asks for a token of each subscription', async () => {
    const client = await connected('r4');
    for (const token of [null, 'a.b.c', tokenOf('practitioner', {}, -10)]) {
      expect(await client.start('s', everything, { token })).toMatchObject({
        type: 'error',
        id: 's',
        payload: { errors: [{ errorType: 'UnauthorizedException', errorCode: 401 }] },
      });
    }
    await client.close();
  });

  test('is used as the documentation shows it', async () => {
    const [, code = ''] = /A plain WebSocket:\n\n```js\n(.*?)```/s.exec(readFileSync('docs/graphql.md', 'utf8')) ?? [];
    const here = code.replaceAll('127.0.0.1:3000', new URL(running.url).host);
    let opened: WebSocket | undefined;
    class Opened extends WebSocket {
      constructor(...given: ConstructorParameters<typeof WebSocket>) {
        super(...given);
        opened = this; // eslint-disable-line @typescript-eslint/no-this-alias -- the code of the page keeps it to itself
      }
    }
    const logged = new Promise((resolve) => {
      runInNewContext(here, { WebSocket: Opened, token: tokenOf('practitioner'), btoa, console: { log: resolve } });
    });
    await new Promise((resolve) => {
      opened?.on('message', (data: Buffer) => {
        if (data.toString().includes('start_ack')) resolve(undefined);
      });
    });
    await send('r4', 'PUT', '/Patient/documented', patient('documented'));
    expect(await logged).toEqual({ type: 'Patient', id: 'documented', versionId: '1', action: 'create' });
    opened?.terminate();
  });

  test('is nowhere else', async () => {
    await expect(connectRealtime(`${running.url.replace('http', 'ws')}/r4/Patient`)).rejects.toThrow('404');
  });

  test('queries and mutations go by HTTP, subscriptions do not', async () => {
    const client = await connected('r4');
    expect(await client.start('q', '{ PatientList { id } }')).toMatchObject({
      type: 'error',
      payload: { errors: [{ errorType: 'UnsupportedOperation' }] },
    });
    await client.close();
    const answer = await send('r4', 'POST', '/graphql', { query: everything }, 'application/json');
    expect(await answer.json()).toMatchObject({ data: null, errors: [{ errorType: 'UnsupportedOperation' }] });
  });

  test('leaves a request that offers another protocol what it is: Java offers HTTP/2 so', async () => {
    const body = JSON.stringify({ resourceType: 'Patient' });
    const socket = connect(running.port, '127.0.0.1');
    const head = [
      'POST /r4/Patient HTTP/1.1',
      'Host: 127.0.0.1',
      `Authorization: Bearer ${tokenOf('practitioner')}`,
      'Content-Type: application/fhir+json',
      `Content-Length: ${String(body.length)}`,
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA',
    ].join('\r\n');
    socket.write(`${head}\r\n\r\n${body}`);
    const answer = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
    socket.destroy();
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 201 /);
  });
});
