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
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'amplify-'));
  running = await startServer(
    readSettings({ DATA_DIR: folder, PORT: '0', TLS: 'on', LOG_LEVEL: 'silent' }),
    pino({ level: 'silent' }),
  );
});
afterAll(async () => {
  await running.close();
  rmSync(folder, { recursive: true });
});

test('Amplify 6 asks, writes and subscribes, and comes back with a new token when its own has expired', async () => {
  const program = fileURLToPath(new URL('amplify-client.ts', import.meta.url));
  const env = { ...process.env, NODE_OPTIONS: '', NODE_EXTRA_CA_CERTS: join(folder, 'tls-certificate.pem') };
  const child = spawn(process.execPath, ['--import', 'tsx', program, running.url, folder], { env });
  let printed = '';
  let complaint = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
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
