import { once } from 'node:events';
import { WebSocket } from 'ws';

/** A version of a resource that a subscription was told of. */
export interface Told {
  readonly type: string;
  readonly id: string;
  readonly versionId: string;
}

/** A subscription to changes, over a connection of its own. */
export interface Subscriber {
  /** Resolves when it is told of anything, or closed. */
  next(): Promise<void>;
  close(): Promise<void>;
}

interface Frame {
  readonly type: string;
  readonly payload?: { readonly data?: { readonly onResourceChanged?: Told } };
}

/**
 * Subscribes to the changes of a type by AppSync's real-time protocol.
 * @param endpoint its URL, with `ws:`.
 * @param tell is told each change.
 * @returns when the server has acknowledged it.
 * @throws Error when the server refuses it, or ends the connection before.
 */
export async function subscribe(
  endpoint: string,
  token: string,
  type: string,
  tell: (told: Told) => void,
): Promise<Subscriber> {
  const authorization = { Authorization: token, host: new URL(endpoint).host };
  const header = Buffer.from(JSON.stringify(authorization)).toString('base64url');
  const socket = new WebSocket(endpoint, ['graphql-ws', `header-${header}`]);
  let waiting: (() => void)[] = [];
  const wake = (): void => {
    const woken = waiting;
    waiting = [];
    for (const resolve of woken) resolve();
  };
  const acknowledged = new Promise<void>((resolve, reject) => {
    socket.on('message', (data: Buffer) => {
      const { type: kind, payload } = JSON.parse(data.toString()) as Frame;
      if (kind === 'start_ack') resolve();
      else if (kind === 'error' || kind === 'connection_error') reject(new Error(data.toString()));
      const change = payload?.data?.onResourceChanged;
      if (change === undefined) return;
      tell(change);
      wake();
    });
    socket.on('error', reject);
    socket.on('close', (code) => {
      reject(new Error(`The connection of a subscription was closed (${String(code)})`));
      wake();
    });
  });
  await Promise.race([once(socket, 'open'), acknowledged]);
  const query = `subscription { onResourceChanged(type: ${type}) { type id versionId } }`;
  const data = JSON.stringify({ query, variables: {} });
  socket.send(JSON.stringify({ id: '1', type: 'start', payload: { data, extensions: { authorization } } }));
  await acknowledged;
  return {
    next: () => new Promise((resolve) => waiting.push(resolve)),
    async close() {
      if (socket.readyState === WebSocket.CLOSED) return;
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}
