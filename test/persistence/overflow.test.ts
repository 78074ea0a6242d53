import { readdirSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { BodyKey, BodyStore } from '../../persistence/body-store.js';
import { filesystemBodies } from '../../persistence/filesystem.js';
import { lmdbTable } from '../../persistence/lmdb.js';
import type { ResourceStore, ResourceWrite, StoredVersion } from '../../persistence/resource-store.js';
import { createResourceStore } from '../../persistence/store.js';
import { currentChange, loadCurrentChange } from '../../persistence/stream.js';
import { sweepBodies } from '../../persistence/sweep-bodies.js';
import type { Table } from '../../persistence/table.js';
import { nextVersion, tombstone } from '../../persistence/version.js';
import { temporaryFolder, temporaryRoot } from './temporary-root.js';
import { defaultTenant } from '../../persistence/keys.js';
import { tenant } from '../support/tenant.js';

// Bodies above the limit go to a body store; the table is LMDB, the body store a folder, the limit small.

const inlineLimit = 300;
const day = 24 * 60 * 60 * 1000;
const key = { type: 'Patient', id: 'a' };
const item = { pk: '-#Patient#a', sk: 'current' };

let table: Table;
let folder: string;
let bodies: BodyStore;
let store: ResourceStore;
let closeRoot: () => Promise<void>;
beforeEach(() => {
  const temporary = temporaryRoot();
  closeRoot = temporary.close;
  table = lmdbTable(temporary.root, 'r4');
  folder = temporaryFolder();
  bodies = filesystemBodies(folder);
  store = createResourceStore(table, { bodies, inlineLimit });
});
afterEach(async () => {
  await closeRoot();
  rmSync(folder, { recursive: true });
});

const large = 'ä'.repeat(200); // 400 bytes, 200 characters
const version = (text: string, previous?: StoredVersion): StoredVersion =>
  nextVersion({
    resource: { resourceType: 'Patient', text },
    ...(previous === undefined ? {} : { previous }),
    method: 'PUT',
    now: Date.parse('2026-01-01T00:00:00Z'),
    id: key.id,
    compartments: [],
  });
const put = (text: string, previous?: StoredVersion): ResourceWrite => ({
  kind: 'put',
  next: version(text, previous),
  ...(previous === undefined ? {} : { previous }),
});
const current = async (): Promise<StoredVersion> => {
  const found = await store.read(key);
  if (found === undefined) throw new Error('nothing is there');
  return found;
};
const textOf = (found: StoredVersion | undefined): unknown =>
  found === undefined ? undefined : (JSON.parse(found.body) as { text: unknown }).text;
const files = (): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name.split('~').slice(0, 2).join('~'))
    .sort();

describe('a body above the limit', () => {
  test('is kept in the body store, and read from there wherever the version is read', async () => {
    await store.commit([put(large)]);
    const stored = await table.get(item);
    expect([stored?.['body'], typeof stored?.['overflow']]).toEqual([undefined, 'string']);
    expect(files()).toEqual(['a~1']);
    expect(textOf(await store.read(key))).toBe(large);
    expect(textOf((await store.readMany([key]))[0])).toBe(large);
    expect(textOf(await store.vread(key, 1))).toBe(large);
    expect((await store.history(key, { count: 5 })).map(textOf)).toEqual([large]);
  });

  test('counts its bytes, not its characters; one at the limit stays in its item', async () => {
    const room = inlineLimit - Buffer.byteLength(version('').body);
    await store.commit([put('x'.repeat(room))]);
    expect(files()).toEqual([]);
    await store.commit([put('x'.repeat(room + 1), await current())]);
    expect(files()).toEqual(['a~2']);
    await store.commit([put('ä'.repeat(room), await current())]);
    expect(files()).toEqual(['a~2', 'a~3']);
  });

  test('stays with its version when that is superseded; no two versions share one', async () => {
    await store.commit([put(large)]);
    await store.commit([put('small', await current())]);
    await store.commit([put(large, await current())]);
    const last = await current();
    await store.commit([{ kind: 'put', next: tombstone(last, Date.now()), previous: last }]);
    await store.commit([put(large, await current())]);
    expect(files()).toEqual(['a~1', 'a~3', 'a~5']);
    const history = await store.history(key, { count: 9 });
    expect(history.map((each) => (each.deleted ? 'deleted' : textOf(each)))).toEqual([
      large,
      'deleted',
      large,
      'small',
      large,
    ]);
    expect(textOf(await store.vread(key, 1))).toBe(large);
  });

  test('comes with the change that an indexer is told', async () => {
    await store.commit([put(large)]);
    const [change] = (await table.changes({ limit: 10 })).filter((each) => each.key.sk === 'current');
    if (change === undefined) throw new Error('no change');
    expect(textOf(await loadCurrentChange(change, bodies))).toBe(large);
    expect(() => currentChange(change)).toThrow('body'); // never indexed as if it were empty
  });

  test('may be of 5 MB', async () => {
    const text = 'x'.repeat(5_000_000);
    await store.commit([put(text)]);
    expect(textOf(await store.read(key)) === text).toBe(true);
  });

  test('is in its item without a body store', async () => {
    const inline = createResourceStore(table, { inlineLimit });
    await inline.commit([put(large)]);
    expect(textOf(await inline.read(key))).toBe(large);
    expect(files()).toEqual([]);
    expect(textOf(await store.read(key))).toBe(large); // and stays there when a body store comes later
    await store.commit([put('small', await current())]);
    expect(textOf(await store.vread(key, 1))).toBe(large);
  });
});

