import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { type FileLine, linesOf } from '../../bulk/lines.js';
import type { Resolve } from '../../persistence/guarded-request.js';
import { webFiles } from '../../persistence/web-files.js';

let web: Server;
let port: number;
const asked: string[] = [];
/** Files by their names, the content encodings that are said of them, and their bytes. */
const encoded: readonly (readonly [name: string, encoding: string, bytes: Buffer])[] = [
  ['gzip', 'gzip', gzipSync('lines')],
  ['x-gzip', 'X-GZIP', gzipSync('lines')],
  ['deflate', 'deflate', deflateSync('lines')],
  ['brotli', 'br', brotliCompressSync('lines')],
  ['identity', 'identity', Buffer.from('lines')],
  ['part-gzip', 'gzip', gzipSync('lines')],
  ['part-brotli', 'br', brotliCompressSync('lines')],
  ['no-gzip', 'gzip', Buffer.from('lines of a file')],
  ['no-brotli', 'br', Buffer.from('hello world, this is no brotli {}')],
  ['raw-deflate', 'deflate', deflateRawSync('lines of a file')],
  ['half', 'gzip', gzipSync('lines of a file').subarray(0, 15)],
  ['zstd', 'zstd', Buffer.from('lines')],
  ['twice', 'gzip, br', brotliCompressSync(gzipSync('lines'))],
  ['bomb-gzip', 'gzip', gzipSync(Buffer.alloc(48 * 2 ** 20))],
  [
    'bomb-brotli',
    'br',
    brotliCompressSync(Buffer.alloc(48 * 2 ** 20), { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
  ],
];
beforeAll(async () => {
  web = createServer(({ url = '', headers }, response) => {
    asked.push(url);
    const [, encoding, bytes] = encoded.find(([name]) => url === `/${name}`) ?? [];
    if (encoding !== undefined) {
      const isPart = headers.range !== undefined && url.startsWith('/part');
      const body = isPart ? bytes?.subarray(2) : bytes;
      response.writeHead(isPart ? 206 : 200, { 'content-encoding': encoding }).end(body);
    } else if (url.startsWith('/ranges')) {
      const [, from = '0'] = /^bytes=([0-9]+)-$/.exec(headers.range ?? '') ?? [];
      const body = url === '/ranges-gzip' ? gzipSync('lines'.repeat(1_000)) : Buffer.from('lines');
      const size = `bytes */${String(body.length)}`;
      if (headers.range === undefined) {
        response.writeHead(200, url === '/ranges-gzip' ? { 'content-encoding': 'gzip' } : {}).end(body);
      } else if (Number(from) >= body.length) response.writeHead(416, { 'content-range': size }).end();
      else response.writeHead(206).end(body.subarray(Number(from)));
    } else if (url === '/long') {
      for (let part = 0; part < 20; part += 1) response.write(Buffer.alloc(100_000, 'x'));
      response.end('lines');
    } else if (url === '/elsewhere') response.writeHead(307, { location: '/file' }).end();
    else response.end('lines');
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  ({ port } = web.address() as AddressInfo);
});
afterAll(async () => {
  web.closeAllConnections();
  await new Promise((resolve) => web.close(resolve));
});

/** A lookup by which every name has these addresses. */
function naming(addresses: readonly string[]): { readonly lookup: Resolve; readonly names: string[] } {
  const names: string[] = [];
  const lookup = (name: string, _: object, callback: (error: null, addresses: object[]) => void): void => {
    names.push(name);
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return { lookup: lookup as unknown as Resolve, names };
}
const urlOf = (host: string, path = '/file'): string => `http://${host}:${String(port)}${path}`;

test.each([
  ['127.0.0.1'],
  ['127.8.9.1'],
  ['0.0.0.0'],
  ['169.254.169.254'],
  ['::1'],
  ['::'],
  ['::ffff:127.0.0.1'],
  ['::ffff:a9fe:a9fe'],
  ['::7f00:1'],
  ['fe80::1'],
  ['fd00:ec2::254'],
  ['fd00:ec2::23'],
  ['fd20:ce::254'],
  ['100.100.100.200'],
  ['64:ff9b::100.100.100.200'],
  // IPv4 addresses in what networks translate: NAT64, SIIT, 6to4, and prefixes of a network's own.
  ['64:ff9b::7f00:1'],
  ['64:ff9b::169.254.169.254'],
  ['::ffff:0:127.0.0.1'],
  ['::ffff:0:a9fe:a9fe'],
  ['2002:7f00:1::1'],
  ['2002:a9fe:a9fe::'],
  ['64:ff9b:1::a00:1'],
  ['64:ff9b:1:a9fe:a9:fe00::'],
  ['192.168.1.1', '127.0.0.1'],
])('a name that is the address %s is not asked', async (...addresses) => {
  const { lookup, names } = naming(addresses);
  const files = webFiles(lookup);
  asked.length = 0;
  await expect(files.open(urlOf('files.example.org'), 0)).rejects.toMatchObject({ status: 400 });
  expect(await files.size(urlOf('files.example.org'))).toBeUndefined();
  expect(asked).toEqual([]);
  expect(new Set(names)).toEqual(new Set(['files.example.org']));
});

test('this machine is asked where the source itself says so, by its name or address', async () => {
  for (const host of ['localhost', '127.0.0.1']) {
    expect(await text(await webFiles().open(urlOf(host), 0))).toBe('lines');
  }
});

test('no redirection is followed', async () => {
  asked.length = 0;
  await expect(webFiles().open(urlOf('127.0.0.1', '/elsewhere'), 0)).rejects.toThrow('it answers 307');
  expect(asked).toEqual(['/elsewhere']);
});

const open = (path: string, from = 0): Promise<Readable> => webFiles().open(urlOf('127.0.0.1', path), from);

test.each(['gzip', 'x-gzip', 'deflate', 'brotli', 'identity', 'part-gzip', 'part-brotli'])(
  'what a server compresses all the same is read as it is, the rest of it as well: %s',
  async (name) => {
    expect(await text(await open(`/${name}`))).toBe('lines');
    expect(await text(await open(`/${name}`, 2))).toBe('nes');
  },
);

test.each([
  ['an end that nothing is behind', '/ranges', 5, ''],
  ['a place behind the end of what is compressed', '/ranges-gzip', 4_995, 'lines'],
])('a server with ranges that has none at a place is asked for the whole: %s', async (_, path, from, rest) => {
  expect(await text(await open(path, from))).toBe(rest);
});

test('a file that became shorter is told so, and is not taken for one that was read to its end', async () => {
  for (const path of ['/file', '/ranges']) {
    await expect(text(await open(path, 6))).rejects.toMatchObject({ status: 400, message: /is shorter than it was/ });
  }
});

test('while what was read before is passed over, something comes', async () => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await open('/long', 2_000_000)) chunks.push(chunk as Uint8Array);
  expect(chunks.length).toBeGreaterThan(10);
  expect(Buffer.concat(chunks).toString()).toBe('lines');
  // Whoever holds on to what comes does not hold what was passed over.
  const held = new Set(chunks.filter(({ length }) => length === 0).map(({ buffer }) => buffer));
  expect([...held].map(({ byteLength }) => byteLength)).toEqual([0]);
});

test.each(['zstd', 'twice'])('an encoding that is not known is told by its name: %s', async (name) => {
  const encoding = encoded.find((each) => each[0] === name)?.[1] ?? '';
  const known = 'known are gzip, x-gzip, deflate, br';
  const why = `${urlOf('127.0.0.1', `/${name}`)} has the content encoding "${encoding}"; ${known}`;
  await expect(open(`/${name}`)).rejects.toMatchObject({ status: 400, message: why });
});

test.each(['no-gzip', 'no-brotli', 'raw-deflate'])(
  'what is not compressed as is said of it is told so, and is not tried again: %s',
  async (name) => {
    const why = `${urlOf('127.0.0.1', `/${name}`)} is not compressed as its content encoding says`;
    await expect(text(await open(`/${name}`))).rejects.toMatchObject({ status: 400, message: why });
  },
);

test('what breaks off while it is decompressed is no wrong encoding: it may be had later', async () => {
  await expect(text(await open('/half'))).rejects.not.toHaveProperty('status');
});

test.each(['bomb-gzip', 'bomb-brotli'])(
  'of a small file that becomes a large one, little is in memory: %s',
  async (name) => {
    const before = process.memoryUsage().arrayBuffers;
    const stream = await open(`/${name}`);
    // Whoever reads it does nothing with it for a while.
    await once(stream, 'readable');
    for (let turns = 0; turns < 200; turns += 1) await new Promise(setImmediate);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 2 ** 20);
    const lines: FileLine[] = [];
    for await (const line of linesOf(stream, 0, 2 ** 20)) lines.push(line);
    expect(lines).toEqual([{ text: undefined, wrong: 'length', end: 48 * 2 ** 20 }]);
  },
);
