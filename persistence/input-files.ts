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
    const path = await realpath(fileURLToPath(url)).catch(() => undefined);
    const found = path === undefined ? undefined : await stat(path);
    const isInside = path !== undefined && (await realSources(sources)).some((each) => path.startsWith(each));
    if (path === undefined || !isInside || found?.isFile() !== true) throw invalidRequest(`There is no file ${url}`);
    return createReadStream(path, { start: from });
  },
});

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
};

async function request(url: string, from: number): Promise<Response> {
  const abort = new AbortController();
  const timer = setTimeout(() => {
    abort.abort();
  }, patience);
  // Bytes are counted as they are in the file.
  const headers = { 'accept-encoding': 'identity', ...(from === 0 ? {} : { range: `bytes=${String(from)}-` }) };
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
