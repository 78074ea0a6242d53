import type { Tenant } from '../fhir/tenant.js';
import { mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BodyKey, bodyPath, type BodyStore, keyOfBodyPath, type KeptBody, tenantPath } from './body-store.js';

/**
 * Bodies as files, in a folder per tenant and type. A file is written in place: nobody reads it before an item refers
 * to it.
 * @param folder made when the first body comes.
 */
export function filesystemBodies(folder: string): BodyStore {
  const fileOf = (key: BodyKey): string => join(folder, bodyPath(key));

  async function* list(tenant: Tenant): AsyncGenerator<KeptBody> {
    const ofTenant = tenantPath(tenant);
    for (const type of await namesIn(join(folder, ofTenant))) {
      for (const name of await namesIn(join(folder, ofTenant, type))) {
        const key = keyOfBodyPath(`${ofTenant}/${type}/${name}`);
        const found = key && (await orNone(stat(fileOf(key))));
        if (key !== undefined && found !== undefined) yield { key, storedAt: found.mtimeMs };
      }
    }
  }

  return {
    async put(key, body) {
      const file = fileOf(key);
      await mkdir(dirname(file), { recursive: true });
      await writeDurably(file, body);
      await flushFolder(dirname(file));
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
export async function flushFolder(folder: string): Promise<void> {
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
export async function orNone<Result>(call: Promise<Result>): Promise<Result | undefined> {
  try {
    return await call;
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
