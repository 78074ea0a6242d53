import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import { OperationOutcomeError } from '../../../fhir/outcome.js';
import { AuthenticationError, type AppSyncCaller } from '../authorization/modes.js';
import type { AppSyncRuntime } from '../create-api.js';
import { errorTypes } from '../error-json.js';
import { type ClientFrame, type FrameError, readFrame, type ServerFrame } from './frames.js';
import { connectionHeaders, protocolsOf, type RealtimeHeaders, realtimeProtocol } from './handshake.js';
import type { RealtimeLimits } from './limits.js';

/** Who a token stands for, and until when. */
export interface RealtimeCaller extends AppSyncCaller {
  /** Milliseconds since 1970; without it the right does not end. */
  readonly until?: number;
}

/** What a connection works with. */
export interface ConnectionOptions {
  readonly runtime: () => Promise<AppSyncRuntime>;
  /**
   * Who asks, by the headers of the connection or of a subscription.
   * @param data the request of a subscription as it came; none of a connection.
   * @throws AuthenticationError, or OperationOutcomeError 401, when they do not say.
   */
  readonly authenticate: (
    headers: RealtimeHeaders,
    request: IncomingMessage,
    data: string | undefined,
  ) => Promise<RealtimeCaller>;
  /** Told of failures nobody expected; nothing of the request is in them. */
  readonly onFailure: (error: unknown) => void;
  readonly limits: RealtimeLimits;
  /** The clock, in milliseconds since 1970. */
  readonly now: () => number;
}

/** Close codes: a policy was broken (RFC 6455), and those of our own. */
const closeCodes = { refused: 1008, ended: 4401, slow: 4408 } as const;

/** setTimeout takes no longer delay. */
const longestDelay = 2 ** 31 - 1;

const errorTypeOf = (status: number): string =>
  errorTypes[status] ?? (status < 500 ? 'BadRequestException' : 'ServiceUnavailableException');

const frameError = (error: OperationOutcomeError): FrameError => ({
  errorType: errorTypeOf(error.status),
  message: error.message,
  errorCode: error.status,
});

const internalFailure: FrameError = {
  errorType: 'InternalFailure',
  message: 'An internal failure occurred.',
  errorCode: 500,
};

type Start = Extract<ClientFrame, { type: 'start' }>;
type Data = Extract<ServerFrame, { type: 'data' }>;

/** One subscription of a connection. */
interface ConnectionSubscription {
  /** Absent while it is being opened. */
  end?: () => void;
  /** Events that came before it was acknowledged. */
  readonly early: Data[];
}

/**
 * Serves one WebSocket from its handshake to its end. The connection is authorized by its handshake, each subscription
 * by its own `start`; when the first of these rights ends, the connection is closed, and clients connect anew.
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/real-time-websocket-client.html
 */
