import { afterAll, expect, test } from '@jest/globals';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { aheadOfRouter } from '../../local/ahead-of-router.js';

/** Tells how a request reached it. */
const telling =
  (who: string): RequestHandler =>
  async (request, response) => {
    const { url, baseUrl, originalUrl, method, path } = request;
    await Promise.resolve();
    if (url.includes('broken')) throw new Error('broken');
    response.setHeader('X-Who', who);
    response.end(JSON.stringify({ url, baseUrl, originalUrl, method, path, connection: request.get('Connection') }));
  };

const before: RequestHandler[] = [
  (_request, response, next) => {
    response.setHeader('X-Before', 'yes');
    next();
  },
  (request, response, next) => {
    if (request.originalUrl.includes('refused')) response.status(403).type('text/plain').send('refused');
    else if (request.originalUrl.includes('failed')) next(new Error('failed'));
    else next();
  },
];
const face = telling('face');
const app = express();
app.enable('case sensitive routing');
app.use(before);
app.all('/r4/graphql', telling('graphql'));
app.use('/r4', face);
app.use(telling('other'));
const failures: string[] = [];
const explain: ErrorRequestHandler = (error: Error, _request, response, next) => {
  failures.push(`router: ${error.message}`);
  if (response.headersSent) next(error);
  else response.status(500).end();
};
app.use(explain);

const listening = async (listener: Parameters<typeof createServer>[1]): Promise<string> => {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  servers.push(server);
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
};
const servers: ReturnType<typeof createServer>[] = [];
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

const routed = await listening(app as never);
const ahead = await listening(
  aheadOfRouter(app, {
    faces: new Map([['/r4', face]]),
    before,
    isOther: (path) => path.startsWith('/graphql'),
    onError: (error, request, response) => {
      if (request.url.includes('untold')) return Promise.reject(new Error('untold'));
      failures.push(`ahead: ${error instanceof Error ? error.message : ''}`);
      response.status(500).end();
      return Promise.resolve();
    },
  }),
);

const answerOf = async (base: string, path: string): Promise<object> => {
  const response = await fetch(base + path, { headers: { connection: 'close' } });
  const { headers, status } = response;
  return { status, who: headers.get('x-who'), before: headers.get('x-before'), body: await response.text() };
};

test.each([
  '/r4/Patient/1?a=b/c',
  '/r4/',
  '/r4',
  '/r4?_id=/r4/x',
  '/r4//Patient',
  '/R4/Patient',
  '/r4/graphql',
  '/r4/graphql?x=1',
  '/r4/graphqls',
  '/r4/$graphql',
  '/r4/%24graphql/%2F',
  '/r4x/Patient',
  '/',
  '/other/r4/Patient',
  '/r4/refused',
])('%s is answered as by the router', async (path) => {
  expect(await answerOf(ahead, path)).toEqual(await answerOf(routed, path));
});

test('what cannot even be told breaks off that answer, and nothing else', async () => {
  await expect(answerOf(ahead, '/r4/broken?untold')).rejects.toThrow('fetch failed');
  expect(await answerOf(ahead, '/r4/')).toMatchObject({ status: 200, who: 'face' });
});

test.each(['/r4/broken', '/r4/failed'])('what is thrown on the way of %s is told', async (path) => {
  failures.length = 0;
  expect(await answerOf(ahead, path)).toEqual(await answerOf(routed, path));
  const [word = ''] = path.split('/').slice(-1);
  expect(failures).toEqual([`ahead: ${word}`, `router: ${word}`]);
});