describe('when it goes wrong', () => {
  const failing = (part: Partial<BodyStore>): ResourceStore =>
    createResourceStore(table, { bodies: { ...bodies, ...part }, inlineLimit });
  const lost = (): Promise<never> => Promise.reject(new Error('the network is gone'));

  test('before the body is kept, nothing is written', async () => {
    await expect(failing({ put: lost }).commit([put(large)])).rejects.toThrow('network');
    expect(await table.get(item)).toBeUndefined();
  });

  test('after the first of two bodies, nothing is written, and the first is swept a day later', async () => {
    let puts = 0;
    const half = failing({ put: (...body) => ((puts += 1) > 1 ? lost() : bodies.put(...body)) });
    const other = { ...version(large), id: 'b' };
    await expect(half.commit([put(large), { kind: 'put', next: other }])).rejects.toThrow('network');
    expect(await store.readMany([key, { ...key, id: 'b' }])).toEqual([undefined, undefined]);
    expect(await sweepBodies(table, bodies, Date.now() + day + 1000, defaultTenant)).toBe(1);
  });

  test('after the bodies and before the items, nothing is written', async () => {
    const broken = createResourceStore({ ...table, write: lost }, { bodies, inlineLimit });
    await expect(broken.commit([put(large)])).rejects.toThrow('network');
    expect(await store.read(key)).toBeUndefined();
    expect(files()).toEqual(['a~1']);
    await store.commit([put(large)]);
    expect(await sweepBodies(table, bodies, Date.now() + day + 1000, defaultTenant)).toBe(1);
    expect(textOf(await store.read(key))).toBe(large);
  });

  test('after the items, the version is there, body and all', async () => {
    await store.commit([{ kind: 'put', next: { ...version('first of its type'), id: 'b' } }]);
    const unanswered: Table = {
      ...table,
      write: async (actions) => {
        await table.write(actions);
        return lost();
      },
    };
    const broken = createResourceStore(unanswered, { bodies, inlineLimit });
    await expect(broken.commit([put(large)])).rejects.toThrow('network');
    expect(textOf(await store.read(key))).toBe(large);
  });

  test('a write repeated by the network is one commit', async () => {
    const repeated: Table = {
      ...table,
      write: async (actions) => {
        await table.write(actions);
        return table.write(actions);
      },
    };
    const result = await createResourceStore(repeated, { bodies, inlineLimit }).commit([put(large)]);
    expect(result).toEqual({ committed: true });
    expect(textOf(await store.read(key))).toBe(large);
  });

  test('a commit that loses a race leaves the winner’s body alone', async () => {
    await store.commit([put('first')]);
    const previous = await current();
    const texts = ['A', 'B', 'C'].map((letter) => letter.repeat(400));
    const results = await Promise.all(texts.map((text) => store.commit([put(text, previous)])));
    const won = texts[results.findIndex(({ committed }) => committed)];
    expect(results.filter(({ committed }) => committed)).toHaveLength(1);
    expect(await sweepBodies(table, bodies, Date.now() + day + 1000, defaultTenant)).toBe(2);
    expect(textOf(await store.read(key))).toBe(won);
  });

  test('a body that was lost is an error, never an empty resource', async () => {
    await store.commit([put(large)]);
    await expect(failing({ get: () => Promise.resolve(undefined) }).read(key)).rejects.toThrow('is not there');
    await expect(createResourceStore(table).read(key)).rejects.toThrow('is not there');
  });
});

describe('the sweeper', () => {
  const later = (): number => Date.now() + day + 60_000;

  test('keeps what any version refers to, of many versions', async () => {
    await store.commit([put(large)]);
    for (let n = 2; n <= 230; n += 1) await store.commit([put(n % 50 === 0 ? large : 'small', await current())]);
    const before = files();
    expect(before).toHaveLength(5);
    expect(await sweepBodies(table, bodies, later(), defaultTenant)).toBe(0);
    expect(files()).toEqual(before);
  });

  test('removes what nothing refers to when it is a day old, not before', async () => {
    const orphan = (more: Partial<BodyKey>): BodyKey => ({
      ...key,
      tenant: defaultTenant,
      versionId: 1,
      commitId: 'orphan',
      ...more,
    });
    await store.commit([put(large)]);
    for (const more of [{}, { versionId: 7 }, { id: 'nobody' }, { type: 'Group' }]) {
      await bodies.put(orphan(more), '{}');
    }
    expect(await sweepBodies(table, bodies, Date.now() + day - 60_000, defaultTenant)).toBe(0);
    expect(await sweepBodies(table, bodies, later(), defaultTenant)).toBe(4);
    expect(textOf(await store.read(key))).toBe(large);
  });

  test('keeps the body of a version that is superseded while it looks', async () => {
    await store.commit([put(large)]);
    const moving = {
      ...table,
      // The update comes after the sweeper has read what is current, and after it has read what is not.
      get: async (asked: Parameters<Table['get']>[0]) => {
        const found = await table.get(asked);
        await store.commit([put('small', await current())]);
        return found;
      },
    };
    expect(await sweepBodies(moving, bodies, later(), defaultTenant)).toBe(0);
    expect(textOf(await store.vread(key, 1))).toBe(large);
  });

  test('keeps to its tenant', async () => {
    await createResourceStore(table, { tenant: tenant('other'), bodies, inlineLimit }).commit([put(large)]);
    expect(await sweepBodies(table, bodies, later(), defaultTenant)).toBe(0);
    expect(await sweepBodies(table, bodies, later(), tenant('other'))).toBe(0);
    expect(textOf(await createResourceStore(table, { tenant: tenant('other'), bodies }).read(key))).toBe(large);
  });
});
