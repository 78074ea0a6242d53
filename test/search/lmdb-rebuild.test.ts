import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { searchType } from '../../interactions/search-type.js';
import { update } from '../../interactions/update.js';
import { deleteResource } from '../../interactions/delete.js';
import { openServers } from '../../local/compose.js';
import { openRoot } from '../../persistence/lmdb-root.js';
import { callerOf } from '../support/server.js';

const folder = mkdtempSync(join(tmpdir(), 'rebuild-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const caller = callerOf('practitioner');
async function found(query: string): Promise<string[]> {
  const opened = await openServers(folder);
  const parameters = [...new URLSearchParams(query)];
  const page = await searchType(opened.servers.r4, caller, { type: 'Patient', parameters, handling: 'strict' });
  await opened.close();
  return page.matches.map(({ id }) => id).sort();
}

test('an index that an older program wrote, or that was left half filled, is filled anew from the store', async () => {
  const opened = await openServers(folder);
  const writes = Array.from({ length: 600 }, (_, n) => {
    const resource = { resourceType: 'Patient', id: `p${String(n)}`, name: [{ family: `Name${String(n % 200)}` }] };
    return update(opened.servers.r4, caller, { key: { type: 'Patient', id: resource.id }, resource });
  });
  await Promise.all(writes);
  await deleteResource(opened.servers.r4, caller, { key: { type: 'Patient', id: 'p3' } });
  await opened.close();
  expect(await found('_content=name3')).toEqual(['p203', 'p403']);

  const root = openRoot(join(folder, 'store'));
  root.openDB({ name: 'r4:search:words' }).clearSync();
  root.openDB({ name: 'r4:search:postings', dupSort: true, encoding: 'ordered-binary' }).clearSync();
  await root.close();
  expect(await found('_content=name3')).toEqual([]);

  const again = openRoot(join(folder, 'store'));
  again.openDB({ name: 'r4:search:documents', encoding: 'json' }).removeSync('#format');
  await again.close();
  expect(await found('_content=name3')).toEqual(['p203', 'p403']);
  expect(await found('family=name3&_count=1000')).toHaveLength(32);
});
