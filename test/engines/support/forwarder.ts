import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A server between a client and an engine, which knows when the engine has done all that it was asked. */
export interface Forwarder {
  readonly endpoint: string;
  /** Resolves when no client is connected and no request is with the engine. */
  readonly settled: () => Promise<void>;
  readonly close: () => void;
}

/**
 * Passes requests on to an engine. A client that was killed may have left a request behind, which the engine carries out
 * later: whoever looks at once sees what is not yet the outcome.
 * @param target of the engine, e.g. `http://127.0.0.1:8000`.
 * @param onPassed is told of each request that is about to be passed on.
 */
export async function forwardTo(
  target: string,
  onPassed: (headers: IncomingHttpHeaders) => void = () => undefined,
): Promise<Forwarder> {
  let open = 0;
  const waiting: (() => void)[] = [];
  const one = (change: 1 | -1): void => {
    open += change;
    if (open === 0) for (const settle of waiting.splice(0)) settle();
  };
  const server = createServer((incoming, outgoing) => {
    one(1);
    void (async () => {
      try {
        const body = await buffer(incoming); // rejects when the client died within it: then nothing is passed on
        onPassed(incoming.headers);
        await new Promise<void>((resolve) => {
          const { method, headers, url } = incoming;
          const to = new URL(url ?? '/', target);
          to.username = '';
          const passed = request(to, { method, headers, agent: false }, (answer) => {
            outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
            void buffer(answer)
              .then(
                (bytes) => outgoing.end(bytes),
                () => outgoing.destroy(),
              )
              .finally(resolve);
          });
          passed.on('error', () => {
            outgoing.destroy();
            resolve();
          });
          passed.end(body);
        });
      } catch {
        outgoing.destroy();
      } finally {
        one(-1);
      }
    })();
  });
  server.on('connection', (socket) => {
    one(1);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      one(-1);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const own = new URL(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
  own.username = new URL(target).username; // the database of DynamoDB Local
  return {
    endpoint: own.href.replace(/\/$/, ''),
    settled: () =>
      new Promise((resolve) => {
        if (open === 0) resolve();
        else waiting.push(resolve);
      }),
    close: () => {
      server.close();
    },
  };
}
