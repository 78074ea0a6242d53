import type { Pool } from 'undici';

/** One HTTP request of a load. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: string;
}

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly location: string | undefined;
}

/** The figures of one load: answers per second counted, latencies in milliseconds, bytes per answer. */
export interface Figures {
  readonly load: string;
  readonly concurrency: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly bytes: number;
  readonly failed: number;
  readonly firstFailure?: string;
}

/** What a FHIR request says of itself, and whose it is. */
export const fhirHeaders = (token: string | undefined): Record<string, string> => ({
  'content-type': 'application/fhir+json',
  accept: 'application/fhir+json',
  ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
});

/** Sends one request. */
export async function send(pool: Pool, headers: Record<string, string>, call: Call): Promise<Answer> {
  const reply = await pool.request({
    method: call.method,
    path: call.path,
    headers,
    ...(call.body === undefined ? {} : { body: call.body }),
  });
  const { location } = reply.headers;
  return {
    status: reply.statusCode,
    text: await reply.body.text(),
    location: typeof location === 'string' ? location : undefined,
  };
}

const rounded = (value: number): number => Math.round(value * 10) / 10;

/** Latencies' percentile in milliseconds, 0 when there are none. */
export function percentile(sorted: readonly number[], share: number): number {
  return rounded(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
}

/**
 * Sends requests from several workers for some seconds, after two seconds that do not count.
 * @param next makes the request number `i` of a worker.
 * @returns the figures; a status of 300 or more, or a GraphQL error, counts as failed.
 */
export async function measure(
  name: string,
  options: { pool: Pool; headers: Record<string, string>; concurrency: number; seconds: number },
  next: (worker: number, i: number) => Call,
): Promise<Figures> {
  const latencies: number[] = [];
  let counting = false;
  let stopped = false;
  let bytes = 0;
  let failed = 0;
  let firstFailure: string | undefined;
  const isStopped = (): boolean => stopped;
  const work = async (worker: number): Promise<void> => {
    for (let i = 0; !isStopped() && failed < 200; i += 1) {
      const begun = performance.now();
      const answer = await send(options.pool, options.headers, next(worker, i));
      if (!counting) continue;
      if (answer.status < 300 && !answer.text.startsWith('{"errors')) {
        latencies.push(performance.now() - begun);
        bytes += answer.text.length;
      } else {
        failed += 1;
        firstFailure ??= `${String(answer.status)} ${answer.text.slice(0, 300)}`;
      }
    }
  };
  const workers = Array.from({ length: options.concurrency }, (_, worker) => work(worker));
  await new Promise((done) => setTimeout(done, 2000));
  counting = true;
  const begun = performance.now();
  await new Promise((done) => setTimeout(done, options.seconds * 1000));
  const seconds = (performance.now() - begun) / 1000;
  const counted = latencies.length;
  stopped = true;
  counting = false;
  await Promise.all(workers);
  latencies.sort((a, b) => a - b);
  return {
    load: name,
    concurrency: options.concurrency,
    perSecond: rounded(counted / seconds),
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    bytes: Math.round(bytes / Math.max(1, counted)),
    failed,
    ...(firstFailure === undefined ? {} : { firstFailure }),
  };
}
