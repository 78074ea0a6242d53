import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { sep } from 'node:path';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { fileURLToPath } from 'node:url';
import { invalidRequest, unavailable } from '../fhir/outcome.js';
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

/** How long a server may take until it begins to answer, in milliseconds. */
const patience = 30_000;

/** Files of web servers. Redirects are not followed: they may lead to other places than were allowed. */
export const webFiles: InputSource = {
  async open(url, from) {
    const answer = await request(url, from);
    const { status, body } = answer;
    if (status >= 500 || status === 429) throw unavailable(`${shown(url)} answers ${String(status)} for now`);
    if (body === null || (status !== 200 && status !== 206)) {
      throw invalidRequest(`${shown(url)} cannot be read: it answers ${String(status)}`);
    }
    const stream = Readable.fromWeb(body as ReadableStream<Uint8Array>);
    return status === 206 || from === 0 ? stream : Readable.from(without(stream, from));
  },
  /** Asked by a range: what signs URLs signs them for GET. */
  async size(url) {
    const answer = await request(url, 0, 0).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer === undefined || ![200, 206, 416].includes(answer.status)) return undefined;
    const told = answer.status === 200 ? answer.headers.get('content-length') : answer.headers.get('content-range');
    const size = /(?:^|\/)([0-9]+)$/.exec(told ?? '')?.[1];
    return size === undefined ? undefined : Number(size);
  },
};

async function request(url: string, from: number, to?: number): Promise<Response> {
  const abort = new AbortController();
  const timer = setTimeout(() => {
    abort.abort();
  }, patience);
  // Bytes are counted as they are in the file.
  const isPart = from > 0 || to !== undefined;
  const range = isPart ? { range: `bytes=${String(from)}-${String(to ?? '')}` } : {};
  const headers = { 'accept-encoding': 'identity', ...range };
  try {
    return await fetch(url, { headers, redirect: 'manual', signal: abort.signal });
  } catch {
    throw unavailable(`${shown(url)} does not answer for now`);
  } finally {
    clearTimeout(timer);
  }
}

/** A URL without its query, which may be a signature. */
const shown = (url: string): string => url.split('?')[0] ?? '';

/** What is behind the first bytes, of a server that gives no ranges. */
async function* without(stream: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const chunk of stream) {
    if (left < chunk.length) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}
