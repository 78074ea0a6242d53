import { IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { type ConnectionOptions, serveConnection } from './connection.js';
import { protocolsOf, realtimeProtocol } from './handshake.js';
import { type RealtimeLimits, standardRealtimeLimits } from './limits.js';

const upgradeAsked = new WeakSet<IncomingMessage>();

/**
 * A request whose upgrade counts when it is one to a WebSocket. Once a server listens for `upgrade`, Node hands it every
 * request that offers one, without its body, such as those of Java's HTTP client, which offers HTTP/2.
 */
export class WebSocketAwareRequest extends IncomingMessage {
  get upgrade(): boolean {
    return upgradeAsked.has(this) && this.headers.upgrade?.toLowerCase() === 'websocket';
  }
  // Set by Node's parser, first before this class's own members are there.
  set upgrade(asked: boolean | null) {
    if (asked === true) upgradeAsked.add(this);
  }
}

/** How long clients may take to close when the server does, in milliseconds. */
const patience = 1000;

/** The real-time endpoints of a server. */
export interface RealtimeEndpoints {
  /** Closes every connection: clients connect anew elsewhere, or later. */
  close(): void;
}

/** What is served at the paths of one API. */
export type RealtimeApi = Omit<ConnectionOptions, 'limits' | 'now'> & {
  readonly paths: readonly string[];
  readonly limits?: Partial<RealtimeLimits>;
  readonly now?: () => number;
};

/**
 * Serves the real-time endpoints of APIs on an HTTP server, made with `WebSocketAwareRequest`.
 * @param refusal why a request is not even upgraded, as a status line's text; nothing for others.
 */
export function serveRealtime(
  server: Server,
  apis: readonly RealtimeApi[],
  refusal: (request: IncomingMessage) => '403 Forbidden' | undefined = () => undefined,
): RealtimeEndpoints {
  const byPath = new Map(apis.flatMap((api) => api.paths.map((path) => [path, api] as const)));
  const endpoints = new WebSocketServer({
    noServer: true,
    clientTracking: true,
    maxPayload: Math.max(...apis.map(({ limits }) => ({ ...standardRealtimeLimits, ...limits }).maxMessageBytes)),
    handleProtocols: (_, request) => (protocolsOf(request).includes(realtimeProtocol) ? realtimeProtocol : false),
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const [path = ''] = (request.url ?? '').split('?');
    const api = byPath.get(path);
    const refused = refusal(request) ?? (api === undefined ? '404 Not Found' : undefined);
    if (api === undefined || refused !== undefined) {
      socket.on('error', () => undefined);
      socket.end(`HTTP/1.1 ${refused ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => {
        socket.destroy();
      });
      return;
    }
    const { limits, now = Date.now, ...others } = api;
    endpoints.handleUpgrade(request, socket, head, (webSocket) => {
      serveConnection(webSocket, request, { ...others, now, limits: { ...standardRealtimeLimits, ...limits } });
    });
  });
  return {
    close() {
      const clients = [...endpoints.clients];
      for (const client of clients) client.close(1001, 'The server closes');
      endpoints.close();
      setTimeout(() => {
        for (const client of clients) client.terminate();
      }, patience).unref();
    },
  };
}
