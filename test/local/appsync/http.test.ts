import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import express from 'express';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { unauthenticated } from '../../../fhir/outcome.js';
import { appSyncHttp } from '../../../local/appsync/http.js';
import { giving, handlers, tinyApi, unit } from './tiny-api.js';

const { runtime } = tinyApi({
  schema: 'type Query { hello(name: String): String  who: String  headers: AWSJSON  fails: String }',
  resolvers: ['hello', 'who', 'headers', 'fails'].map((name) => unit(`Query.${name}`)),
  code: {
    'Query.hello': giving('`hello ${ctx.args.name}`'),
    'Query.who': giving('ctx.identity.username'),
    'Query.headers': giving('ctx.request.headers'),
    'Query.fails': handlers("util.error('no', 'No');"),
  },
});
let server: Server;
let url: string;
let works = true;
const failures: unknown[] = [];
beforeAll(async () => {
  const app = express();
  app.disable('x-powered-by');
  app.all(
    '/graphql',
    appSyncHttp({
      runtime: () => (works ? Promise.resolve(runtime) : Promise.reject(new TypeError('secret detail'))),
      authenticate: (request) =>
        request.get('authorization') === 'good'
          ? Promise.resolve({ identity: { username: 'ann' } })
          : Promise.reject(unauthenticated('The request has no token')),
      onFailure: (error) => void failures.push(error),
      bodyLimit: 10_000,
    }),
  );
  server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/graphql`;
});
afterAll(() => void server.close());

interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly json: unknown;
}
async function send(
  body: string | Uint8Array<ArrayBuffer> | null,
  init: { method?: string; headers?: Record<string, string> } = {},
): Promise<Reply> {
  const { method = 'POST', headers = {} } = init;
  const reply = await fetch(url, {
    method,
    headers: { authorization: 'good', 'content-type': 'application/json', ...headers },
    body,
  });
  const text = await reply.text();
  return {
    status: reply.status,
    headers: reply.headers,
    json: text === '' ? undefined : (JSON.parse(text) as unknown),
  };
}
const ask = (request: unknown, headers?: Record<string, string>): Promise<Reply> =>
  send(JSON.stringify(request), headers === undefined ? {} : { headers });

describe('GraphQL over HTTP', () => {
  test('answers a query with 200 and JSON, not to be stored, with the id of the request', async () => {
    const { status, headers, json } = await ask({ query: '{ hello(name: "you") who }' });
    expect({ status, json }).toEqual({ status: 200, json: { data: { hello: 'hello you', who: 'ann' } } });
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers.get('etag')).toBeNull();
  });

  test('takes variables, operation name, and what clients add', async () => {
    const query = 'query A($n: String) { hello(name: $n) } query B { who }';
    expect((await ask({ query, variables: { n: 1.5 }, operationName: 'A', extensions: {} })).json).toEqual({
      data: { hello: 'hello 1.5' },
    });
    expect((await ask({ query, variables: null, operationName: 'B' })).json).toEqual({ data: { who: 'ann' } });
    expect((await ask({ query: '{ who }', operationName: null })).json).toEqual({ data: { who: 'ann' } });
    expect((await ask({ query: '{ who }', operationName: '' })).json).toEqual({ data: { who: 'ann' } });
  });

  test('keeps the digits of numbers in variables', async () => {
    const body = '{"query":"query ($n: String) { hello(name: $n) }","variables":{"n":185.50}}';
    expect((await send(body)).json).toEqual({ data: { hello: 'hello 185.50' } });
  });

  test('answers 200 also when the query is wrong or fields fail', async () => {
    expect(await ask({ query: '{ nothing }' })).toMatchObject({
      status: 200,
      json: { data: null, errors: [{ path: null }] },
    });
    expect(await ask({ query: '{ fails who }' })).toMatchObject({
      status: 200,
      json: { data: { fails: null, who: 'ann' }, errors: [{ errorType: 'No' }] },
    });
  });

  test('takes gzip, and any content type', async () => {
    const body = JSON.stringify({ query: '{ who }' });
    expect(
      (await send(gzipSync(body) as Uint8Array<ArrayBuffer>, { headers: { 'content-encoding': 'gzip' } })).json,
    ).toEqual({ data: { who: 'ann' } });
    expect((await send(body, { headers: { 'content-type': 'application/graphql+json' } })).json).toEqual({
      data: { who: 'ann' },
    });
  });

  test('shows the headers to resolvers by their names in lower case', async () => {
    const { json } = await ask({ query: '{ headers }' }, { 'X-Amz-User-Agent': 'aws-amplify/6' });
    expect(JSON.parse((json as { data: { headers: string } }).data.headers)).toMatchObject({
      'x-amz-user-agent': 'aws-amplify/6',
    });
  });

  test.each([
    ['nothing', ''],
    ['no JSON', '{ hello }'],
    ['JSON that ends too early', '{"query":"{ who }"'],
    ['a list', '[{"query":"{ who }"}]'],
    ['a text', '"{ who }"'],
    ['no query', '{"variables":{}}'],
    ['an empty query', '{"query":" "}'],
    ['a query that is no text', '{"query":{}}'],
    ['variables that are a list', '{"query":"{ who }","variables":[]}'],
    ['variables that are a text', '{"query":"{ who }","variables":"{}"}'],
    ['an operation name that is no text', '{"query":"{ who }","operationName":1}'],
  ])('%s is malformed: 400', async (_, body) => {
    const { status, json } = await send(body);
    expect({ status, json }).toEqual({
      status: 400,
      json: { errors: [{ errorType: 'MalformedHttpRequestException', message: expect.any(String) }] },
    });
  });

  test('says where JSON is wrong', async () => {
    const { json } = await send('{"query":\n "{ who }",,}');
    expect(JSON.stringify(json)).toContain('line 2, column 12');
  });

  test('asks for a token before it reads the body: 401', async () => {
    for (const body of [JSON.stringify({ query: '{ who }' }), '{', 'x'.repeat(50_000)]) {
      const { status, headers, json } = await send(body, { headers: { authorization: 'bad' } });
      expect({ status, json }).toEqual({
        status: 401,
        json: { errors: [{ errorType: 'UnauthorizedException', message: 'The request has no token' }] },
      });
      expect(headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  test.each(['GET', 'PUT', 'DELETE', 'PATCH', 'HEAD'])('%s is not for GraphQL: 405', async (method) => {
    const { status, headers } = await send(null, { method });
    expect(status).toBe(405);
    expect(headers.get('allow')).toBe('POST, OPTIONS');
  });

  test('a body above the limit is too large, zipped or not: 413', async () => {
    const large = JSON.stringify({ query: '{ who }', variables: { a: 'x'.repeat(20_000) } });
    expect(await send(large)).toMatchObject({
      status: 413,
      json: { errors: [{ errorType: 'MalformedHttpRequestException' }] },
    });
    const zipped = gzipSync(large) as Uint8Array<ArrayBuffer>;
    expect(zipped.length).toBeLessThan(1000);
    expect(await send(zipped, { headers: { 'content-encoding': 'gzip' } })).toMatchObject({ status: 413 });
  });

  test('what is no gzip, or an encoding that is not known, is the fault of who sent it', async () => {
    expect((await send('{}', { headers: { 'content-encoding': 'gzip' } })).status).toBe(400);
    expect((await send('{}', { headers: { 'content-encoding': 'zstd' } })).status).toBe(415);
  });

  test('a failure nobody expected is masked, and told to whom runs the server: 500', async () => {
    works = false;
    const { status, json } = await ask({ query: '{ who }' });
    works = true;
    expect({ status, json }).toEqual({
      status: 500,
      json: { errors: [{ errorType: 'InternalFailure', message: 'An internal failure occurred.' }] },
    });
    expect(failures).toMatchObject([{ message: 'secret detail' }]);
  });
});
