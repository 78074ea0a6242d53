import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { handOn, type HandedOn } from '../../indexer/hand-on.js';
import { publishChanges, type Publisher, type PublishOptions, type PublishingProblem } from '../../indexer/publish.js';
import { defaultTenant, jobsPartition } from '../../persistence/keys.js';
import type { ResourceChange } from '../../indexer/resource-change.js';
import { lmdbPlace } from '../../persistence/lmdb-place.js';
import { openRoot, type Root } from '../../persistence/lmdb-root.js';
import { type LmdbTable, lmdbTable } from '../../persistence/lmdb.js';
import type { ResourceStore } from '../../persistence/resource-store.js';
import { createResourceStore } from '../../persistence/store.js';
import type { ItemChange } from '../../persistence/table.js';
import { nextVersion, tombstone } from '../../persistence/version.js';
import { temporaryFolder } from '../persistence/temporary-root.js';
import { publishedFeed } from './published-feed.js';

let folder: string;
let root: Root;
let table: LmdbTable;
let store: ResourceStore;
let publisher: Publisher | undefined;
let problems: PublishingProblem[];

/** Opens the store, also after it was closed. */
function openStore(changesKept?: number): void {
  root = openRoot(folder);
  table = lmdbTable(root, 'r4', changesKept === undefined ? {} : { changesKept });
  store = createResourceStore(table);
}
beforeEach(() => {
  folder = temporaryFolder();
  problems = [];
  openStore();
});
afterEach(async () => {
  await publisher?.stop();
  publisher = undefined;
  await root.close();
  rmSync(folder, { recursive: true });
});

const textOf = ({ action, type, id, versionId }: ResourceChange): string =>
  `${action} ${type}/${id} ${String(versionId)}`;

/** A subscriber of everything: what was told, and waiting for so much of it. */
function subscriber(): {
  told: string[];
  tell: (change: ResourceChange) => Promise<void>;
  heard: (count: number) => Promise<string[]>;
} {
  const told: string[] = [];
  let waiting: (() => void)[] = [];
  return {
    told,
    tell(change) {
      told.push(textOf(change));
      for (const resolve of waiting.splice(0)) resolve();
      return Promise.resolve();
    },
    async heard(count) {
      while (told.length < count) await new Promise<void>((resolve) => (waiting = [...waiting, resolve]));
      return told;
    },
  };
}

const publish = (more: Partial<PublishOptions> & Pick<PublishOptions, 'publish'>): void => {
  publisher = publishChanges({
    feed: publishedFeed(root, table),
    onProblem: (problem) => void problems.push(problem),
    idle: 1,
    pause: 1,
    keepEvery: 0,
    ...more,
  });
};

async function put(id: string, method: 'POST' | 'PUT' | 'PATCH' = 'PUT'): Promise<void> {
  const previous = await store.read({ type: 'Patient', id });
  const known = previous === undefined ? {} : { previous };
  const resource = { resourceType: 'Patient', secret: 'never told' };
  const next = nextVersion({ resource, ...known, method, now: Date.now(), id, compartments: [`Patient/${id}`] });
  await store.commit([{ kind: 'put', next, ...known }]);
}

async function remove(id: string): Promise<void> {
  const previous = await store.read({ type: 'Patient', id });
  if (previous === undefined) throw new Error(`there is no ${id}`);
  await store.commit([{ kind: 'put', next: tombstone(previous, Date.now()), previous }]);
}

