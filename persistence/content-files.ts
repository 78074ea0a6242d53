import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { link, mkdir, open, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { conflict } from '../fhir/outcome.js';
import type { DiskSpace } from './disk-space.js';
import { type ByteRange, contentRoute, type ContentFiles, type ContentStore } from './content-store.js';
import { flushFolder, orNone } from './filesystem.js';
import { isContentPath, openSignedUrl, signUrl } from './signed-url.js';

/**
 * Contents as files of a folder, whose URLs this server signs and answers. One process at a time.
 * @param folder made if it is not there; what was being written when a process was killed is removed from it.
 * @param key 32 bytes that URLs are signed with.
 * @param space of the disk that the folder is on; without it a full one is met by the content that finds it full.
 */
export function contentFiles(
  folder: string,
  key: Uint8Array,
  space?: DiskSpace,
): ContentStore & { readonly files: ContentFiles } {
  const parts = join(folder, 'parts');
  rmSync(parts, { recursive: true, force: true });
  mkdirSync(parts, { recursive: true });

  function fileOf(path: string): string {
    if (!isContentPath(path)) throw new Error(`${path} is no path of a content`);
    return join(folder, 'kept', path);
  }

  async function write(path: string, content: Readable): Promise<void> {
    const file = fileOf(path);
    const part = join(parts, randomUUID());
    try {
      const sink = createWriteStream(part, { flags: 'wx', flush: true });
      await (space === undefined ? pipeline(content, sink) : pipeline(content, space.watched(), sink));
      await mkdir(dirname(file), { recursive: true });
      await link(part, file);
      await flushFolder(dirname(file));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw space?.failed(error) ?? error;
      if (!(await digestOf(part)).equals(await digestOf(file))) throw conflict('Another content is there already');
    } finally {
      await rm(part, { force: true });
    }
  }

  async function read(path: string, range?: ByteRange): Promise<Readable | undefined> {
    const handle = await orNone(open(fileOf(path)));
    return handle?.createReadStream(range === undefined ? {} : { start: range.from, end: range.to });
  }

  const base = (baseUrl: string): string => `${baseUrl}/${contentRoute}`;
  return {
    async head(path) {
      const found = await orNone(stat(fileOf(path)));
      return found?.isFile() === true ? { size: found.size } : undefined;
    },
    delete: (path) => rm(fileOf(path), { force: true }),
    uploadUrl: ({ baseUrl, ...terms }) => Promise.resolve(signUrl(key, base(baseUrl), { method: 'PUT', ...terms })),
    downloadUrl: ({ baseUrl, ...terms }) => Promise.resolve(signUrl(key, base(baseUrl), { method: 'GET', ...terms })),
    files: { open: (method, target, now) => openSignedUrl(key, method, target, now), write, read },
  };
}

async function digestOf(file: string): Promise<Buffer> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest();
}
