import { Pool } from 'undici';

/** A request. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a request was answered. */
export interface Answered {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | undefined;
  /** Where what was begun is asked for. */
  readonly location?: string;
}

/** A client of a server whose engines are in trouble, which looks at every answer. */
export interface TroubledClient {
  /** @param statuses that may be answered beside 429 and 503. */
  send(statuses: readonly number[], asked: Asked): Promise<Answered>;
  /** Answers that no client should be given, with what was asked. */
  readonly wrong: string[];
  /** How often each status was answered. */
  readonly statuses: Readonly<Record<string, number>>;
  close(): Promise<void>;
}

/** So long API Gateway waits, in milliseconds. */
const gatewayWaits = 29_000;

/** @param base of the server, e.g. `http://127.0.0.1:3000`. */
export function troubledClient(base: string): TroubledClient {
  const pool = new Pool(base, { connections: 32, headersTimeout: 0, bodyTimeout: 0 });
  const wrong: string[] = [];
  const statuses: Record<string, number> = {};
  return {
    wrong,
    statuses,
    async send(allowed, { method, path, body, headers = {} }) {
      const asked = `${method} ${path.slice(0, 200)}`;
      let answered: Answered;
      try {
        const reply = await pool.request({
          method,
          path,
          signal: AbortSignal.timeout(gatewayWaits),
          headers: { 'content-type': 'application/fhir+json', ...headers },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        const { 'retry-after': retryAfter, 'content-location': location } = reply.headers;
        answered = {
          status: reply.statusCode,
          text: await reply.body.text(),
          retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
          ...(typeof location === 'string' ? { location } : {}),
        };
      } catch (error) {
        answered = { status: 0, text: String(error), retryAfter: undefined };
      }
      const { status, text, retryAfter } = answered;
      statuses[status] = (statuses[status] ?? 0) + 1;
      const isBusy = status === 503 || status === 429;
      if (!isBusy && !allowed.includes(status)) wrong.push(`${asked}: ${String(status)} ${text.slice(0, 300)}`);
      if (isBusy && !/^\d+$/.test(retryAfter ?? '')) wrong.push(`${asked}: ${String(status)} without Retry-After`);
      return answered;
    },
    close: () => pool.close(),
  };
}
