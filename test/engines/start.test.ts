import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectRealtime, type RealtimeClient } from '../support/realtime-client.js';

const prefix = `test-${randomUUID()}`;
let folder: string;
let child: ChildProcess;
let url: string;

/** Starts the built server on the engines, and waits until it listens. */
async function start(): Promise<void> {
  const options = { ENGINES: 'aws', TABLE_PREFIX: prefix, DATA_DIR: folder, PORT: '0', AUTH: 'off', NODE_OPTIONS: '' };
  child = spawn(process.execPath, ['dist/main.js'], { env: { ...process.env, ...options } });
  let printed = '';
  url = await new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        printed += chunk.toString();
        const found = /listens on (\S+) \(data in DynamoDB/.exec(printed)?.[1];
        if (found !== undefined) resolve(found);
      });
    }
    child.once('close', () => {
      reject(new Error(printed));
    });
  });
}
async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
  const ended = once(child, 'exit');
  child.kill(signal);
  return ((await ended) as [number | null])[0];
}
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fhir-engines-'));
  await start();
});
afterAll(async () => {
  if (child.exitCode === null && child.signalCode === null) await end('SIGKILL');
  rmSync(folder, { recursive: true });
});

const headers = { 'content-type': 'application/fhir+json' };
const post = async (version: string, family: string, more: Record<string, string> = {}): Promise<string> => {
  const body = JSON.stringify({ resourceType: 'Patient', name: [{ family }] });
  const answer = await fetch(`${url}/${version}/Patient`, { method: 'POST', headers: { ...headers, ...more }, body });
  expect(answer.status).toBe(201);
  return ((await answer.json()) as { id: string }).id;
};
const found = async (version: string, family: string): Promise<number> => {
  const answer = await fetch(`${url}/${version}/Patient?family=${family}`);
  return ((await answer.json()) as { total: number }).total;
};

test.each(['r4', 'stu3'])('npm start with ENGINES=aws serves %s: REST, and GraphQL', async (version) => {
  const id = await post(version, 'Strong', { 'X-Consistency': 'strong' });
  expect(await found(version, 'strong')).toBe(1);
  const query = `{ Patient(id: "${id}") { name { family } } PatientList(family: "strong") { id } }`;
  const reply = await fetch(`${url}/${version}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  expect(await reply.json()).toEqual({ data: { Patient: { name: [{ family: 'Strong' }] }, PatientList: [{ id }] } });
});

test('the stream brings a write to the index, also one whose server was killed at once', async () => {
  const id = await post('r4', 'Killed');
  await end('SIGKILL');
  await start();
  while ((await found('r4', 'killed')) !== 1) await new Promise((resolve) => setTimeout(resolve, 50));
  expect((await fetch(`${url}/r4/Patient/${id}`)).status).toBe(200);
});

test('a subscription is told of what the stream brought, also by a server that was killed at once', async () => {
  const subscribe = async (): Promise<RealtimeClient> => {
    const client = await connectRealtime(`${url.replace('http', 'ws')}/r4/graphql/realtime`);
    await client.start('1', 'subscription { onResourceChanged(type: Patient) { id versionId action } }');
    return client;
  };
  const toldOf = async (client: RealtimeClient, id: string): Promise<unknown> => {
    for (;;) {
      const change = (await client.next()).payload?.data?.['onResourceChanged'];
      if ((change as { id: string }).id === id) return change;
    }
  };
  const client = await subscribe();
  const id = await post('r4', 'Told');
  expect(await toldOf(client, id)).toEqual({ id, versionId: '1', action: 'create' });
  const left = await post('r4', 'Left');
  await end('SIGKILL');
  await start();
  expect(await toldOf(await subscribe(), left)).toEqual({ id: left, versionId: '1', action: 'create' });
});

test('SIGTERM ends it with exit code 0', async () => {
  expect(await end('SIGTERM')).toBe(0);
});
