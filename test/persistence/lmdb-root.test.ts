import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { lmdbTable } from '../../persistence/lmdb.js';
import { openRoot } from '../../persistence/lmdb-root.js';
import { StoreError } from '../../persistence/store-error.js';
import { temporaryFolder } from './temporary-root.js';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function fill(): Promise<void> {
  const root = openRoot(folder);
  const table = lmdbTable(root, 'items');
  for (let n = 0; n < 300; n += 1) {
    const body = Array.from({ length: 300 }, () => Math.random().toString(36)).join('');
    await table.write([{ kind: 'put', item: { pk: 'p', sk: String(n), body } }]);
  }
  const byNumber = root.openDB<number, string>({ name: 'numbers', dupSort: true, encoding: 'ordered-binary' });
  root.transactionSync(() => {
    for (let n = 0; n < 5000; n += 1) byNumber.putSync(`key ${String(n % 3)}`, n);
  });
  await root.close();
}

const refusal = (): unknown => {
  try {
    void openRoot(folder).close();
    return undefined;
  } catch (error) {
    return error;
  }
};
const expectRefusal = (sentence: RegExp): void => {
  const error = refusal();
  expect(error).toBeInstanceOf(StoreError);
  expect((error as StoreError).message).toMatch(sentence);
};

describe('a store', () => {
  test('is kept over closing and opening again', async () => {
    await fill();
    const root = openRoot(folder);
    const table = lmdbTable(root, 'items');
    expect(await table.query({ pk: 'p', limit: 1000 })).toHaveLength(300);
    expect((await table.changes({ limit: 1000 })).at(-1)?.position).toBe('0000000000000300');
    await table.write([{ kind: 'put', item: { pk: 'p', sk: 'x' } }]);
    expect((await table.changes({ after: '300', limit: 9 })).map(({ position }) => Number(position))).toStrictEqual([
      301,
    ]);
    await root.close();
  });

  test('has what was written when shorter values were compressed, and programs of then read what is written now', async () => {
    const options = { path: folder, maxDbs: 64, compression: true, overlappingSync: false, cache: false } as const;
    const bodies = [500, 1_200, 3_000, 10_000, 50_000].map((length) => `${'text '.repeat(length / 5)}é`);
    const put = async (root: RootDatabase, pk: string): Promise<void> => {
      const table = lmdbTable(root, 'items');
      for (const [n, body] of bodies.entries()) await table.write([{ kind: 'put', item: { pk, sk: String(n), body } }]);
    };
    const bodiesIn = async (root: RootDatabase): Promise<unknown[]> => {
      const table = lmdbTable(root, 'items');
      const items = [...(await table.query({ pk: 'then', limit: 9 })), ...(await table.query({ pk: 'now', limit: 9 }))];
      const changed = (await table.changes({ limit: 99 })).map(({ after }) => after?.['body']);
      expect(changed).toStrictEqual(items.map(({ body }) => body));
      return changed;
    };
    await openRoot(folder).close();
    const then = open(options);
    await put(then, 'then');
    await then.close();
    const root = openRoot(folder);
    await put(root, 'now');
    expect(await bodiesIn(root)).toStrictEqual([...bodies, ...bodies]);
    await root.close();
    const old = open(options);
    expect(await bodiesIn(old)).toStrictEqual([...bodies, ...bodies]);
    await old.close();
  });

  test('is made with its folder', async () => {
    const root = openRoot(join(folder, 'a', 'b'));
    await root.close();
    expect(existsSync(join(folder, 'a', 'b', 'data.mdb'))).toBe(true);
  });

  test('finishes writes that are queued when it is closed', async () => {
    const root = openRoot(folder);
    const written = lmdbTable(root, 'items').write([{ kind: 'put', item: { pk: 'p', sk: 's' } }]);
    await root.close();
    expect(await written).toStrictEqual({ written: true });
  });

  test('of a newer format is refused, naming both formats', async () => {
    const root = openRoot(folder);
    root.putSync('format', 7);
    await root.close();
    expectRefusal(/newer version.*format 7, this one reads up to 3/);
  });

  test('that is another program’s LMDB database is refused', async () => {
    const other = open({ path: folder });
    other.putSync('something', 1);
    await other.close();
    expectRefusal(/not this server's/);
  });

  test('in a place that is a file is refused', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => openRoot(join(folder, 'file'))).toThrow(StoreError);
    expect(() => openRoot(join(folder, 'file', 'below'))).toThrow(/cannot be written/);
  });
});

