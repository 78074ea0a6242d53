import { createServer, request } from 'node:http';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, test } from '@jest/globals';
import express from 'express';
import { contentFiles } from '../../persistence/content-files.js';
import type { ContentStore } from '../../persistence/content-store.js';
import { isOfContent, serveContent } from '../../rest/content.js';
import { describeContentStore, type ServedStore } from '../contract/content-store.js';
import { temporaryFolder } from './temporary-root.js';

const key = Buffer.alloc(32, 1);
const log = {
  error: (fields: unknown) => {
    throw new Error(JSON.stringify(fields));
  },
};

async function served(folder: string): Promise<ServedStore> {
  const contents = contentFiles(folder, key);
  const app = express();
  app.use('/r4', async (http, response) => {
    expect(isOfContent(http.url)).toBe(true);
    await serveContent({ contents, files: contents.files, now: Date.now }, log, http, response);
  });
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    contents,
    behind: (): ContentStore => contents, // whoever signs, the one that answers looks at the clock
    baseUrl: `http://127.0.0.1:${String(typeof address === 'object' ? address?.port : 0)}/r4`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true });
    },
  };
}

describeContentStore('files', () => served(temporaryFolder()));

test('an upload that breaks off leaves nothing', async () => {
  const folder = temporaryFolder();
  const { contents, baseUrl, close } = await served(folder);
  const path = '_-/Binary/a~1';
  const url = await contents.uploadUrl({ path, contentType: 'text/plain', expires: Date.now() + 60_000, baseUrl });
  await new Promise<void>((resolve) => {
    const headers = { 'content-type': 'text/plain', 'content-length': '1000' };
    const sending = request(url, { method: 'PUT', headers });
    sending.on('error', () => {
      resolve();
    });
    sending.write('only this', () => sending.destroy());
  });
  while (readdirSync(join(folder, 'parts')).length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(await contents.head(path)).toBeUndefined();
  await close();
});

test('what a killed process was writing is removed at the next start, what it kept is not', async () => {
  const folder = temporaryFolder();
  await contentFiles(folder, key).files.write('_-/a', Readable.from(['kept']));
  mkdirSync(join(folder, 'parts'), { recursive: true });
  writeFileSync(join(folder, 'parts', 'left'), 'half');
  const again = contentFiles(folder, key);
  expect(readdirSync(join(folder, 'parts'))).toEqual([]);
  expect(await again.head('_-/a')).toEqual({ size: 4 });
  rmSync(folder, { recursive: true });
});
