import { afterAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { commitsOf } from '../../lmdb/commits.js';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import { findDrift, fixDrift } from '../../indexer/drift.js';
import { indexable } from '../../indexer/index-change.js';
import { defaultTenant } from '../../persistence/keys.js';
import { createResourceStore } from '../../persistence/store.js';
import { nextVersion } from '../../persistence/version.js';
import { lmdbSearchIndex } from '../../search/lmdb.js';
import { lists, openPostings, postingKey } from '../../search/lmdb/postings.js';
import { memoryTable } from '../support/memory-table.js';
import { testDrift } from '../contract/drift.js';

const folder = mkdtempSync(join(tmpdir(), 'drift-'));
const root = open({ path: folder, cache: false, noSync: true, maxDbs: 512 });
const definitions = await loadDefinitions('r4');
afterAll(async () => {
  await commitsOf(root).close();
  await root.close();
  rmSync(folder, { recursive: true });
});

let indices = 0;
describe('compared with the embedded index', () => {
  testDrift(() => Promise.resolve(lmdbSearchIndex(root, String((indices += 1)), definitions)));

  test('a resource that a list has lost is put back into it', async () => {
    const name = String((indices += 1));
    const { index, inspection, merge } = lmdbSearchIndex(root, name, definitions, { pending: 0 });
    const table = memoryTable();
    const resource = { resourceType: 'Patient', name: [{ family: 'Lost' }] };
    const next = nextVersion({ resource, method: 'PUT', now: Date.now(), id: 'a', compartments: [] });
    await createResourceStore(table).commit([{ kind: 'put', next }]);
    await index.put([indexable(defaultTenant, next)]);
    while (await merge());
    const postings = openPostings(root, `${name}:postings`);
    const all = postingKey('Patient', lists.all, '');
    const [number = ''] = postings.documents(all);
    root.transactionSync(() => {
      postings.remove(all, number);
    });
    const space = { table, bodies: undefined, index, inspection, settle: () => Promise.resolve() };
    const { drifts } = await findDrift(space);
    expect(drifts.map(({ what }) => what)).toEqual(['terms']);
    expect(await fixDrift(space, drifts)).toEqual([]);
    expect([...postings.documents(all)]).toEqual([number]);
  });
});