describe('a damaged file is refused with a sentence, and the process lives', () => {
  beforeEach(fill);
  const file = (): string => join(folder, 'data.mdb');
  const overwrite = (from: number, to: number, byte: number): void => {
    const content = readFileSync(file());
    content.fill(byte, from, to);
    writeFileSync(file(), content);
  };

  test.each([1, 100, 4096, 5000, 8192, 40_960, 200_000])('cut off after %i bytes', (bytes) => {
    truncateSync(file(), bytes);
    expectRefusal(/damaged/);
  });
  test('cut off by one page', () => {
    truncateSync(file(), readFileSync(file()).length - 4096);
    expectRefusal(/damaged/);
  });
  test.each([
    ['its first page', 0, 4096, 0],
    ['its first page', 0, 4096, 0xff],
    ['its second page', 4096, 8192, 0x5a],
    ['all of it', 0, 1_000_000, 0x41],
  ])('%s overwritten', (_what, from, to, byte) => {
    overwrite(from, to, byte);
    expectRefusal(/damaged/);
  });
  test('a text in its place', () => {
    writeFileSync(file(), 'no database'.repeat(1000));
    expectRefusal(/does not begin as an LMDB file/);
  });
  test('and can be replaced by a good copy afterwards', async () => {
    copyFileSync(file(), join(folder, 'copy'));
    truncateSync(file(), 8192);
    expect(refusal()).toBeInstanceOf(StoreError);
    copyFileSync(join(folder, 'copy'), file());
    const root = openRoot(folder);
    expect(await lmdbTable(root, 'items').query({ pk: 'p', limit: 1000 })).toHaveLength(300);
    await root.close();
  });
  test('but not one whose last pages are free and were never written', async () => {
    const content = readFileSync(file());
    for (const page of [0, 4096]) {
      const lastPage = page + 24 + 120;
      content.writeBigUInt64LE(content.readBigUInt64LE(lastPage) + 5n, lastPage);
    }
    writeFileSync(file(), content);
    const root = openRoot(folder);
    expect(await lmdbTable(root, 'items').query({ pk: 'p', limit: 1000 })).toHaveLength(300);
    await root.close();
  });
});

describe('the lock', () => {
  const lockFile = (): string => join(folder, 'server.lock');
  const writeLock = (holder: object): void => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(lockFile(), JSON.stringify(holder));
  };

  test('keeps a second opening out, also in the same process, until the first closes', async () => {
    const root = openRoot(folder);
    expectRefusal(new RegExp(`in use by process ${String(process.pid)} on`));
    await root.close();
    expect(existsSync(lockFile())).toBe(false);
    expect(refusal()).toBeUndefined();
  });

  test('of a running process is respected, and taken over when it has ended', async () => {
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    writeLock({ pid: other.pid, host: hostname() });
    expectRefusal(new RegExp(`in use by process ${String(other.pid)} on`));
    await new Promise((resolve) => {
      other.on('exit', resolve);
      other.kill('SIGKILL');
    });
    expect(refusal()).toBeUndefined();
  });

  test.each([
    ['an earlier process of this number', { pid: process.pid, host: hostname(), started: '1' }],
    ['an earlier process of a number that runs again', { pid: process.ppid, host: hostname(), started: '1' }],
  ])('of %s is taken over', (_who, holder) => {
    if (!existsSync('/proc/self/stat') && holder.pid !== process.pid) return; // no start times on this system
    writeLock(holder);
    expect(refusal()).toBeUndefined();
  });

  test('that was cut short by a crash is taken over', () => {
    writeFileSync(lockFile(), '{"pid":1');
    expect(refusal()).toBeUndefined();
  });

  test('of another host is respected: it cannot be asked', () => {
    writeLock({ pid: 1, host: 'elsewhere' });
    expectRefusal(/process 1 on elsewhere\. End that one first; if it no longer runs, remove .*server\.lock/);
  });

  test('is given free when opening fails', () => {
    writeFileSync(join(folder, 'data.mdb'), 'x'.repeat(10_000));
    expect(refusal()).toBeInstanceOf(StoreError);
    expect(existsSync(lockFile())).toBe(false);
  });
});
