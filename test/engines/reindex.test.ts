import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stronglyConsistent } from '../../interactions/consistency.js';
import { create } from '../../interactions/create.js';
import { searchType } from '../../interactions/search-type.js';
import type { FhirServer } from '../../interactions/server.js';
import { openAwsServers } from '../../local/compose-aws.js';
import type { EmbeddedServers } from '../../local/compose.js';
import { testGuides } from '../support/guides.js';
import { reindexed } from '../support/jobs.js';
import { callerOf } from '../support/server.js';
import { openOnEngines } from './support/servers.js';

// A server with a guide beside one without, on the same table and index, as during a roll-out.

const log = { error: () => undefined };
const caller = callerOf('practitioner');
const url = 'http://example.org/clinic/StructureDefinition/clinic-ward';
const inWard = (id: string): { resourceType: string } => ({
  resourceType: 'Patient',
  ...{ id, extension: [{ url, valueCode: 'surgery' }] },
});

let folder: string;
let old: Awaited<ReturnType<typeof openOnEngines>>;
let next: EmbeddedServers;
const told: string[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'reindex-'));
  old = await openOnEngines(folder, log);
  await create(old.servers.r4, caller, { resource: inWard('before') });
  next = await openAwsServers(old.engines, folder, log, {
    guides: await testGuides(),
    onOutdatedIndex: (version) => told.push(version),
    refresh: 'now',
    believed: 20,
  });
});
afterAll(async () => {
  await next.close();
  await old.close();
  rmSync(folder, { recursive: true });
});

test('the start tells that an index has other terms; $reindex makes it find what was stored before', async () => {
  expect(told).toContain('r4');
  const strong = (server: FhirServer): FhirServer =>
    stronglyConsistent(server, (error) => {
      throw error;
    });
  const wards = async (server: FhirServer): Promise<number | undefined> => {
    const parameters = [['ward', 'surgery']] as const;
    return (await searchType(server, caller, { type: 'Patient', parameters, handling: 'strict' })).total;
  };
  expect(await reindexed(next.servers.r4, callerOf('operator'))).toMatchObject({ resources: 1, deleted: 0 });
  expect(await wards(next.servers.r4)).toBe(1);
  // The other process writes to the index that serves now, which it did not make.
  await create(strong(old.servers.r4), caller, { resource: { resourceType: 'Patient', active: true } });
  await create(strong(next.servers.r4), caller, { resource: inWard('after') });
  expect(await wards(next.servers.r4)).toBe(2);
  const all = { type: 'Patient', parameters: [], handling: 'strict' } as const;
  expect((await searchType(old.servers.r4, caller, all)).total).toBe(3);
});
