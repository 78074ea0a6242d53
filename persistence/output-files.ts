import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskSpace } from './disk-space.js';
import { flushFolder } from './filesystem.js';
import type { OutputKey, OutputStore } from './output-store.js';

/**
 * Files of jobs in a folder for each job. A file that is open has another name, so that nobody takes it for a whole one.
 * @param folder made when the first file comes.
 * @param space of the disk that the folder is on; without it a full one is met by the file that finds it full.
 */
export function outputFiles(folder: string, space?: DiskSpace): OutputStore {
  const written = async <Result>(bytes: number, write: () => Promise<Result>): Promise<Result> => {
    space?.require(bytes);
    try {
      return await write();
    } catch (error) {
      throw space?.failed(error) ?? error;
    }
  };
  const pathOf = ({ job, name }: OutputKey): string => join(folder, job, name);
  return {
    async create(key) {
      const openName = `${pathOf(key)}.open`;
      const handle = await written(0, async () => {
        await mkdir(join(folder, key.job), { recursive: true });
        return open(openName, 'w');
      });
      return {
        append: (text) => written(Buffer.byteLength(text), () => handle.appendFile(text, 'utf8')),
        close: () =>
          written(0, async () => {
            await handle.sync();
            await handle.close();
            await rename(openName, pathOf(key));
            await flushFolder(join(folder, key.job));
          }),
        async abandon() {
          await handle.close();
          await rm(openName, { force: true });
        },
      };
    },
    async read(key) {
      try {
        const { size } = await stat(pathOf(key));
        return { bytes: size, stream: createReadStream(pathOf(key)) };
      } catch (error) {
        if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT') return undefined;
        throw error;
      }
    },
    // A worker that does not know yet that its job is cancelled may put a file there meanwhile.
    remove: (job) => rm(join(folder, job), { recursive: true, force: true, maxRetries: 10, retryDelay: 5 }),
  };
}
