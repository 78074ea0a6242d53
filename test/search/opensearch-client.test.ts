import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { within } from '../../fhir/deadline.js';
import { openSearchClient, signedRegion } from '../../search/opensearch/client.js';

describe('requests are signed', () => {
  test.each([
    ['https://search-fhir-abc.eu-west-1.es.amazonaws.com', 'eu-west-1'],
    ['https://vpc-fhir-abc.cn-north-1.es.amazonaws.com.cn:443/', 'cn-north-1'],
    ['https://search-fhir-abc.aos.us-east-2.on.aws', 'us-east-2'],
  ])('to %s', (endpoint, region) => {
    expect(signedRegion(endpoint)).toBe(region);
  });

  test.each([
    'http://127.0.0.1:9200',
    'https://user:password@search-fhir-abc.eu-west-1.es.amazonaws.com',
    'https://eu-west-1.es.amazonaws.com.example.org',
    'https://opensearch.example.org',
  ])('but not to %s', (endpoint) => {
    expect(signedRegion(endpoint)).toBeUndefined();
  });
});

/** A request as it came. */
interface Got {
  readonly request: IncomingMessage;
  readonly body: string;
}

describe('a signed request', () => {
  const got: Got[] = [];
  let server: Server;
  let endpoint: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        got.push({ request, body: Buffer.concat(chunks).toString() });
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"items":[]}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    endpoint = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

  /** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
  function signatureOf({ request, body }: Got, secret: string): string {
    const { headers, method = '', url = '' } = request;
    const [, scope = '', signedHeaders = ''] =
      /Credential=[^/]+\/(\S+), SignedHeaders=([^,]+),/.exec(headers.authorization ?? '') ?? [];
    const names = signedHeaders.split(';');
    const [path = '', query = ''] = url.split('?');
    const canonical = [
      method,
      path,
      query.split('&').sort().join('&'),
      ...names.map((name) => `${name}:${String(headers[name])}`),
      '',
      signedHeaders,
      sha256(body),
    ].join('\n');
    const [date = '', region = '', service = ''] = scope.split('/');
    const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n');
    const key = [region, service, 'aws4_request'].reduce(hmac, hmac(`AWS4${secret}`, date));
    return hmac(key, text).toString('hex');
  }

  test.each([undefined, 'session'])(
    'carries the signature AWS computes, its body included; session token %s',
    async (token) => {
      const session = token === undefined ? {} : { sessionToken: token };
      const asked: number[] = [];
      const client = openSearchClient(endpoint, {
        region: 'eu-west-1',
        credentials: () => {
          asked.push(1);
          return Promise.resolve({ accessKeyId: 'AKID', secretAccessKey: 'secret', ...session });
        },
      });
      got.length = 0;
      await client.search({ index: 'r4', body: { query: { match_all: {} } }, allow_partial_search_results: false });
      await client.bulk({ index: 'r4', body: [{ index: { _id: '1' } }, { tok: 'ä' }], refresh: 'wait_for' });
      await client.close();
      expect(asked).toHaveLength(1);
      expect(got).toHaveLength(2);
      for (const each of got) {
        const { authorization = '', ...headers } = each.request.headers;
        expect(authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AKID\/[0-9]{8}\/eu-west-1\/es\/aws4_request, /);
        expect(authorization.split('Signature=')[1]).toBe(signatureOf(each, 'secret'));
        expect(headers['x-amz-content-sha256']).toBe(sha256(each.body));
        expect(headers['x-amz-security-token']).toBe(token);
      }
    },
  );

  test('is none where the endpoint is no domain of AWS', async () => {
    const client = openSearchClient(endpoint);
    got.length = 0;
    await client.search({ index: 'r4' });
    await client.close();
    expect(got[0]?.request.headers.authorization).toBeUndefined();
  });
});

test('a domain that does not answer is asked twice, and no longer than API Gateway waits', async () => {
  let asked = 0;
  const silent = createServer(() => (asked += 1));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const client = openSearchClient(`http://127.0.0.1:${String((silent.address() as AddressInfo).port)}`);
  const { requestTimeout, maxRetries } = client.transport;
  expect((maxRetries + 1) * requestTimeout).toBeLessThan(29_000);
  const search = client.search({ index: 'r4', body: {} }, { requestTimeout: 20 });
  await expect(search).rejects.toThrow(/timed out/i);
  expect(asked).toBe(2);
  await client.close();
  silent.closeAllConnections();
  silent.close();
});

describe('a call that a request makes', () => {
  let server: Server;
  let asked: number;
  beforeAll(async () => {
    server = createServer(() => (asked += 1)); // it never answers
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const ask = async (milliseconds: number): Promise<void> => {
    asked = 0;
    const client = openSearchClient(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
    try {
      await expect(within(milliseconds, () => client.search({ index: 'x' }))).rejects.toThrow();
    } finally {
      await client.close();
    }
  };

  test('ends with the request, both of its tries', async () => {
    await ask(200);
    expect(asked).toBeLessThanOrEqual(2);
  });

  test('is not begun when the time of the request is over', async () => {
    await ask(0);
    expect(asked).toBe(0);
  });
});
