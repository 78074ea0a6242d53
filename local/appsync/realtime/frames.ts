import type { AppSyncAnswer } from '../create-api.js';
import { readHeaders, type RealtimeHeaders } from './handshake.js';

/** What a client sends. https://docs.aws.amazon.com/appsync/latest/devguide/real-time-websocket-client.html */
export type ClientFrame =
  | { readonly type: 'connection_init' }
  | {
      readonly type: 'start';
      readonly id: string;
      readonly query: string;
      readonly variables?: Readonly<Record<string, unknown>>;
      readonly operationName?: string;
      /** The request as it came: a signature is over it. */
      readonly data: string;
      /** `extensions.authorization`; empty when there is none. */
      readonly headers: RealtimeHeaders;
    }
  | { readonly type: 'stop'; readonly id: string };

/** An error in a frame. */
export interface FrameError {
  readonly errorType: string;
  readonly message: string;
  readonly errorCode?: number;
}

/** What the server sends. */
export type ServerFrame =
  | { readonly type: 'connection_ack'; readonly payload: { readonly connectionTimeoutMs: number } }
  | { readonly type: 'connection_error'; readonly payload: { readonly errors: readonly FrameError[] } }
  | { readonly type: 'ka' }
  | { readonly type: 'start_ack' | 'complete'; readonly id: string }
  | { readonly type: 'data'; readonly id: string; readonly payload: AppSyncAnswer }
  | { readonly type: 'error'; readonly id?: string; readonly payload: { readonly errors: readonly object[] } };

/** A frame that cannot be taken: what the client is told, with the id of the subscription it meant. */
export interface RefusedFrame {
  readonly id?: string;
  readonly refused: FrameError;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const bad = (message: string, id?: string): RefusedFrame => ({
  ...(id === undefined ? {} : { id }),
  refused: { errorType: 'BadRequestException', message, errorCode: 400 },
});

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readStart(id: string, payload: unknown): ClientFrame | RefusedFrame {
  if (!isRecord(payload) || typeof payload['data'] !== 'string') {
    return bad('"payload.data" must be a string that holds a GraphQL request as JSON.', id);
  }
  const data = parse(payload['data']);
  if (!isRecord(data) || typeof data['query'] !== 'string') {
    return bad('"payload.data" must hold a GraphQL request as JSON, with "query" and "variables".', id);
  }
  const { query, variables, operationName } = data;
  const extensions = isRecord(payload['extensions']) ? payload['extensions'] : {};
  return {
    type: 'start',
    id,
    query,
    data: payload['data'],
    ...(isRecord(variables) ? { variables } : {}),
    ...(typeof operationName === 'string' && operationName !== '' ? { operationName } : {}),
    headers: readHeaders(extensions['authorization']) ?? {},
  };
}

/**
 * Reads what a client sent.
 * @param text a message of the WebSocket.
 * @returns the frame, or what is wrong with it.
 */
export function readFrame(text: string): ClientFrame | RefusedFrame {
  const frame = parse(text);
  if (!isRecord(frame)) return bad('A message must be a JSON object.');
  const { type, id } = frame;
  if (type === 'connection_init') return { type };
  if (type !== 'start' && type !== 'stop') {
    const message = `${typeof type === 'string' ? type : 'unknown'} not supported through the realtime channel`;
    return { refused: { errorType: 'UnsupportedOperation', message } };
  }
  if (typeof id !== 'string' || id === '' || id.length > 256)
    return bad('"id" must be a string of 1 to 256 characters.');
  return type === 'stop' ? { type, id } : readStart(id, frame['payload']);
}
