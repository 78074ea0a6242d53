import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import type { Resolve } from '../../persistence/guarded-request.js';
import { webFiles } from '../../persistence/web-files.js';

let web: Server;
let port: number;
const asked: string[] = [];
beforeAll(async () => {
  web = createServer(({ url = '' }, response) => {
    asked.push(url);
    if (url === '/gzip') response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('lines'));
    else if (url === '/elsewhere') response.writeHead(307, { location: '/file' }).end();
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

test('what a server compresses all the same is read as it is', async () => {
  expect(await text(await webFiles().open(urlOf('127.0.0.1', '/gzip'), 0))).toBe('lines');
  expect(await text(await webFiles().open(urlOf('127.0.0.1', '/gzip'), 2))).toBe('nes');
});
