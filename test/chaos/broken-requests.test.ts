import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { rawRequest } from './support/rest-requests.js';
import { type ServerProcess, startServerProcess } from './support/server-process.js';

// Bytes that are no whole request, or that two servers would read as different ones.

let server: ServerProcess;
let token: string;
beforeAll(async () => {
  server = await startServerProcess();
  token = server.token('practitioner');
});
afterAll(() => server.close());

/**
 * Sends bytes and nothing more.
 * @param ends whether the client says that nothing more comes; otherwise the server closes the connection.
 * @returns the status of each answer that came.
 */
function sendAll(bytes: Buffer, ends: boolean): Promise<readonly number[]> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(server.port, '127.0.0.1');
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      const text = Buffer.concat(chunks).toString('latin1');
      resolve([...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)));
    });
    if (ends) socket.end(bytes);
    else socket.write(bytes);
  });
}

const patient = '{"resourceType":"Patient"}';
const hidden = 'GET /r4/metadata HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
const json = 'Content-Type: application/fhir+json\r\n';
const head = (line: string, headers: string, body = ''): string =>
  `${line} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\n${headers}\r\n${body}`;
const post = (target: string, headers: string, body: string): string => head(`POST ${target}`, json + headers, body);

/** Targets of each face, and of what reads bodies in ways of its own. */
const targets = ['/r4/Patient', '/stu3', '/r4/Binary', '/r4/graphql', '/stu3/$graphql', '/sign-in/oauth2/token'];

test.each<[string, (target: string) => string | Buffer]>([
  ['a chunked body that ends early', (to) => post(to, 'Transfer-Encoding: chunked\r\n', `5\r\n{"res`)],
  ['a chunk of no length', (to) => post(to, 'Transfer-Encoding: chunked\r\n', `zz\r\n${patient}\r\n0\r\n\r\n`)],
  ['a chunk without end', (to) => post(to, 'Transfer-Encoding: chunked\r\n', `ffffffffffffffff\r\n${patient}`)],
  ['a body that ends early', (to) => post(to, 'Content-Length: 1000\r\n', patient)],
  [
    'a body that ends early, within gzip',
    (to) =>
      Buffer.concat([
        Buffer.from(post(to, 'Content-Encoding: gzip\r\nContent-Length: 40\r\n', '')),
        gzipSync(patient.repeat(9)).subarray(0, 20),
      ]),
  ],
  ['what is no gzip', (to) => post(to, `Content-Encoding: gzip\r\nContent-Length: 26\r\n`, patient)],
  ['a header that ends early', (to) => post(to, 'X: ', '').slice(0, -4)],
  ['headers that are too many bytes', (to) => post(to, `X: ${'x'.repeat(200_000)}\r\nContent-Length: 0\r\n`, '')],
  ['headers that are too many', (to) => post(to, `${'X: x\r\n'.repeat(5_000)}Content-Length: 0\r\n`, '')],
  ['no HTTP', () => '\u0000\u0001\u0002\r\n\r\n'],
])('%s is no failure of the server', async (_, made) => {
  for (const target of targets) {
    const statuses = await sendAll(Buffer.from(made(target)), true);
    expect(statuses.filter((status) => status >= 500)).toEqual([]);
  }
  const { status } = await server.send(rawRequest({ method: 'GET', target: '/r4/metadata', headers: [] }));
  expect(status).toBe(200);
  expect(server.printed()).not.toContain('"level":50');
});

test('a second request on a connection is answered where the first one ends where it says', async () => {
  const statuses = await sendAll(
    Buffer.from(post('/r4/Patient', `Content-Length: ${String(patient.length)}\r\n`, patient + hidden)),
    false,
  );
  expect(statuses).toEqual([201, 200]);
});

test.each<[string, (target: string) => string]>([
  ['two lengths', (to) => post(to, `Content-Length: 0\r\nContent-Length: ${String(hidden.length)}\r\n`, hidden)],
  [
    'a length and chunks',
    (to) => post(to, `Content-Length: 4\r\nTransfer-Encoding: chunked\r\n`, `0\r\n\r\n${hidden}`),
  ],
  ['chunks by another name', (to) => post(to, 'Transfer-Encoding: xchunked\r\n', `0\r\n\r\n${hidden}`)],
  ['chunks twice', (to) => post(to, 'Transfer-Encoding: chunked, chunked\r\n', `0\r\n\r\n${hidden}`)],
  ['a length with a sign', (to) => post(to, `Content-Length: +${String(hidden.length)}\r\n`, hidden)],
  ['a header folded over lines', (to) => post(to, `Transfer-Encoding:\r\n chunked\r\nContent-Length: 0\r\n`, hidden)],
  ['a space before a colon', (to) => post(to, `Content-Length : 0\r\n`, hidden)],
])('%s: nothing that is hidden in a request is answered', async (_, made) => {
  for (const target of targets) {
    const statuses = await sendAll(Buffer.from(made(target)), false);
    expect(statuses.filter((status) => status === 200 || status >= 500)).toEqual([]);
  }
});
