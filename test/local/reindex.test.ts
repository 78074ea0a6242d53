import { expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '../../interactions/create.js';
import { jobStatus } from '../../interactions/jobs/job-status.js';
import { operate } from '../../interactions/operations/operate.js';
import { reindex } from '../../interactions/operations/reindex.js';
import { searchType } from '../../interactions/search-type.js';
import { update } from '../../interactions/update.js';
import { type EmbeddedServers, openServers } from '../../local/compose.js';
import type { DefinitionOptions } from '../../compose/serve.js';
import { testGuides } from '../support/guides.js';
import { callerOf } from '../support/server.js';

test('a guide with new search parameters makes the index anew at the next start, once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'reindex-'));
  const told: unknown[] = [];
  const started = async (options: DefinitionOptions, use: (servers: EmbeddedServers['servers']) => Promise<void>) => {
    told.length = 0;
    const opened = await openServers(folder, { ...options, onReindex: (...what) => told.push(what) });
    await use(opened.servers);
    await opened.close();
  };
  const caller = callerOf('practitioner');
  const url = 'http://example.org/clinic/StructureDefinition/clinic-ward';
  await started({}, async ({ r4 }) => {
    const resource = { resourceType: 'Patient', extension: [{ url, valueCode: 'surgery' }] };
    await create(r4, caller, { resource });
    expect(told).toEqual([]);
  });
  const guides = await testGuides();
  for (const expected of [
    [
      ['r4', undefined],
      ['r4', { resources: 1, deleted: 0 }],
    ],
    [],
  ]) {
    await started({ guides }, async ({ r4 }) => {
      const { total } = await searchType(r4, caller, {
        type: 'Patient',
        parameters: [['ward', 'surgery']],
        handling: 'strict',
      });
      expect([total, told]).toEqual([1, expected]);
    });
  }
  rmSync(folder, { recursive: true });
});

test('one that is under way when the server ends goes on at its next start, with all that was written meanwhile', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'reindex-'));
  const caller = callerOf('practitioner');
  const options = { jobs: { reindexPage: 2 } };
  const first = await openServers(folder, options);
  const resources = Array.from({ length: 40 }, (_, at) => ({
    resourceType: 'Patient',
    id: `p${String(at)}`,
    active: true,
  }));
  for (const resource of resources) {
    await update(first.servers.r4, caller, { key: { type: 'Patient', id: resource.id }, resource });
  }
  const kickOff = { request: '$reindex', handling: 'strict' } as const;
  const call = { operation: reindex, target: { level: 'system' }, input: new Map(), kickOff } as const;
  const operator = callerOf('operator');
  const begun = await operate(first.servers.r4, operator, call);
  const id = begun.kind === 'job' ? begun.id : '';
  while ((await first.servers.r4.jobs?.read(id))?.segments[0]?.seen === 0) await new Promise(setImmediate);
  await first.close();
  const second = await openServers(folder, options);
  const { r4 } = second.servers;
  await update(r4, caller, {
    key: { type: 'Patient', id: 'p0' },
    resource: { resourceType: 'Patient', id: 'p0', active: false },
  });
  for (;;) {
    const status = await jobStatus(r4, operator, id);
    if (status.kind === 'running') await new Promise((resolve) => setTimeout(resolve, 5));
    else {
      expect(status).toMatchObject({ kind: 'complete', manifest: { resources: 40, deleted: 0 } });
      break;
    }
  }
  const total = async (active: string): Promise<unknown> =>
    (await searchType(r4, caller, { type: 'Patient', parameters: [['active', active]], handling: 'strict' })).total;
  expect([await total('true'), await total('false')]).toEqual([39, 1]);
  await second.close();
  rmSync(folder, { recursive: true });
});
