import type { IncomingMessage } from 'node:http';

/** Headers by their names in small letters. */
export type RealtimeHeaders = Readonly<Record<string, string>>;

/** The subprotocol every client asks for, beside the one that carries its authorization. */
export const realtimeProtocol = 'graphql-ws';

const headerPrefix = 'header-';

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The headers in an object a client sent, such as `{"Authorization": …, "host": …}`.
 * @returns undefined when it is no object; members that are no text are left out.
 */
export function readHeaders(given: unknown): RealtimeHeaders | undefined {
  if (!isRecord(given)) return undefined;
  const texts = Object.entries(given).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(texts.map(([name, value]) => [name.toLowerCase(), value]));
}

/** JSON in base64 or base64url, with or without padding; undefined for anything else. */
function readBase64Json(text: string): unknown {
  if (!/^[\w+/-]*={0,2}$/.test(text)) return undefined;
  try {
    return JSON.parse(Buffer.from(text, 'base64').toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The subprotocols that a request asks for. */
export const protocolsOf = (request: IncomingMessage): readonly string[] =>
  (request.headers['sec-websocket-protocol'] ?? '').split(',').map((protocol) => protocol.trim());

/**
 * The authorization of a connection: in the subprotocol `header-<base64url>`, or in the query string's `header`, beside
 * `payload`, an empty object.
 * @returns undefined when there is none, or what there is cannot be read.
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/real-time-websocket-client.html#handshake-details-to-establish-the-websocket-connection
 */
export function connectionHeaders(request: IncomingMessage): RealtimeHeaders | undefined {
  const inProtocol = protocolsOf(request).find((protocol) => protocol.startsWith(headerPrefix));
  if (inProtocol !== undefined) return readHeaders(readBase64Json(inProtocol.slice(headerPrefix.length)));
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const header = searchParams.get('header');
  const payload = searchParams.get('payload');
  if (header === null) return undefined;
  if (payload !== null && readHeaders(readBase64Json(payload)) === undefined) return undefined;
  return readHeaders(readBase64Json(header));
}
