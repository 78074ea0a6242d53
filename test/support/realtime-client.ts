import { once } from 'node:events';
import { WebSocket } from 'ws';

/** A frame the server sent. */
export interface Frame {
  readonly type: string;
  readonly id?: string;
  readonly payload?: {
    readonly connectionTimeoutMs?: number;
    readonly data?: Readonly<Record<string, unknown>>;
    readonly errors?: readonly { readonly errorType: string; readonly message: string; readonly errorCode?: number }[];
  };
}

/** A plain WebSocket that speaks AppSync's real-time protocol. */
export interface RealtimeClient {
  /** Every frame but `ka`, as they come. */
  readonly frames: Frame[];
  readonly protocol: string;
  send(frame: unknown): void;
  /** Calls a function at every `ka`. */
  onKeepAlive(listener: () => void): void;
  /** The next frame that has not been taken. @throws Error when the connection closes first. */
  next(): Promise<Frame>;
  /** Sends `start` and gives the answer to it. */
  start(id: string, query: string, more?: StartOptions): Promise<Frame>;
  /** The code and the reason it was closed with. */
  readonly closed: Promise<readonly [number, string]>;
  close(): Promise<void>;
}

/** What a `start` may say beside its query. */
export interface StartOptions {
  readonly variables?: Readonly<Record<string, unknown>>;
  /** The token; that of the connection without it, none when null. */
  readonly token?: string | null;
}

/** How a client connects. */
export interface ConnectOptions {
  /** Goes into the handshake and every `start`. */
  readonly token?: string;
  /** Where the handshake has its authorization: in the subprotocol, as Amplify does, unless `query`. */
  readonly by?: 'subprotocol' | 'query';
  readonly protocols?: readonly string[];
  readonly origin?: string;
  /** The headers of the handshake, and those of a `start` by its request, instead of a token's. */
  readonly authorize?: (data: string | undefined) => Readonly<Record<string, string>>;
}

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');

/**
 * Opens a WebSocket to a real-time endpoint.
 * @param url with `ws:`.
 * @throws Error when the server does not upgrade it.
 */
export async function connectRealtime(url: string, options: ConnectOptions = {}): Promise<RealtimeClient> {
  const { token, by = 'subprotocol', origin, authorize } = options;
  const { host } = new URL(url);
  const headers = authorize?.(undefined) ?? (token === undefined ? undefined : { Authorization: token, host });
  const inUrl = by === 'query' && headers !== undefined;
  const query = inUrl ? `?header=${encodeURIComponent(base64(headers))}&payload=${base64({})}` : '';
  const inProtocol =
    headers === undefined || inUrl ? [] : [`header-${Buffer.from(JSON.stringify(headers)).toString('base64url')}`];
  const protocols = options.protocols ?? ['graphql-ws', ...inProtocol];
  const socket = new WebSocket(`${url}${query}`, [...protocols], origin === undefined ? {} : { origin });
  const frames: Frame[] = [];
  const keepAlive: (() => void)[] = [];
  const waiting: { resolve: (frame: Frame) => void; reject: (error: Error) => void }[] = [];
  let taken = 0;
  socket.on('message', (data: Buffer) => {
    const frame = JSON.parse(data.toString()) as Frame;
    if (frame.type === 'ka') {
      for (const listener of keepAlive) listener();
      return;
    }
    frames.push(frame);
    const [first] = waiting.splice(0, 1);
    if (first === undefined) return;
    taken += 1;
    first.resolve(frame);
  });
  const closed = new Promise<readonly [number, string]>((resolve) => {
    socket.on('close', (code, reason) => {
      for (const each of waiting.splice(0)) each.reject(new Error(`closed: ${String(code)} ${reason.toString()}`));
      resolve([code, reason.toString()]);
    });
  });
  await once(socket, 'open');
  socket.on('error', () => undefined); // a server that is killed resets it; its close tells
  const send = (frame: unknown): void => {
    socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  };
  const next = (): Promise<Frame> => {
    const frame = frames[taken];
    if (frame !== undefined) {
      taken += 1;
      return Promise.resolve(frame);
    }
    return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  };
  return {
    frames,
    protocol: socket.protocol,
    send,
    onKeepAlive: (listener) => void keepAlive.push(listener),
    next,
    start(id, text, { variables = {}, token: own = token } = {}) {
      const data = JSON.stringify({ query: text, variables });
      const byToken = own === null || own === undefined ? {} : { Authorization: own, host };
      const authorization = authorize?.(data) ?? byToken;
      send({ id, type: 'start', payload: { data, extensions: { authorization } } });
      return next();
    },
    closed,
    async close() {
      socket.close();
      await closed;
    },
  };
}
