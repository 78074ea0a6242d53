import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import fc from 'fast-check';
import { baseUrlOf } from '../../rest/base-url.js';
import { prettyJson } from '../../rest/pretty.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.send('PUT', '/r4/Patient/p1', { body: { resourceType: 'Patient', id: 'p1' } });
});
afterAll(() => server.close());
afterEach(() => {
  jest.restoreAllMocks();
});

const linksWith = async (headers: Record<string, string>): Promise<string> => {
  const { headers: answered } = await server.send('GET', '/r4/Patient/p1', { headers });
  return (answered['content-location'] ?? '').replace('/Patient/p1/_history/1', '');
};

describe('links', () => {
  test('begin with the host asked for', async () => {
    expect(await linksWith({ host: 'fhir.example:8080' })).toBe('http://fhir.example:8080/r4');
  });

  test.each([
    [{ 'x-forwarded-host': 'h.example', 'x-forwarded-proto': 'https' }, 'https://h.example/r4'],
    [{ 'x-forwarded-host': 'h.example, inner', 'x-forwarded-prefix': '/fhir/' }, 'http://h.example/fhir/r4'],
    [{ forwarded: 'for=1.2.3.4;host="h.example:444";proto=https, for=5.6.7.8' }, 'https://h.example:444/r4'],
  ])('begin with what a proxy on this machine says: %j', async (headers, expected) => {
    expect(await linksWith(headers)).toBe(expected);
  });

  test.each([{ 'x-forwarded-host': 'a/b' }, { 'x-forwarded-proto': 'javascript' }, { 'x-forwarded-prefix': '/a"b' }])(
    'are not made of %j',
    async (headers) => {
      const { status, json } = await server.send('GET', '/r4/Patient/p1', { headers });
      expect([status, json.resourceType]).toEqual([400, 'OperationOutcome']);
    },
  );
});

test('a request target with scheme and host, as proxies send it, is that of its path', async () => {
  const lines = await new Promise<string>((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1', () => {
      socket.write(
        `GET ${server.base('r4')}/Patient?_id=p1&_total=none HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer practitioner\r\nConnection: close\r\n\r\n`,
      );
    });
    let text = '';
    socket.on('data', (chunk) => (text += String(chunk)));
    socket.on('end', () => {
      resolve(text);
    });
    socket.on('error', reject);
  });
  expect(lines).toMatch(/^HTTP\/1\.1 200 /);
  expect(lines).toContain('"type":"searchset"');
});

test('the capability statement has an ETag, and is not sent to who has it', async () => {
  const first = await server.send('GET', '/r4/metadata');
  const { etag = '' } = first.headers;
  expect(etag).toMatch(/^W\/"[\w-]{20,}"$/);
  const again = await server.send('GET', '/r4/metadata', { headers: { 'if-none-match': etag } });
  expect([again.status, again.text, again.headers.etag]).toEqual([304, '', etag]);
  const other = await server.send('GET', '/stu3/metadata', { headers: { 'if-none-match': etag } });
  expect(other.status).toBe(200);
});

test.each(['application/fhir+json; fhirVersion=4.0.1', 'application/fhir+json; fhirVersion=4.0', 'application/json'])(
  'Accept: %s is answered',
  async (accept) => {
    expect((await server.send('GET', '/r4/Patient/p1', { headers: { accept } })).status).toBe(200);
  },
);

