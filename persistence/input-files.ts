import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { invalidRequest } from '../fhir/outcome.js';
import type { InputSource } from './input-source.js';

/**
 * Files of this machine, by URLs that begin with `file:`. A link counts as what it leads to: one that leads out of the
 * sources, whoever made it, is as if it were not there.
 * @param sources URLs of folders, or files, or what those begin with.
 */
export const localFiles = (sources: readonly string[]): InputSource => ({
  async open(url, from) {
    const found = await fileInside(sources, url);
    if (found === undefined) throw invalidRequest(`There is no file ${url}`);
    return createReadStream(found.path, { start: from });
  },
  size: async (url) => (await fileInside(sources, url))?.size,
});

/** A file that is in the sources; undefined when there is none. */
async function fileInside(
  sources: readonly string[],
  url: string,
): Promise<{ readonly path: string; readonly size: number } | undefined> {
  const path = await realpath(fileURLToPath(url)).catch(() => undefined);
  if (path === undefined || !(await realSources(sources)).some((each) => path.startsWith(each))) return undefined;
  const found = await stat(path);
  return found.isFile() ? { path, size: found.size } : undefined;
}

/** What the paths of files begin with that are in the sources, as they are without links. */
async function realSources(sources: readonly string[]): Promise<readonly string[]> {
  const files = sources.filter((each) => each.startsWith('file:'));
  return Promise.all(
    files.map(async (each) => {
      const path = fileURLToPath(each);
      // What is behind the last slash may be a part of a name.
      const folder = path.slice(0, path.lastIndexOf(sep) + 1);
      const real = await realpath(folder).catch(() => folder);
      return `${real.endsWith(sep) ? real : `${real}${sep}`}${path.slice(folder.length)}`;
    }),
  );
}
