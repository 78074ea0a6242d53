import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../fhir/version.js';
import { contentElement } from '../../interactions/binary.js';
import {
  isOnDynamoDb,
  startTestServer,
  type TestRequest,
  type TestResponse,
  type TestServer,
} from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ bodyLimit: 1_000_000 });
});
afterAll(async () => {
  expect(server.logged).toEqual([]);
  await server.close();
});

const pdf = Buffer.from([0x25, 0x50, 0x44, 0x46, 0, 1, 2, 0xff, 0xfe, 0x80]);
const fhir = { accept: 'application/fhir+json' };
const digest = (bytes: Buffer, algorithm = 'sha256'): string => createHash(algorithm).update(bytes).digest('base64');

describe.each(fhirVersions)('A Binary of %s', (version) => {
  const element = contentElement(version);
  const send = (method: string, path: string, request?: TestRequest): Promise<TestResponse> =>
    server.send(method, `/${version}/${path}`, request);
  const post = (headers: Record<string, string>, body: Buffer | string, path = 'Binary'): Promise<TestResponse> =>
    send('POST', path, { headers, body });
  const pathOf = ({ headers }: TestResponse): string =>
    (headers.location ?? '').split(`/${version}/`)[1]?.split('/_history')[0] ?? '';
  const member = ({ json }: TestResponse, name: string): string => String(Reflect.get(json, name));

  describe('sent as its content', () => {
    test('is stored, and comes back as it is, with its media type and version', async () => {
      const created = await post({ 'content-type': 'application/pdf' }, pdf);
      expect([created.status, created.text, created.headers.etag]).toEqual([201, '', 'W/"1"']);
      const read = await send('GET', pathOf(created));
      expect(read.bytes).toEqual(pdf);
      expect([read.status, read.headers['content-type'], read.headers.etag]).toEqual([200, 'application/pdf', 'W/"1"']);
      expect(read.headers['last-modified']).toBe(created.headers['last-modified']);
      expect(read.headers['content-security-policy']).toBe("default-src 'none'; frame-ancestors 'none'; sandbox");
    });

    test('is a FHIR resource for who asks for one', async () => {
      const created = await post({ 'content-type': 'text/plain; charset=utf-8', ...fhir }, 'Grüße');
      const { json } = await send('GET', pathOf(created), { headers: fhir });
      expect(json).toMatchObject({
        resourceType: 'Binary',
        contentType: 'text/plain; charset=utf-8',
        [element]: Buffer.from('Grüße').toString('base64'),
      });
      const all = await send('GET', `${pathOf(created)}?_format=json&_pretty=true`, {
        headers: { accept: 'image/png' },
      });
      expect(all.json).toEqual(json);
    });

    test.each(['application/fhir+json', 'application/fhir+json, */*; q=0.1', 'application/json'])(
      'is answered with the resource that holds it when the client accepts %s, unless it prefers not to know',
      async (accept) => {
        const headers = { 'content-type': 'image/png', accept };
        const created = await post(headers, pdf);
        expect(created.json).toMatchObject({ resourceType: 'Binary', [element]: pdf.toString('base64') });
        expect((await send('PUT', pathOf(created), { headers, body: pdf })).json.meta.versionId).toBe('2');
        expect((await post({ ...headers, prefer: 'return=minimal' }, pdf)).text).toBe('');
      },
    );

    test('says what was stored when asked to', async () => {
      const headers = { 'content-type': 'image/png', prefer: 'return=representation' };
      expect((await post(headers, pdf)).json).toMatchObject({
        contentType: 'image/png',
        [element]: pdf.toString('base64'),
      });
    });

    test('may be JSON or XML of FHIR: only a Binary in JSON is one', async () => {
      const patient = '{"resourceType": "Patient"}';
      const created = await post({ 'content-type': 'application/fhir+json' }, patient);
      const read = await send('GET', pathOf(created));
      expect([created.status, read.text, read.headers['content-type']]).toEqual([
        201,
        patient,
        'application/fhir+json',
      ]);
      expect((await send('GET', pathOf(created), { headers: fhir })).json.resourceType).toBe('Binary');
      const xml = await post({ 'content-type': 'application/fhir+xml' }, '<Patient xmlns="http://hl7.org/fhir"/>');
      expect(xml.status).toBe(201);
      expect((await post({ 'content-type': 'application/fhir+xml' }, '<Binary/>')).status).toBe(415);
      expect((await post({ 'content-type': 'application/fhir+json' }, '{"resourceType": "Bin')).status).toBe(400);
    });

    test('updates by PUT; each version keeps its content', async () => {
      const path = `Binary/raw-${version}`;
      const put = (body: Buffer | string, type: string, more = {}): Promise<TestResponse> =>
        send('PUT', path, { headers: { 'content-type': type, ...more }, body });
      expect((await put('one', 'text/plain')).status).toBe(201);
      expect((await put(pdf, 'application/pdf', { 'if-match': 'W/"1"' })).status).toBe(200);
      expect((await put('late', 'text/plain', { 'if-match': 'W/"1"' })).status).toBe(version === 'stu3' ? 409 : 412);
      const first = await send('GET', `${path}/_history/1`);
      expect([first.text, first.headers['content-type'], first.headers.etag]).toEqual(['one', 'text/plain', 'W/"1"']);
      expect((await send('GET', `${path}/_history/2`)).bytes).toEqual(pdf);
      expect((await send('DELETE', path)).status).toBe(204);
      expect((await send('GET', path)).status).toBe(410);
      expect((await send('GET', `${path}/_history/2`)).bytes).toEqual(pdf);
      const { json } = await send('GET', `${path}/_history`);
      expect(json.entry.map(({ resource }) => resource?.resourceType)).toEqual([undefined, 'Binary', 'Binary']);
    });

    test('is verified by the digest that comes with it', async () => {
      const type = { 'content-type': 'application/pdf' };
      const right = [
        { 'content-md5': digest(pdf, 'md5') },
        { 'content-digest': `sha-256=:${digest(pdf)}:` },
        { 'repr-digest': `sha-512=:AAAA:, sha-256=:${digest(pdf)}:` },
        { 'x-amz-checksum-sha256': digest(pdf) },
      ];
      for (const header of right) expect((await post({ ...type, ...header }, pdf)).status).toBe(201);
      const wrong = [
        { 'content-md5': digest(Buffer.from('other'), 'md5') },
        { 'content-digest': `sha-256=:${digest(Buffer.from('other'))}:` },
        { 'content-md5': 'AAAA' },
      ];
      for (const header of wrong) expect((await post({ ...type, ...header }, pdf)).status).toBe(400);
    });

    test.each([
      ['no media type', {}, 'x', 415],
      ['a media type that is none', { 'content-type': ' a  b ' }, 'x', 422],
      ['nothing', { 'content-type': 'text/plain' }, '', 400],
      ['more than a request may have', { 'content-type': 'text/plain' }, 'x'.repeat(1_000_001), 413],
    ])('is refused with %s', async (_, headers: Record<string, string>, body, status) => {
      expect((await post(headers, body)).status).toBe(status);
    });
  });

  describe('is answered by Accept', () => {
    const created = (contentType: string, content: string): Promise<string> =>
      post({ 'content-type': contentType }, content).then(pathOf);
    test.each([
      ['text/plain', undefined, 'content'],
      ['text/plain', '*/*', 'content'],
      ['text/plain', 'image/png', 'content'],
      ['text/plain', 'text/html,application/xml;q=0.9,*/*;q=0.8', 'content'],
      ['text/plain', 'application/fhir+json;q=0, text/plain', 'content'],
      ['text/plain', 'application/fhir+json, */*', 'resource'],
      ['text/plain', 'application/json', 'resource'],
      ['application/json', 'application/json', 'content'],
      ['application/vnd.xacml+json', 'application/json', 'content'],
      ['application/json', 'application/fhir+json', 'resource'],
      ['application/hl7-v3+xml', 'application/xml', 'content'],
      ['text/plain', 'application/xml', 406],
      ['text/plain', 'application/fhir+xml', 406],
      ['application/fhir+xml', 'application/fhir+xml', 406],
    ] as const)('%s with Accept %s: %s', async (contentType, accept, expected) => {
      const path = await created(contentType, '"x"');
      const { status, text } = await send('GET', path, accept === undefined ? {} : { headers: { accept } });
      if (typeof expected === 'number') expect(status).toBe(expected);
      else expect(text === '"x"' ? 'content' : 'resource').toBe(expected);
    });
  });

  test('in JSON comes back as it was given', async () => {
    const resource = {
      resourceType: 'Binary',
      id: `json-${version}`,
      contentType: 'text/plain',
      [element]: 'QUJD\n',
    };
    await send('PUT', `Binary/json-${version}`, { body: resource });
    const { json } = await send('GET', `Binary/json-${version}`, { headers: fhir });
    expect({ ...json, meta: undefined }).toEqual({ ...resource, meta: undefined });
    const raw = await send('GET', `Binary/json-${version}`);
    expect(raw.text).toBe('ABC');
  });

  test.each(['text/html\nSet-Cookie: a=b', 'text/плейн', `text/${'x'.repeat(2_000)}`])(
    'whose media type can be no header is sent as bytes: %j',
    async (contentType) => {
      const created = await send('POST', 'Binary', {
        body: { resourceType: 'Binary', contentType, [element]: 'SGk=' },
      });
      const read = await send('GET', pathOf(created));
      expect([created.status, read.status, read.text]).toEqual([201, 200, 'Hi']);
      expect([read.headers['content-type'], read.headers['set-cookie']]).toEqual([
        'application/octet-stream',
        undefined,
      ]);

      const asked = await send('POST', 'Binary', { body: { resourceType: 'Binary', contentType } });
      expect(asked.status).toBe(201);
      const headers = { 'content-type': 'application/octet-stream' };
      expect((await fetch(member(asked, 'presignedPutUrl'), { method: 'PUT', body: 'Ho', headers })).status).toBe(200);
      const found = await fetch((await send('GET', pathOf(asked))).headers.location ?? '');
      expect([found.headers.get('content-type'), await found.text()]).toEqual(['application/octet-stream', 'Ho']);
    },
  );

  test('tells its size by HEAD, and gives parts of itself', async () => {
    const path = pathOf(await post({ 'content-type': 'text/plain' }, '0123456789'));
    const head = await send('HEAD', path);
    expect([head.status, head.headers['content-length'], head.headers['content-type'], head.text]).toEqual([
      200,
      '10',
      'text/plain',
      '',
    ]);
    const part = await send('GET', path, { headers: { range: 'bytes=2-4' } });
    expect([part.status, part.text, part.headers['content-range']]).toEqual([206, '234', 'bytes 2-4/10']);
    expect((await send('GET', path, { headers: { range: 'bytes=10-' } })).status).toBe(416);
    expect((await send('GET', path, { headers: { 'if-none-match': 'W/"1"' } })).status).toBe(304);
  });

  describe('without content', () => {
    const create = async (): Promise<TestResponse> =>
      send('POST', 'Binary', { body: { resourceType: 'Binary', contentType: 'application/pdf' } });
    const put = (url: string, body: Buffer | string, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(url, { method: 'PUT', body, headers: { 'content-type': 'application/pdf', ...headers } });

    test.each(['batch', 'transaction'])(
      'in a %s is told where to put it as well, where the answer shows it',
      async (type) => {
        const resource = { resourceType: 'Binary', contentType: 'application/pdf' };
        const body = {
          resourceType: 'Bundle',
          type,
          entry: [{ resource, request: { method: 'POST', url: 'Binary' } }],
        };
        const shown = await send('POST', '', { body, headers: { prefer: 'return=representation' } });
        const written = shown.json.entry[0]?.resource as unknown as { id: string; presignedPutUrl: string };
        expect((await put(written.presignedPutUrl, pdf)).status).toBe(200);
        expect((await send('GET', `Binary/${written.id}`)).status).toBe(307);
        const minimal = await send('POST', '', { body });
        expect(minimal.json.entry[0]?.resource).toBeUndefined();
      },
    );

    test('has it come by URL, and answers a URL to get it from', async () => {
      const created = await create();
      expect(created.status).toBe(201);
      expect(member(created, 'presignedPutUrl')).toMatch(/^http/);
      const path = `Binary/${created.json.id}`;
      expect((await send('GET', path)).status).toBe(404);
      expect(Reflect.has((await send('GET', path, { headers: fhir })).json, 'presignedGetUrl')).toBe(false);
      expect((await put(member(created, 'presignedPutUrl'), pdf)).status).toBe(200);

      const read = await send('GET', path, { headers: fhir });
      const { presignedGetUrl, ...rest } = read.json as unknown as Record<string, unknown>;
      expect(Object.keys(rest)).toEqual(['resourceType', 'id', 'meta', 'contentType']);
      const found = await fetch(String(presignedGetUrl));
      expect([found.status, found.headers.get('content-type')]).toEqual([200, 'application/pdf']);
      expect(Buffer.from(await found.arrayBuffer())).toEqual(pdf);
      const redirected = await send('GET', path);
      expect(redirected.status).toBe(307);
      expect(Buffer.from(await (await fetch(redirected.headers.location ?? '')).arrayBuffer())).toEqual(pdf);
    });

    test('has one of its own in every version', async () => {
      const created = await create();
      await put(member(created, 'presignedPutUrl'), pdf);
      const path = `Binary/${created.json.id}`;
      const { json } = await send('GET', path, { headers: fhir });
      const updated = await send('PUT', path, { body: json }); // the URL it was read with is not stored
      expect((await send('GET', path)).status).toBe(404);
      await put(member(updated, 'presignedPutUrl'), 'two');
      const first = await send('GET', `${path}/_history/1`);
      expect(Buffer.from(await (await fetch(first.headers.location ?? '')).arrayBuffer())).toEqual(pdf);
      const second = await send('GET', `${path}/_history/2`, { headers: fhir });
      expect(await (await fetch(member(second, 'presignedGetUrl'))).text()).toBe('two');
      const { text } = await send('GET', `${path}/_history`);
      expect(text).not.toContain('presigned');
    });

    test('keeps it when the rest is patched, or gets labels', async () => {
      const created = await create();
      await put(member(created, 'presignedPutUrl'), pdf);
      const path = `Binary/${created.json.id}`;
      const operation = [
        { name: 'type', valueCode: 'replace' },
        { name: 'path', valueString: 'Binary.contentType' },
        { name: 'value', valueCode: 'image/png' },
      ];
      const patch = { resourceType: 'Parameters', parameter: [{ name: 'operation', part: operation }] };
      const patched = await send('PATCH', path, { body: patch });
      expect([patched.status, Reflect.has(patched.json, 'presignedPutUrl')]).toEqual([200, false]);
      const meta = { tag: [{ system: 'http://example.org', code: 'x' }] };
      const labels = { resourceType: 'Parameters', parameter: [{ name: 'meta', valueMeta: meta }] };
      expect((await send('POST', `${path}/$meta-add`, { body: labels })).status).toBe(200);
      const read = await send('GET', path);
      expect([read.status, read.headers.etag]).toEqual([307, 'W/"3"']);
      const found = await fetch(read.headers.location ?? '');
      expect(found.headers.get('content-type')).toBe('image/png');
      expect(Buffer.from(await found.arrayBuffer())).toEqual(pdf);
    });

    test('takes no content of another type, and none that is damaged', async () => {
      const url = member(await create(), 'presignedPutUrl');
      expect((await put(url, 'x', { 'content-type': 'text/html' })).ok).toBe(false);
      expect((await put(url, pdf, { 'content-md5': digest(Buffer.from('other'), 'md5') })).status).toBe(400);
      expect((await put(url, pdf, { 'content-md5': digest(pdf, 'md5') })).status).toBe(200);
      expect((await fetch(url)).ok).toBe(false);
    });
  });
});

(isOnDynamoDb ? describe.skip : describe)('A URL of this server', () => {
  const create = async (): Promise<string> => {
    const body = { resourceType: 'Binary', contentType: 'text/html' };
    return String(Reflect.get((await server.send('POST', '/r4/Binary', { body })).json, 'presignedPutUrl'));
  };
  const put = (url: string, body: string, headers = {}): Promise<TestResponse> =>
    server.send('PUT', url, { as: null, body, headers: { 'content-type': 'text/html', ...headers } });
  const download = async (url: string): Promise<string> => {
    const id = /Binary\/([^~]+)~/.exec(decodeURIComponent(url))?.[1] ?? '';
    const { headers } = await server.send('GET', `/r4/Binary/${id}`);
    return headers.location ?? '';
  };

  test('takes one content: the same again, no other', async () => {
    const url = await create();
    expect((await put(url, '<b>1</b>')).status).toBe(200);
    expect((await put(url, '<b>1</b>')).status).toBe(200);
    expect((await put(url, '<b>2</b>')).status).toBe(409);
    expect((await server.send('GET', await download(url), { as: null })).text).toBe('<b>1</b>');
  });

  test('is answered so that a browser runs nothing of it', async () => {
    const url = await create();
    await put(url, '<script>alert(1)</script>');
    const { headers } = await server.send('GET', await download(url), { as: null });
    expect(headers['content-security-policy']).toBe("default-src 'none'; frame-ancestors 'none'; sandbox");
    expect([headers['content-disposition'], headers['x-content-type-options']]).toEqual(['attachment', 'nosniff']);
  });

  test('gives parts, and its size by HEAD', async () => {
    const url = await create();
    await put(url, '0123456789');
    const from = await download(url);
    const part = await server.send('GET', from, { as: null, headers: { range: 'bytes=-3' } });
    expect([part.status, part.text, part.headers['content-range']]).toEqual([206, '789', 'bytes 7-9/10']);
    const head = await server.send('HEAD', from, { as: null });
    expect([head.status, head.headers['content-length']]).toEqual([200, '10']);
    expect((await server.send('GET', from, { as: null, headers: { range: 'bytes=99-' } })).status).toBe(416);
  });

  test('opens nothing else: no other path, version, method or server', async () => {
    const url = await create();
    await put(url, 'x');
    const from = await download(url);
    const others = [
      from.replace('~1?', '~2?'),
      from.replace('/r4/', '/stu3/'),
      from.replace('/_-/', '/_-/../_-/'),
      from.replace('/_-/', '/%2e%2e/'),
      from.replace(/signature=.*/, 'signature='),
      from.split('?')[0] ?? '',
    ];
    for (const other of others) {
      const { status, json } = await server.send('GET', other, { as: null });
      expect([other, status, json.resourceType]).toEqual([other, 403, 'OperationOutcome']);
    }
    expect((await server.send('PUT', from, { as: null, body: 'y' })).status).toBe(403);
    expect((await server.send('DELETE', from, { as: null })).status).toBe(405);
    expect((await put(url, 'x', { 'content-encoding': 'gzip' })).status).toBe(415);
  });
});
