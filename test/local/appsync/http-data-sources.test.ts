import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type DataSource, DataSourceError, RequestError } from '../../../local/appsync/data-source.js';
import { eventBridgeDataSource, type PutEvent } from '../../../local/appsync/data-sources/eventbridge.js';
import { type HttpAnswer, httpDataSource } from '../../../local/appsync/data-sources/http.js';
import { openSearchDataSource } from '../../../local/appsync/data-sources/opensearch.js';

let server: Server;
let url: string;
beforeAll(async () => {
  // Answers what it was asked; a path /status/<n> with that status.
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      response.statusCode = Number(/\/status\/(\d+)/.exec(request.url ?? '')?.[1] ?? 200);
      response.setHeader('x-answered', 'yes');
      const { method, url: path, headers } = request;
      response.end(JSON.stringify({ method, path, type: headers['content-type'], tried: headers['x-tried'], body }));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});
afterAll(() => void server.close());

const ask = (dataSource: DataSource, request: unknown): Promise<unknown> =>
  dataSource.invoke({ request, execution: {}, step: 's', maxBatchSize: 0, goOn: () => undefined });
const http = async (request: unknown): Promise<HttpAnswer & { asked: unknown }> => {
  const answer = (await ask(httpDataSource(`${url}/base/`), request)) as HttpAnswer;
  return { ...answer, asked: JSON.parse(answer.body) };
};

describe('an HTTP data source', () => {
  test('sends method, path, query, headers and body, and gives status, headers and body', async () => {
    const params = { query: { a: 'x y', n: 1, both: ['p', 'q'] }, headers: { 'x-tried': 'yes' }, body: { b: 1 } };
    const { statusCode, headers, asked } = await http({ method: 'POST', resourcePath: '/things', params });
    expect(statusCode).toBe(200);
    expect(headers['x-answered']).toBe('yes');
    expect(asked).toEqual({
      method: 'POST',
      path: '/base/things?a=x+y&n=1&both=p&both=q',
      type: 'application/json',
      tried: 'yes',
      body: '{"b":1}',
    });
  });

  test('takes every status for a result', async () => {
    expect((await http({ method: 'GET', resourcePath: '/status/503' })).statusCode).toBe(503);
  });

  test('fails as a data source where nothing answers', async () => {
    const asked = ask(httpDataSource('http://127.0.0.1:1'), { method: 'GET', resourcePath: '/' });
    await expect(asked).rejects.toThrow(DataSourceError);
    await expect(asked).rejects.toMatchObject({ type: 'HttpException' });
  });

  test('never leaves its endpoint', async () => {
    const { asked } = await http({ method: 'GET', resourcePath: '//other.example/x' });
    expect(asked).toMatchObject({ path: '/base//other.example/x' });
    await expect(http({ method: 'GET', resourcePath: '@other.example/' })).rejects.toThrow(RequestError);
  });

  test.each([
    [{ resourcePath: '/' }, "Unsupported HTTP method 'undefined'."],
    [{ method: 'TRACE', resourcePath: '/' }, "Unsupported HTTP method 'TRACE'."],
    [{ method: 'GET' }, "The path of a request must start with '/'."],
    [{ method: 'GET', resourcePath: '/', params: { query: 'a=1' } }, "'$[params.query]' must be an object"],
  ])('refuses %j', async (request, message) => {
    await expect(ask(httpDataSource(url), request)).rejects.toThrow(message);
  });
});

describe('an OpenSearch data source', () => {
  test('gives the body of a good answer', async () => {
    const params = { queryString: { size: 5 }, body: { query: { match_all: {} } } };
    expect(await ask(openSearchDataSource(url), { operation: 'GET', path: '/posts/_search', params })).toMatchObject({
      path: '/posts/_search?size=5',
      type: 'application/json',
      body: '{"query":{"match_all":{}}}',
    });
  });

  test('gives an error and the body of another one', async () => {
    await expect(ask(openSearchDataSource(url), { operation: 'DELETE', path: '/status/404' })).rejects.toMatchObject({
      type: 'OpenSearchException',
      result: { method: 'DELETE' },
    });
  });
});

describe('an EventBridge data source', () => {
  test('takes events and says under which ids', async () => {
    const events: PutEvent[] = [];
    const dataSource = eventBridgeDataSource((event) => void events.push(event));
    const request = {
      operation: 'PutEvents',
      events: [{ source: 'app', detailType: 'Made', detail: { id: 1 }, time: '2026-01-01T00:00:00Z' }],
    };
    expect(await ask(dataSource, request)).toEqual({ Entries: [{ EventId: events[0]?.id }], FailedEntryCount: 0 });
    expect(events).toMatchObject([
      { source: 'app', 'detail-type': 'Made', detail: { id: 1 }, resources: [], time: '2026-01-01T00:00:00Z' },
    ]);
  });

  test.each([
    [{ operation: 'Put' }, "Unsupported operation 'Put': EventBridge has PutEvents."],
    [{ operation: 'PutEvents', events: [] }, 'must be a list of 1 to 10 events'],
    [{ operation: 'PutEvents', events: [{ source: 'a' }] }, "'$[events[0]]' must have source, detailType and detail."],
    [
      { operation: 'PutEvents', events: [{ source: 'a', detailType: 'b', detail: {}, time: 'soon' }] },
      "Value for field '$[events[0].time]' is no timestamp.",
    ],
  ])('refuses %j', async (request, message) => {
    await expect(
      ask(
        eventBridgeDataSource(() => undefined),
        request,
      ),
    ).rejects.toThrow(message);
  });
});
