import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { update } from '../../interactions/update.js';
import { openServers } from '../../local/compose.js';
import { jobItems } from '../../persistence/job.js';
import { defaultTenant } from '../../persistence/keys.js';
import { callerOf } from '../support/server.js';

// `npm run drift`, the built command, on a store whose index was spoiled.

const folder = mkdtempSync(join(tmpdir(), 'drift-'));
const leftJob = '00000000-0000-4000-8000-000000000001';
beforeAll(async () => {
  const opened = await openServers(folder);
  const { servers } = opened;
  const resource = { resourceType: 'Patient', id: 'p1', name: [{ family: 'Right' }] };
  await update(servers.r4, callerOf('practitioner'), { key: { type: 'Patient', id: 'p1' }, resource });
  const wrong = { ...resource, name: [{ family: 'Wrong' }] };
  const indexed = {
    tenant: defaultTenant,
    type: 'Patient',
    id: 'p1',
    versionId: 1,
    lastUpdated: '',
    compartments: ['Patient/p1'],
  };
  await servers.r4.index.put([{ ...indexed, resource: wrong }], { again: true });
  const [subject, client, request] = ['sub', 'client', '$import'];
  const job = {
    id: leftJob,
    kind: 'import',
    state: 'running',
    subject,
    client,
    request,
    segments: 1,
    created: 0,
  } as const;
  const file = { type: 'Patient', url: 'https://files.example.org/exports/1.ndjson' };
  await jobItems(servers.r4.table, defaultTenant).begin(job, { files: [file] }, [{}]);
  await opened.close();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function drift(...options: string[]): Promise<{ code: unknown; printed: string }> {
  const env = { ...process.env, DATA_DIR: folder, NODE_OPTIONS: '' };
  const child = spawn(process.execPath, ['dist/drift.js', ...options], { env });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (printed += String(text)));
  const [code] = (await once(child, 'close')) as [unknown];
  return { code, printed };
}

test('names what differs, mends it when told, and then finds nothing', async () => {
  const found = await drift();
  expect([found.code, found.printed]).toEqual([
    1,
    expect.stringContaining('r4: Patient/p1 is indexed by other terms (the store has version 1)'),
  ]);
  const fixed = await drift('--fix');
  expect([fixed.code, fixed.printed]).toEqual([0, expect.stringContaining('r4: 1 indexed anew, 0 still differ')]);
  const again = await drift('--sample', '100');
  expect([again.code, again.printed]).toEqual([
    0,
    'r4: 1 resources of the store, 1 of the index: 0 differ\nstu3: 0 resources of the store, 0 of the index: 0 differ\n',
  ]);
  expect(await drift('--sample', 'all')).toMatchObject({
    code: 2,
    printed: expect.stringContaining('Usage') as unknown,
  });
});

test('leaves what a server left of its jobs to the server, which knows the sources of imports', async () => {
  await drift();
  const opened = await openServers(folder, { isCommand: true });
  const left = await jobItems(opened.servers.r4.table, defaultTenant).read(leftJob);
  await opened.close();
  expect(left).toMatchObject({ state: 'running' });
});