describe('publishing', () => {
  test('tells of each version once it is current, by what it did', async () => {
    const { tell, heard } = subscriber();
    publish({ publish: tell });
    await put('a', 'POST');
    await put('a');
    await put('a', 'PATCH');
    await remove('a');
    await put('a');
    expect(await heard(5)).toEqual([
      'create Patient/a 1',
      'update Patient/a 2',
      'patch Patient/a 3',
      'delete Patient/a 4',
      'create Patient/a 5',
    ]);
  });

  test('tells what names a version and which compartments it is in, and nothing that is in it', async () => {
    const changes: ResourceChange[] = [];
    const { tell, heard } = subscriber();
    publish({
      publish: (change) => {
        changes.push(change);
        return tell(change);
      },
    });
    await put('a');
    await remove('a');
    await heard(2);
    expect(changes).toEqual([
      {
        tenant: defaultTenant,
        type: 'Patient',
        id: 'a',
        versionId: 1,
        action: 'create',
        lastUpdated: expect.any(String),
        compartments: ['Patient/a'],
      },
      {
        tenant: defaultTenant,
        type: 'Patient',
        id: 'a',
        versionId: 2,
        action: 'delete',
        lastUpdated: expect.any(String),
        compartments: ['Patient/a'],
      },
    ]);
  });

  test('keeps the order of each resource, whatever fails on the way, and leaves nothing out', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 12 }),
        fc.array(fc.boolean(), { maxLength: 12 }),
        async (ids, failing) => {
          await publisher?.stop();
          const before = new Map(
            await Promise.all(
              ['a', 'b', 'c'].map(
                async (id) => [id, (await store.read({ type: 'Patient', id }))?.versionId ?? 0] as const,
              ),
            ),
          );
          const { told, tell, heard } = subscriber();
          const failures = [...failing];
          publish({
            publish: (change) => (failures.shift() === true ? Promise.reject(new Error('no answer')) : tell(change)),
          });
          for (const id of ids) await put(id);
          await heard(ids.length);
          for (const id of new Set(ids)) {
            const versions = told.filter((each) => each.includes(`/${id} `)).map((each) => Number(each.split(' ')[2]));
            const first = (before.get(id) ?? 0) + 1;
            expect(versions).toEqual(ids.filter((each) => each === id).map((_, place) => first + place));
          }
        },
      ),
      { numRuns: 15 },
    );
  });

  test('passes over what was made while nobody listened', async () => {
    const { tell, heard } = subscriber();
    let isHeard = false;
    let looks = 0;
    publish({
      publish: tell,
      isHeard: () => {
        looks += 1;
        return isHeard;
      },
    });
    await put('before');
    const seen = looks;
    while (looks < seen + 2) await new Promise((resolve) => setImmediate(resolve)); // it has looked since
    isHeard = true;
    await put('after');
    expect(await heard(1)).toEqual(['create Patient/after 1']);
  });

  test('passes over an item that is no version, and says so', async () => {
    const { tell, heard } = subscriber();
    publish({ publish: tell });
    await table.write([{ kind: 'put', item: { pk: '-#Patient#wrong', sk: 'current', versionId: 3 } }]);
    await put('right');
    expect(await heard(1)).toEqual(['create Patient/right 1']);
    expect(problems.map(({ what }) => what)).toEqual(['a change cannot be read']);
  });

  test('says when changes were lost, and goes on with what is there', async () => {
    await put('a');
    await publishedFeed(root, table).writePlace('0000000000000001');
    await root.close();
    openStore(2);
    for (const id of ['b', 'c', 'd']) await put(id);
    const { tell, heard } = subscriber();
    publish({ publish: tell });
    expect(await heard(2)).toEqual(['create Patient/c 1', 'create Patient/d 1']);
    expect(problems.map(({ what }) => what)).toEqual(['changes were lost: subscribers were not told of them']);
  });
});

