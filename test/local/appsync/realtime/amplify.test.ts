import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { type RunningServer, startServer } from '../../../../local/server.js';
import { readSettings } from '../../../../local/settings.js';

let folder: string;
let running: RunningServer;
const start = (port: number): Promise<RunningServer> =>
  startServer(
    readSettings({ DATA_DIR: folder, PORT: String(port), TLS: 'on', LOG_LEVEL: 'silent' }),
    pino({ level: 'silent' }),
  );
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'amplify-'));
  running = await start(0);
});
afterAll(async () => {
  await running.close();
  rmSync(folder, { recursive: true });
});

test('Amplify 6 asks, writes and subscribes, and comes back with a new token when its connection was closed', async () => {
  const program = fileURLToPath(new URL('amplify-client.ts', import.meta.url));
  const env = { ...process.env, NODE_OPTIONS: '', NODE_EXTRA_CA_CERTS: join(folder, 'tls-certificate.pem') };
  const child = spawn(process.execPath, ['--import', 'tsx', program, running.url, folder], { env });
  let printed = '';
  let complaint = '';
  let restarted: Promise<void> | undefined;
  const restart = async (): Promise<void> => {
    await running.close();
    running = await start(running.port);
  };
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
    if (printed.includes('onResourceChanged')) restarted ??= restart();
  });
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  await restarted;
  expect({ code, complaint: code === 0 ? '' : complaint + printed }).toEqual({ code: 0, complaint: '' });
  expect(
    printed
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([
    { PatientList: [] },
    { PatientUpdate: { resource: { id: 'first' } } },
    { PatientUpdate: { resource: { id: 'second' } } },
    { onResourceChanged: { id: 'second', versionId: '1', action: 'create' } },
    { hasNewToken: true },
    { PatientUpdate: { resource: { id: 'second' } } },
    { onResourceChanged: { id: 'second', versionId: '2', action: 'update' } },
  ]);
});