test('what a proxy says does not count when the peer is another machine', () => {
  const headers = { host: 'h.example', 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example;proto=https' };
  const asked = (remoteAddress: string): string =>
    baseUrlOf({ headers, socket: { remoteAddress } } as unknown as IncomingMessage, '/r4');
  for (const address of ['10.0.0.7', '::ffff:10.0.0.7', '2001:db8::1', '128.127.0.1']) {
    expect(asked(address)).toBe('http://h.example/r4');
  }
  for (const address of ['127.0.0.1', '127.8.8.8', '::ffff:127.0.0.1', '::1']) {
    expect(asked(address)).toBe('https://evil.example/r4');
  }
});

describe('every answer', () => {
  test('is kept by no cache and runs as nothing', async () => {
    for (const path of ['Patient/p1', 'Patient/unknown', 'metadata']) {
      const { headers } = await server.send('GET', `/r4/${path}`);
      expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['x-powered-by']).toBeUndefined();
    }
  });

  test('may be read by web apps of other origins, its headers too', async () => {
    const { headers } = await server.send('GET', '/r4/Patient/p1', { headers: { origin: 'https://app.example' } });
    expect(headers['access-control-allow-origin']).toBe('*');
    expect(headers['access-control-expose-headers']).toBe(
      'ETag,Location,Content-Location,Last-Modified,X-Consistency,X-Security-Context,Content-Range,X-Request-Id,Expires,Retry-After,X-Progress',
    );
    const preflight = await server.send('OPTIONS', '/r4/Patient/p1', {
      as: null,
      headers: {
        origin: 'https://app.example',
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'authorization,if-match',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers['access-control-allow-methods']).toContain('PUT');
    expect(preflight.headers['access-control-allow-headers']).toBe('authorization,if-match');
  });
});

test.each([
  'application/json',
  'application/fhir+json',
  'application/fhir+json; fhirVersion=4.0',
  'text/html, */*;q=0.8',
  'application/json+fhir',
])('Accept: %s is answered', async (accept) => {
  expect((await server.send('GET', '/r4/Patient/p1', { headers: { accept } })).status).toBe(200);
});

test.each(['json', 'application/fhir+json', 'application%2Ffhir%2Bjson', 'application/json'])(
  '_format=%s counts before Accept',
  async (format) => {
    const headers = { accept: 'application/fhir+xml' };
    expect((await server.send('GET', `/r4/Patient/p1?_format=${format}`, { headers })).status).toBe(200);
  },
);

test('a slash at the end of a path does not count', async () => {
  expect((await server.send('GET', '/r4/Patient/p1/')).status).toBe(200);
});

describe('an unexpected error', () => {
  test('is masked, and logged without what the request or the error says', async () => {
    const secret = 'Mustermann';
    jest.spyOn(server.servers.r4.store, 'read').mockRejectedValue(new Error(`cannot read ${secret}`));
    const { status, json, text } = await server.send('GET', `/r4/Patient/p1?name=${secret}`);
    expect([status, json.issue[0].code, json.issue[0].severity]).toEqual([500, 'exception', 'fatal']);
    expect(text).not.toContain(secret);
    const [entry] = server.logged.splice(0);
    expect(JSON.stringify(entry)).not.toContain(secret);
    expect(json.issue[0].diagnostics).toContain(String(entry?.fields['id']));
    expect(entry?.fields['stack']).toContain('http.test');
  });

  test('of a write is masked as well, singly and in a transaction', async () => {
    const secret = 'Mustermann';
    const patient = { resourceType: 'Patient', name: [{ family: secret }] };
    const entry = [{ resource: patient, request: { method: 'POST', url: 'Patient' } }];
    for (const [path, body] of [
      ['/r4/Patient', patient],
      ['/r4', { resourceType: 'Bundle', type: 'transaction', entry }],
    ] as const) {
      jest.spyOn(server.servers.r4.store, 'commit').mockRejectedValueOnce(new Error(`no room for ${secret}`));
      const { status, json, text } = await server.send('POST', path, { body });
      expect([status, json.issue[0].code, text.includes(secret)]).toEqual([500, 'exception', false]);
    }
    const logged = server.logged.splice(0);
    expect(logged).toHaveLength(2);
    expect(JSON.stringify(logged)).not.toContain(secret);
  });

  test('that is no Error is masked as well', async () => {
    jest.spyOn(server.servers.r4.index, 'search').mockImplementation(() => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- what others' code may do
      throw 'Mustermann';
    });
    const { status, text } = await server.send('GET', '/r4/Patient?name=x');
    expect([status, text.includes('Mustermann')]).toEqual([500, false]);
    expect(JSON.stringify(server.logged.splice(0))).not.toContain('Mustermann');
  });

  test('in one entry of a batch leaves the others done', async () => {
    jest.spyOn(server.servers.r4.store, 'read').mockRejectedValueOnce(new Error('once'));
    const entry = [1, 2].map(() => ({ request: { method: 'GET', url: 'Patient/p1' } }));
    const body = { resourceType: 'Bundle', type: 'batch', entry };
    const { json } = await server.send('POST', '/r4', { body });
    expect(json.entry.map(({ response }) => response?.status).sort()).toEqual(['200 OK', '500 Internal Server Error']);
    server.logged.splice(0);
  });
});

test('a client that goes away in the middle of a body disturbs nobody', async () => {
  const socket = connect(server.port, '127.0.0.1');
  socket.write(
    'POST /r4/Patient HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer practitioner\r\nContent-Type: application/fhir+json\r\nContent-Length: 100\r\n\r\n{"res',
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.destroy();
  expect((await server.send('GET', '/r4/Patient/p1')).status).toBe(200);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(server.logged).toEqual([]);
});

test('a body without a length is read, and refused as soon as it is too long', async () => {
  const small = await startTestServer({ bodyLimit: 10_000 });
  const sendChunks = (chunks: readonly string[]): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(small.port, '127.0.0.1');
      let answered = '';
      socket.on('data', (bytes) => (answered += bytes.toString()));
      socket.on('error', reject);
      socket.on('close', () => {
        resolve(answered);
      });
      socket.write(
        'POST /r4/Patient HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer practitioner\r\nConnection: close\r\nContent-Type: application/fhir+json\r\nTransfer-Encoding: chunked\r\n\r\n',
      );
      for (const chunk of [...chunks, '']) socket.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
    });
  expect(await sendChunks(['{"resource', 'Type":"Patient"}'])).toMatch(/^HTTP\/1.1 201 /);
  expect(await sendChunks(Array.from({ length: 12 }, () => ' '.repeat(1000)))).toMatch(/^HTTP\/1.1 413 /);
  await small.close();
});

test('pretty JSON says the same and is indented as JSON.stringify does it', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(prettyJson(JSON.stringify(value))).toBe(JSON.stringify(value, undefined, 2));
    }),
  );
});