export function serveConnection(socket: WebSocket, request: IncomingMessage, options: ConnectionOptions): void {
  const { limits, onFailure } = options;
  const subscriptions = new Map<string, ConnectionSubscription>();
  const timers: NodeJS.Timeout[] = [];

  const send = (frame: ServerFrame): void => {
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > limits.maxWaitingBytes) {
      socket.close(closeCodes.slow, 'The client does not read');
      return;
    }
    socket.send(JSON.stringify(frame));
  };
  const refuse = (id: string | undefined, ...errors: readonly object[]): void => {
    send({ type: 'error', ...(id === undefined ? {} : { id }), payload: { errors } });
  };
  const refuseConnection = (error: FrameError): void => {
    send({ type: 'connection_error', payload: { errors: [error] } });
    socket.close(closeCodes.refused, error.errorType);
  };
  const explained = (error: unknown): FrameError => {
    if (error instanceof OperationOutcomeError) return frameError(error);
    if (error instanceof AuthenticationError) {
      return { errorType: errorTypeOf(401), message: error.message, errorCode: 401 };
    }
    onFailure(error);
    return internalFailure;
  };
  const endAt = (until: number, why: string): void => {
    const delay = Math.min(until - options.now(), longestDelay);
    timers.push(
      setTimeout(() => {
        socket.close(closeCodes.ended, why);
      }, delay).unref(),
    );
  };
  const endWithRight = ({ until }: RealtimeCaller): void => {
    if (until !== undefined) endAt(until, 'The token expired');
  };

  async function admit(): Promise<boolean> {
    if (!protocolsOf(request).includes(realtimeProtocol)) {
      const message = `The subprotocol ${realtimeProtocol} is missing.`;
      refuseConnection({ errorType: 'NoProtocolError', message, errorCode: 400 });
      return false;
    }
    try {
      const headers = connectionHeaders(request) ?? {};
      endWithRight(await options.authenticate(headers, request, undefined));
      return true;
    } catch (error) {
      refuseConnection(explained(error));
      return false;
    }
  }

  async function start({ id, headers, data, query, variables, operationName }: Start): Promise<void> {
    if (subscriptions.has(id)) {
      refuse(id, { errorType: 'DuplicatedOperationError', message: `There is a subscription ${id} already.` });
      return;
    }
    if (subscriptions.size >= limits.maxSubscriptions) {
      const message = `Max number of ${String(limits.maxSubscriptions)} subscriptions reached`;
      refuse(id, { errorType: 'MaxSubscriptionsReachedError', message });
      return;
    }
    const own: ConnectionSubscription = { early: [] };
    subscriptions.set(id, own);
    try {
      const who = await options.authenticate(headers, request, data);
      const runtime = await options.runtime();
      const asked = { query, ...(variables && { variables }), ...(operationName && { operationName }) };
      const opened = await runtime.subscribe(
        { ...asked, ...who, headers },
        (payload) => {
          deliver(own, { type: 'data', id, payload });
        },
        () => {
          send({ type: 'complete', id });
          socket.close(closeCodes.ended, 'The subscription was invalidated');
        },
      );
      if ('errors' in opened) forget(id, own, opened.errors);
      else if (subscriptions.get(id) !== own)
        opened.end(); // stopped, or gone, meanwhile
      else {
        own.end = opened.end;
        endWithRight(who);
        send({ type: 'start_ack', id });
        for (const frame of own.early.splice(0)) deliver(own, frame);
      }
    } catch (error) {
      forget(id, own, [explained(error)]);
    }
  }

  /** A subscription that could not be opened; nothing is said when the client has stopped it meanwhile. */
  function forget(id: string, own: ConnectionSubscription, errors: readonly object[]): void {
    if (subscriptions.get(id) !== own) return;
    subscriptions.delete(id);
    refuse(id, ...errors);
  }

  /** AppSync drops what is larger than a message may be. */
  function deliver(own: ConnectionSubscription, frame: Data): void {
    if (own.end === undefined) own.early.push(frame);
    else if (Buffer.byteLength(JSON.stringify(frame)) <= limits.maxMessageBytes) send(frame);
  }

  function stop(id: string): void {
    if (!subscriptions.has(id)) {
      refuse(id, { errorType: 'UnknownOperationError', message: `There is no subscription ${id}.` });
      return;
    }
    subscriptions.get(id)?.end?.();
    subscriptions.delete(id);
    send({ type: 'complete', id });
  }

  const admitted = admit();
  async function take(text: string): Promise<void> {
    if (!(await admitted)) return;
    const frame = readFrame(text);
    if ('refused' in frame) refuse(frame.id, frame.refused);
    else if (frame.type === 'stop') stop(frame.id);
    else if (frame.type === 'start') await start(frame);
    else {
      const { connectionTimeoutMs } = limits;
      send({ type: 'connection_ack', payload: { connectionTimeoutMs } });
      send({ type: 'ka' });
    }
  }

  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) refuse(undefined, { errorType: 'UnsupportedOperation', message: 'Messages must be text.' });
    else void take(data.toString('utf8'));
  });
  socket.on('error', () => {
    socket.terminate(); // a frame too large, or none of the protocol: ws has closed it with the code that says so
  });
  socket.on('close', () => {
    timers.forEach(clearTimeout);
    for (const { end } of subscriptions.values()) end?.();
    subscriptions.clear();
  });
  timers.push(setInterval(send, limits.keepAliveMs, { type: 'ka' } satisfies ServerFrame).unref());
  endAt(options.now() + limits.lifeMs, 'A connection lives 24 hours');
}
