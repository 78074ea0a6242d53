import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { open } from 'lmdb';
import { create } from '../../interactions/create.js';
import { deleteResource } from '../../interactions/delete.js';
import { searchType } from '../../interactions/search-type.js';
import { openServers } from '../../local/compose.js';
import { callerOf } from '../support/server.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'index-upgrade-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const caller = callerOf('practitioner');

async function found(parameters: readonly (readonly [string, string])[]): Promise<(string | undefined)[]> {
  const opened = await openServers(folder);
  const page = await searchType(opened.servers.r4, caller, { type: 'Observation', parameters, handling: 'strict' });
  await opened.close();
  return page.matches.map(({ id }) => id);
}

test('an index without the terms of this program is made anew from the store at the start', async () => {
  const opened = await openServers(folder);
  const observation = {
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'x' },
    valueQuantity: { value: 5, unit: 'mg' },
  };
  const kept = await create(opened.servers.r4, caller, { resource: observation });
  const deleted = await create(opened.servers.r4, caller, { resource: observation });
  await deleteResource(opened.servers.r4, caller, { key: { type: 'Observation', id: deleted.version.id } });
  await opened.close();

  const root = open({ path: join(folder, 'store'), maxDbs: 64, compression: true, cache: false });
  const documents = root.openDB({ name: 'r4:search+:documents', encoding: 'json', compression: true, cache: false });
  expect(documents.get('#terms')).toEqual(expect.any(String));
  documents.removeSync('#terms'); // as a program before this one, or an interruption, leaves it
  root.openDB({ name: 'r4:search+:postings', dupSort: true, encoding: 'ordered-binary', cache: false }).clearSync();
  await root.close();

  expect(await found([['value-quantity', '5||mg']])).toEqual([kept.version.id]);
  expect(await found([])).toEqual([kept.version.id]);
});
