import { mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { BodyKey, BodyStore, KeptBody } from './body-store.js';

/**
 * Bodies as files: `_<tenant>/<type>/<id>~<version>~<commit>`. No part holds a `~`, and none alone is a name, so that an
 * id of two dots leads nowhere else. A file is written in place: nobody reads it before an item refers to it.
 * @param folder made when the first body comes.
 */
export function filesystemBodies(folder: string): BodyStore {
  const folderOf = ({ tenant, type }: BodyKey): string => join(folder, `_${tenant}`, type);
  const fileOf = (key: BodyKey): string => join(folderOf(key), `${key.id}~${String(key.versionId)}~${key.commitId}`);

  async function* list(tenant: string): AsyncGenerator<KeptBody> {
    const root = join(folder, `_${tenant}`);
    for (const type of await namesIn(root)) {
      for (const name of await namesIn(join(root, type))) {
        const [, id, versionId, commitId] = /^([^~]+)~([0-9]+)~([^~]+)$/.exec(name) ?? [];
        if (id === undefined || versionId === undefined || commitId === undefined) continue;
        const found = await orNone(stat(join(root, type, name)));
        if (found === undefined) continue;
        yield { key: { tenant, type, id, versionId: Number(versionId), commitId }, storedAt: found.mtimeMs };
      }
    }
  }

  return {
    async put(key, body) {
      await mkdir(folderOf(key), { recursive: true });
      await writeDurably(fileOf(key), body);
      await flushFolder(folderOf(key));
    },
    get: (key) => orNone(readFile(fileOf(key), 'utf8')),
    delete: (key) => rm(fileOf(key), { force: true }),
    list,
  };
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, 'w');
  try {
    await handle.writeFile(text, 'utf8');
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A file's name is durable when its folder is; where folders cannot be flushed (Windows) they need not be. */
async function flushFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const namesIn = async (folder: string): Promise<readonly string[]> => (await orNone(readdir(folder))) ?? [];

/** What a call gives; undefined where the file or folder is not there. */
async function orNone<Result>(call: Promise<Result>): Promise<Result | undefined> {
  try {
    return await call;
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
