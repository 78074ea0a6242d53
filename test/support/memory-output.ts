import { Readable } from 'node:stream';
import type { OutputStore } from '../../persistence/output-store.js';

/** Files in memory; what was closed is there. */
export function memoryOutput(): OutputStore & { readonly files: Map<string, string> } {
  const files = new Map<string, string>();
  return {
    files,
    create({ job, name }) {
      let content = '';
      return Promise.resolve({
        append: (more) => Promise.resolve(void (content += more)),
        close: () => Promise.resolve(void files.set(`${job}/${name}`, content)),
        abandon: () => Promise.resolve(),
      });
    },
    read({ job, name }) {
      const content = files.get(`${job}/${name}`);
      if (content === undefined) return Promise.resolve(undefined);
      return Promise.resolve({ bytes: Buffer.byteLength(content), stream: Readable.from([content]) });
    },
    remove(job) {
      for (const key of files.keys()) if (key.startsWith(`${job}/`)) files.delete(key);
      return Promise.resolve();
    },
  };
}