describe('after a restart', () => {
  test('goes on behind what was told', async () => {
    const first = subscriber();
    publish({ publish: first.tell });
    await put('a');
    await first.heard(1);
    await publisher?.stop();
    await root.close();
    openStore();
    await put('b');
    const second = subscriber();
    publish({ publish: second.tell });
    expect(await second.heard(1)).toEqual(['create Patient/b 1']);
  });

  test('what a process committed that was killed before it published is told', async () => {
    await root.close();
    const env = { ...process.env, NODE_OPTIONS: '' };
    const program = fileURLToPath(new URL('killed-publisher.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', program, folder], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let told = '';
    child.stdout.on('data', (chunk: Buffer) => (told += chunk.toString()));
    const [, signal] = (await once(child, 'close')) as [unknown, string];
    expect({ told, signal }).toEqual({ told: 'create Patient/1 1\n', signal: 'SIGKILL' });
    openStore();
    const { tell, heard } = subscriber();
    let isHeard = false;
    publish({ publish: tell, isHeard: () => isHeard });
    await new Promise((resolve) => setImmediate(resolve));
    isHeard = true; // its subscribers come back
    expect((await heard(1)).at(-1)).toBe('create Patient/2 1');
  });
});

describe('what a stream’s follower hands on', () => {
  test('is published in its order, without what is older than the start, and dropped when nobody reads', async () => {
    const since = '2026-01-01T00:00:00.000Z';
    const feed = handOn(since, 3);
    const change = (id: string, lastUpdated: string): ItemChange => ({
      position: 'of the stream',
      key: { pk: `-#Patient#${id}`, sk: 'current' },
      after: {
        ...{ pk: `-#Patient#${id}`, sk: 'current', type: 'Patient', id, versionId: 1, lastUpdated, method: 'PUT' },
        ...{ deleted: false, compartments: [], children: false, body: '{"secret":"never kept"}' },
      },
    });
    feed.take([change('old', '2025-12-31T23:59:59.999Z'), change('a', since), change('b', since)]);
    expect(JSON.stringify(await feed.changes({ limit: 10 }))).not.toContain('secret');
    const { tell, heard } = subscriber();
    publish({ feed, publish: tell });
    expect(await heard(2)).toEqual(['create Patient/a 1', 'create Patient/b 1']);
    await publisher?.stop();
    const end = feed.end();
    feed.take(['c', 'd', 'e', 'f'].map((id) => change(id, since)));
    await expect(feed.changes({ ...(end && { after: end }), limit: 10 })).rejects.toThrow('no longer kept');
    expect((await feed.changes({ limit: 10 })).map(({ key }) => key.pk.slice(-1))).toEqual(['d', 'e', 'f']);
  });
});

describe('jobs', () => {
  const key = { pk: jobsPartition(defaultTenant), sk: 'j1' };
  const item = { ...key, id: 'j1', kind: 'export', state: 'running', subject: 's', client: 'c', request: 'r' };
  const job = { ...item, segments: 1, created: 1 };
  const feed = (): HandedOn => {
    const handed = handOn('2026-01-01T00:00:00.000Z');
    handed.take([
      { position: '1', key, after: job },
      { position: '2', key, before: job },
    ]);
    return handed;
  };

  test('are told of in the order of the feed, again until it succeeds, beside versions', async () => {
    const { tell, heard } = subscriber();
    const told: string[] = [];
    let failures = 2;
    publish({
      feed: feed(),
      publish: tell,
      publishJob({ id, removed }) {
        failures -= 1;
        if (failures >= 0) return Promise.reject(new Error('nobody listens'));
        told.push(`${id} ${removed === undefined ? 'changed' : 'removed'}`);
        return tell({
          tenant: defaultTenant,
          type: 'Job',
          id,
          versionId: told.length,
          action: 'update',
          lastUpdated: '',
          compartments: [],
        });
      },
    });
    await heard(2);
    expect(told).toEqual(['j1 changed', 'j1 removed']);
    expect(problems.map(({ what }) => what)).toEqual(Array(2).fill('a change cannot be published'));
  });
});

test('a place is kept in the store', async () => {
  const place = lmdbPlace(root, 'place');
  expect(place.read()).toBeUndefined();
  await place.write('0000000000000007');
  await root.close();
  openStore();
  expect(lmdbPlace(root, 'place').read()).toBe('0000000000000007');
});
