import { Agent, request as httpRequest } from 'node:http';

/** An answer, its body read as JSON. */
export interface JsonAnswer<Body = unknown> {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
  /** Undefined when it is no JSON. */
  readonly json: Body;
}

/** What is asked; `body` goes as JSON, `headers` may say of which kind. */
export interface JsonRequest {
  readonly method: string;
  /** From the root: `/r4/Patient/1`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A client with a connection of its own, which stays open. */
export interface JsonClient {
  /** @throws when the connection ends before all of the answer came: nobody knows what became of the request then. */
  ask<Body = unknown>(request: JsonRequest): Promise<JsonAnswer<Body>>;
  close(): void;
}

/** Connects to a server on this machine. */
export function jsonClient(port: number, token: string): JsonClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    ask: ({ method, path, headers, body }) =>
      new Promise((resolve, reject) => {
        const text = body === undefined ? undefined : JSON.stringify(body);
        const all = {
          authorization: `Bearer ${token}`,
          ...(text === undefined ? {} : { 'content-type': 'application/fhir+json' }),
          ...headers,
        };
        const sent = httpRequest({ host: '127.0.0.1', port, agent, method, path, headers: all }, (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('error', reject);
          answer.on('end', () => {
            const told = Buffer.concat(chunks).toString();
            const isJson = /[/+]json/.test(answer.headers['content-type'] ?? '');
            const json: unknown = isJson && told !== '' ? JSON.parse(told) : undefined;
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: told, json: json as never });
          });
        });
        sent.on('error', reject);
        sent.end(text);
      }),
    close() {
      agent.destroy();
    },
  };
}

/** A server of this machine, and a token for it. */
export interface Served {
  readonly port: number;
  readonly token: string;
}

/** So many clients, one at least, each of one of the servers in turn. @throws Error when there is no server. */
export function jsonClients(servers: readonly Served[], count: number): readonly [JsonClient, ...JsonClient[]] {
  const connect = (at: number): JsonClient => {
    const server = servers[at % servers.length];
    if (server === undefined) throw new Error('There is no server to connect to');
    return jsonClient(server.port, server.token);
  };
  return [connect(0), ...Array.from({ length: count - 1 }, (_, at) => connect(at + 1))];
}

/** The id in a Location, `…/Patient/1/_history/1`. */
export const idIn = (location: unknown): string | undefined =>
  typeof location === 'string' ? /([^/]+)\/_history\/\d+$/.exec(location)?.[1] : undefined;
