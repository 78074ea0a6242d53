import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { BodyStore } from '../../persistence/body-store.js';
import { s3Client } from '../../persistence/s3/client.js';
import { s3Bodies } from '../../persistence/s3.js';
import { defaultTenant } from '../../persistence/keys.js';

// What an S3 of one's own never does: fail, be busy, break off.

const key = { tenant: defaultTenant, type: 'Patient', id: 'a', versionId: 1, commitId: 'c' };
const xml = (code: string): string => `<Error><Code>${code}</Code><Message>not for clients</Message></Error>`;

let answer: (response: ServerResponse) => void;
let bodies: BodyStore;
let close: () => Promise<void>;
beforeEach(async () => {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = s3Client({ endpoint: `http://127.0.0.1:${String(port)}`, region: 'us-east-1', attempts: 1 });
  bodies = s3Bodies(client, 'bodies', 'r4');
  close = async () => {
    client.destroy();
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
});
afterEach(() => close());

const listed = async (): Promise<number> => {
  let found = 0;
  for await (const body of bodies.list(defaultTenant)) found += body.key.versionId;
  return found;
};
const calls: readonly (readonly [string, () => Promise<unknown>])[] = [
  ['put', () => bodies.put(key, '{}')],
  ['get', () => bodies.get(key)],
  ['delete', () => bodies.delete(key)],
  ['list', listed],
];
const outage = { status: 503, issues: [{ code: 'transient' }] };

test.each(calls)(
  '%s: an S3 that asks to slow down, or fails, is told as 503, without what it said',
  async (_, call) => {
    for (const [status, code] of [
      [503, 'SlowDown'],
      [500, 'InternalError'],
    ] as const) {
      answer = (response) => response.writeHead(status, { 'content-type': 'application/xml' }).end(xml(code));
      const failure: unknown = await call().catch((error: unknown) => error);
      expect(failure).toMatchObject(outage);
      expect(String(failure)).not.toContain('not for clients');
    }
  },
);

test.each(['ECONNREFUSED', 'ENOTFOUND', 'TimeoutError'])(
  'an S3 that is not there (%s) is told as 503',
  async (code) => {
    // The errors of Node's own sockets are none of this realm's, and the SDK wraps them.
    const failed = Object.assign(new Error('not for clients'), code === 'TimeoutError' ? { name: code } : { code });
    const client = { send: () => Promise.reject(failed) } as unknown as S3Client;
    await expect(s3Bodies(client, 'bodies', 'r4').put(key, '{}')).rejects.toMatchObject(outage);
  },
);

test('a body that breaks off is told as 503, never given in part', async () => {
  answer = (response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('{"resourceType":', () => response.destroy());
  };
  await expect(bodies.get(key)).rejects.toMatchObject(outage);
});

test('a body that is not there is none; a refusal is an error that is no outage', async () => {
  answer = (response) => response.writeHead(404, { 'content-type': 'application/xml' }).end(xml('NoSuchKey'));
  expect(await bodies.get(key)).toBeUndefined();
  answer = (response) => response.writeHead(403, { 'content-type': 'application/xml' }).end(xml('AccessDenied'));
  await expect(bodies.get(key)).rejects.toMatchObject({ name: 'AccessDenied' });
});
