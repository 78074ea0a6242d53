import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { createJobs } from '../../bulk/jobs.js';
import { importKind, type ImportSizes } from '../../bulk/import-segment.js';
import { type JobSpace, workSegment } from '../../bulk/work-segment.js';
import { percentOf } from '../../interactions/jobs/percent.js';
import { webFiles } from '../../persistence/web-files.js';
import type { InputSource } from '../../persistence/input-source.js';
import { jobItems } from '../../persistence/job.js';
import { defaultTenant } from '../../persistence/keys.js';
import { memoryOutput } from '../support/memory-output.js';
import { memoryTable } from '../support/memory-table.js';
import { callerOf, startTestServer, type TestServer } from '../support/server.js';

// How far an import is: by the bytes of its files, while they are read.

let server: TestServer;
let web: Server;
beforeAll(async () => {
  server = await startTestServer();
  web = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://x');
    const part = /^bytes=0-0$/.test(request.headers.range ?? '');
    if (pathname === '/gone') response.writeHead(404).end();
    else if (pathname === '/whole') response.writeHead(200, { 'content-length': 3 }).end('abc');
    else if (part && pathname === '/empty') response.writeHead(416, { 'content-range': 'bytes */0' }).end();
    else if (part) response.writeHead(206, { 'content-range': 'bytes 0-0/1234' }).end('a');
    else response.writeHead(200).end();
  }).listen(0, '127.0.0.1');
  await once(web, 'listening');
});
afterAll(async () => {
  web.closeAllConnections();
  web.close();
  await server.close();
});

const lineOf = (file: string, at: number): string =>
  `${JSON.stringify({ resourceType: 'Patient', id: `${file}-${String(at).padStart(2, '0')}`, active: true })}\n`;
/** Lines of equal length: four of five are in the first file. */
const files: Readonly<Record<string, Buffer>> = {
  a: Buffer.from(Array.from({ length: 40 }, (_, at) => lineOf('a', at)).join('')),
  b: Buffer.from(Array.from({ length: 10 }, (_, at) => lineOf('b', at)).join('')),
};

const importing = (source: InputSource, sizes: ImportSizes): JobSpace => ({
  items: jobItems(memoryTable(), defaultTenant),
  output: memoryOutput(),
  kinds: { import: importKind(server.servers.r4, () => source, sizes) },
  now: Date.now,
  onProblem: () => undefined,
});

test.each([
  ['the process ends', 'left', 'running'],
  ['the import is cancelled', 'taken', undefined],
] as const)('a file that never ends holds up nothing when %s', async (what, became, state) => {
  const caller = callerOf('practitioner');
  const ending = new AbortController();
  let isAsked = (): void => undefined;
  const asked = new Promise<void>((resolve) => (isAsked = resolve));
  const source: InputSource = {
    size: () => Promise.resolve(undefined),
    open: () => {
      isAsked();
      return Promise.resolve(new Readable({ read: () => undefined }));
    },
  };
  const space: JobSpace = { ...importing(source, { look: 1 }), signal: ending.signal };
  const jobs = createJobs(space, { onBegun: () => undefined });
  const input = { ...caller, inputSource: 'x', files: [{ type: 'Patient', url: 'x' }], conditionalCreate: false };
  const id = await jobs.begin({ kind: 'import', principal: caller.principal, request: 'x', input, segments: 1 });
  const worked = workSegment(space, id, 0);
  await asked;
  if (what === 'the process ends') ending.abort();
  else await jobs.cancel(id);
  expect(await worked).toBe(became);
  expect((await jobs.read(id))?.job.state).toBe(state);
});

/** Works on the files turn by turn. @returns how much was done, as clients are told, after each turn. */
async function percents(urls: readonly string[], size: InputSource['size']): Promise<readonly number[]> {
  const caller = callerOf('practitioner');
  const source: InputSource = {
    size,
    open: (url, from) => Promise.resolve(Readable.from([(files[url] ?? Buffer.from('')).subarray(from)])),
  };
  const space = importing(source, { lines: 10 });
  const jobs = createJobs(space, { onBegun: () => undefined });
  const input = {
    ...caller,
    inputSource: 'x',
    files: urls.map((url) => ({ type: 'Patient', url })),
    conditionalCreate: false,
  };
  const segments = urls.length;
  const id = await jobs.begin({ kind: 'import', principal: caller.principal, request: 'x', input, segments });
  const told: number[] = [];
  for (let segment = 0; segment < segments;) {
    const became = await workSegment(space, id, segment, () => true);
    const progress = await jobs.read(id);
    if (progress !== undefined) told.push(percentOf(progress));
    if (became === 'done') segment += 1;
  }
  return told;
}

const sizeOf = (url: string): Promise<number | undefined> => Promise.resolve(files[url]?.length);

test('an import is as far as the bytes of its files are, the large one more than the small one', async () => {
  expect(await percents(['a', 'b'], sizeOf)).toEqual([20, 40, 60, 80, 80, 99, 100]);
});

test('a file of unknown size counts as much as the others on average, once it is done', async () => {
  const told = await percents(['a', 'b'], (url) => Promise.resolve(url === 'a' ? files['a']?.length : undefined));
  expect(told).toEqual([12, 25, 37, 50, 50, 50, 100]);
});

test('sizes that cannot be asked for keep no import from being done', async () => {
  const told = await percents(['a', 'b'], () => Promise.reject(new Error('not now')));
  expect([told[0], told.at(-1)]).toEqual([0, 100]);
});

test.each([
  ['that gives ranges', '/ranges', 1234],
  ['that gives none', '/whole', 3],
  ['whose file is empty', '/empty', 0],
  ['that has no such file', '/gone', undefined],
])('a web server %s tells the size of a file', async (_, path, size) => {
  const { port } = web.address() as AddressInfo;
  expect(await webFiles().size(`http://127.0.0.1:${String(port)}${path}`)).toBe(size);
});
