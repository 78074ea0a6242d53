import type { ClientRequest } from 'node:http';
import { guardedRequests, type Resolve } from '../persistence/guarded-request.js';
import { type AllowedEndpoints, refusalOf, requireAllowed } from './endpoint.js';

/** A request to a subscriber's endpoint. */
export interface HookRequest {
  readonly endpoint: string;
  /** Names and values that the subscription gives. */
  readonly headers: readonly (readonly [string, string])[];
  readonly method: 'POST' | 'PUT' | 'HEAD';
  /** What follows the endpoint, such as `Observation/1`. */
  readonly path?: string;
  readonly body?: { readonly text: string; readonly mediaType: string };
}

/** Sends a request to a subscriber's endpoint and gives the status it was answered with. */
export type SendHook = (request: HookRequest, signal: AbortSignal) => Promise<number>;

/** How long an endpoint may take to answer, in milliseconds. */
const patience = 10_000;

/**
 * Sends to allowed endpoints only. Redirections are not followed: where they lead is not what was allowed.
 * @param lookup by which names become addresses; the system's without it.
 * @returns resolves to the status; rejects with EndpointRefused, or when there is no answer in time.
 */
export function restHook(allowed: AllowedEndpoints, lookup?: Resolve): SendHook {
  const request = guardedRequests((address) => refusalOf(allowed, address), lookup);
  return async ({ endpoint, headers, method, path, body }, stop) => {
    const url = requireAllowed(endpoint, allowed);
    if (path !== undefined) url.pathname = `${url.pathname.replace(/\/+$/, '')}/${path}`;
    const bytes = body === undefined ? undefined : Buffer.from(body.text);
    const sending = request(url, {
      method,
      signal: stop,
      headers: {
        ...Object.fromEntries(headers),
        'User-Agent': 'fhir-on-appsync',
        ...(method === 'HEAD' ? {} : { 'Content-Length': String(bytes?.length ?? 0) }),
        ...(body === undefined ? {} : { 'Content-Type': body.mediaType }),
      },
    });
    // No AbortSignal.timeout() in AbortSignal.any(): Node 20 forgets it at a garbage collection.
    const timer = setTimeout(() => sending.destroy(new Error('no answer in time')), patience);
    sending.once('close', () => {
      clearTimeout(timer);
    });
    return answerTo(sending, bytes);
  };
}

const answerTo = (sending: ClientRequest, body: Buffer | undefined): Promise<number> =>
  new Promise((resolve, reject) => {
    sending.on('error', reject);
    sending.on('response', (response) => {
      const { statusCode = 0 } = response;
      response.on('error', () => undefined); // the status is all that counts, however the rest goes
      response.resume();
      resolve(statusCode);
    });
    sending.end(body);
  });
