import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { buffer } from 'node:stream/consumers';

/** A call of an engine, as the proxy has it. */
export interface EngineCall {
  /** `GetItem`, `POST _search`, `PUT object`. */
  readonly operation: string;
  /** How many of this operation came before it. */
  readonly at: number;
  readonly path: string;
  readonly body: Buffer;
}

/** What an engine answers. */
export interface EngineAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What goes wrong with a call. */
export type Fault =
  /** It is answered by this, and never done. */
  | { readonly kind: 'answered'; readonly answer: EngineAnswer }
  /** The connection is dropped; it is never done. */
  | { readonly kind: 'dropped' }
  /** It is done, and the connection dropped before the answer. */
  | { readonly kind: 'unanswered' }
  /** It is done, and the answer breaks off half way. */
  | { readonly kind: 'cut off' }
  /** It is done, after so many milliseconds. */
  | { readonly kind: 'slow'; readonly milliseconds: number }
  /** Nothing happens until the client gives up. */
  | { readonly kind: 'silent' };

/** A server between the server under test and an engine, which has calls go wrong. */
export interface FaultProxy {
  readonly endpoint: string;
  /** Calls of each operation since the last time it was asked. */
  take(): Readonly<Record<string, number>>;
  /** How often each kind of fault was had, of all calls. */
  readonly faults: Readonly<Record<string, number>>;
  close(): Promise<void>;
}

/**
 * @param target of the engine, e.g. `http://127.0.0.1:8000`; a name in it, which chooses a database, is kept.
 * @param operationOf names a call.
 * @param faultOf decides what goes wrong with a call; nothing, when it gives undefined.
 */
export async function startFaultProxy(
  target: string,
  operationOf: (call: { method: string; path: string; headers: IncomingHttpHeaders }) => string,
  faultOf: (call: EngineCall) => Fault | undefined,
): Promise<FaultProxy> {
  const seen: Record<string, number> = {};
  const faults: Record<string, number> = {};
  let counts: Record<string, number> = {};

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/', headers } = incoming;
    const operation = operationOf({ method, path, headers });
    const at = seen[operation] ?? 0;
    seen[operation] = at + 1;
    counts[operation] = (counts[operation] ?? 0) + 1;
    const body = await buffer(incoming);
    const fault = faultOf({ operation, at, path, body });
    if (fault !== undefined) {
      const name = fault.kind === 'answered' ? `answered ${String(fault.answer.status)}` : fault.kind;
      faults[name] = (faults[name] ?? 0) + 1;
    }
    switch (fault?.kind) {
      case 'answered':
        outgoing.writeHead(fault.answer.status, fault.answer.headers);
        outgoing.end(fault.answer.body);
        return;
      case 'dropped':
        outgoing.destroy();
        return;
      case 'silent':
        return;
      case 'slow':
        await pause(fault.milliseconds);
    }
    const answer = await passOn(new URL(path, target), { method, headers, body });
    const bytes = await buffer(answer);
    if (fault?.kind === 'unanswered') {
      outgoing.destroy();
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    if (fault?.kind !== 'cut off') {
      outgoing.end(bytes);
      return;
    }
    outgoing.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => outgoing.destroy());
    if (bytes.length < 2) outgoing.destroy();
  }

  const server = createServer((incoming, outgoing) => {
    // A client that has gone away is told nothing.
    handle(incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const own = new URL(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
  own.username = new URL(target).username;
  return {
    endpoint: own.href.replace(/\/$/, ''),
    take() {
      const taken = counts;
      counts = {};
      return taken;
    },
    faults,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const passOn = (
  to: URL,
  { method, headers, body }: { method: string; headers: IncomingHttpHeaders; body: Buffer },
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    to.username = '';
    const passed = request(to, { method, headers, agent: false }, resolve);
    passed.on('error', reject);
    passed.end(body);
  });
