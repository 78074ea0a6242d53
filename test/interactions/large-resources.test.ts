import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { byRoles } from '../../auth/roles.js';
import { roleRules } from '../../auth/rules.js';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import { parseJson } from '../../fhir/json.js';
import { readJsonPatch } from '../../fhir/patch/json-patch.js';
import type { Resource } from '../../fhir/resource.js';
import { indexable } from '../../indexer/index-change.js';
import { create } from '../../interactions/create.js';
import { history } from '../../interactions/history.js';
import { patch } from '../../interactions/patch.js';
import { read } from '../../interactions/read.js';
import { searchType } from '../../interactions/search-type.js';
import type { FhirServer } from '../../interactions/server.js';
import { transaction } from '../../interactions/transaction.js';
import { vread } from '../../interactions/vread.js';
import { filesystemBodies } from '../../persistence/filesystem.js';
import { lmdbTable } from '../../persistence/lmdb.js';
import type { StoredVersion } from '../../persistence/resource-store.js';
import { createResourceStore } from '../../persistence/store.js';
import { loadCurrentChange } from '../../persistence/stream.js';
import { lmdbSearchIndex } from '../../search/lmdb.js';
import { temporaryFolder, temporaryRoot } from '../persistence/temporary-root.js';
import { callerOf } from '../support/server.js';
import { defaultTenant } from '../../persistence/keys.js';

// The interactions on a store whose large bodies are elsewhere, its index following the change feed as on AWS.

const caller = callerOf('practitioner');
let server: FhirServer;
let close: () => Promise<void>;
beforeAll(async () => {
  const { root, close: closeRoot } = temporaryRoot();
  const folder = temporaryFolder();
  const definitions = await loadDefinitions('r4');
  const { index } = lmdbSearchIndex(root, 'search', definitions);
  const table = lmdbTable(root, 'resources');
  const bodies = filesystemBodies(folder);
  const store = createResourceStore(table, { bodies, inlineLimit: 1_000 });
  let position: string | undefined;
  const follow = async (): Promise<void> => {
    const changes = await table.changes({ limit: 1_000, ...(position === undefined ? {} : { after: position }) });
    position = changes.at(-1)?.position ?? position;
    const versions = await Promise.all(changes.map((change) => loadCurrentChange(change, bodies)));
    await index.put(versions.flatMap((version) => (version === undefined ? [] : [indexable(defaultTenant, version)])));
  };
  let ids = 0;
  server = {
    definitions,
    tenant: defaultTenant,
    store: {
      ...store,
      commit: async (writes) => {
        const result = await store.commit(writes);
        await follow();
        return result;
      },
    },
    index,
    authorizer: byRoles(roleRules),
    pageKey: new Uint8Array(32),
    now: Date.now,
    newId: () => `id-${String((ids += 1))}`,
  };
  close = async () => {
    await closeRoot();
    rmSync(folder, { recursive: true });
  };
});
afterAll(() => close());

const long = 'x'.repeat(2_000);
const patient = (family: string, more: object = {}): Resource => ({
  resourceType: 'Patient',
  name: [{ family, text: long }],
  ...more,
});
const parsed = ({ body }: StoredVersion): Resource => parseJson(body) as Resource;

describe('a resource too large for its item', () => {
  test('is created, read, found, patched, and its versions stay what they were', async () => {
    const { version } = await create(server, caller, { resource: patient('Large') });
    expect((await server.store.read(version))?.overflow).toBe(true);
    expect(parsed(await read(server, caller, version))).toMatchObject(patient('Large'));
    const found = await searchType(server, caller, {
      type: 'Patient',
      parameters: [['family', 'large']],
      handling: 'strict',
    });
    expect(found.matches.map(parsed)).toMatchObject([patient('Large')]);
    const operations = readJsonPatch([{ op: 'remove', path: '/name/0/text' }]);
    const patched = await patch(server, caller, { key: version, patch: { kind: 'json', operations } });
    expect((await server.store.read(version))?.overflow).toBeUndefined();
    expect(parsed(patched.version)).toMatchObject({ name: [{ family: 'Large' }] });
    expect(parsed(await vread(server, caller, version, '1'))).toMatchObject(patient('Large'));
    const { versions } = await history(server, caller, { kind: 'instance', key: version }, []);
    expect(versions.map(({ overflow }) => overflow === true)).toEqual([false, true]);
  });

  test('is part of a transaction like others', async () => {
    const request = { method: 'POST', url: 'Patient' };
    const entry = ['A', 'B'].map((family) => ({ resource: patient(`Bundle${family}`), request }));
    await transaction(server, caller, { resourceType: 'Bundle', type: 'transaction', entry });
    const search = { type: 'Patient', parameters: [['family', 'bundle']] as const, handling: 'strict' as const };
    const { matches } = await searchType(server, caller, search);
    expect(matches.map((version) => parsed(version)['name'])).toEqual(
      expect.arrayContaining([[{ family: 'BundleA', text: long }], [{ family: 'BundleB', text: long }]]),
    );
  });
});
