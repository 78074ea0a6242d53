import { timeLeft } from '../fhir/deadline.js';
import { unavailable } from '../fhir/outcome.js';

/** The most a pause takes, in milliseconds. */
const longestPause = 400;

/** The error names of what may succeed later; the SDK has retried them by then. */
const transientNames = new Set([
  'AbortError',
  'TimeoutError',
  'ThrottlingException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'LimitExceededException',
  'InternalServerError',
  'ServiceUnavailable',
  'RequestTimeout',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
]);

/** Whether a call that failed this way may succeed later. */
function isTransient(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { name, code, $metadata } = error as {
    name?: string;
    code?: string;
    $metadata?: { httpStatusCode?: number };
  };
  return transientNames.has(name ?? '') || transientNames.has(code ?? '') || ($metadata?.httpStatusCode ?? 0) >= 500;
}

/** 503: nobody knows what became of a call. */
export const unanswered = (): Error =>
  unavailable('The database does not answer for now; a write under way may be done or not. Try again');

/** Calls DynamoDB or S3 within bounds of time. */
export interface Calls {
  /**
   * One call, given up when it takes too long; the SDK's own retries of throttled and failed requests are part of it.
   * @param send the call, to be given up by the signal.
   * @throws OperationOutcomeError 503 when there is no answer; other errors as they are.
   */
  once<Output>(send: (options: { abortSignal: AbortSignal }) => Promise<Output>): Promise<Output>;
  /**
   * Repeats what others got in the way of, with growing jitter, until it is done or time is up.
   * @param attempt gives its result, or undefined to be repeated.
   * @param giveUp makes the error to throw then.
   */
  repeat<Result>(attempt: () => Promise<Result | undefined>, giveUp: () => Error): Promise<Result>;
}

/**
 * Calls that take at most so long: once, the patience; repeated, twice that; and never longer than who asked for
 * them waits (`fhir/deadline.ts`).
 * @param patience milliseconds.
 * @param silence what a call is told as that got no answer.
 */
export const callsWithin = (patience: number, silence: () => Error = unanswered): Calls => ({
  async once(send) {
    const left = Math.min(patience, timeLeft());
    if (left <= 0) throw silence();
    try {
      return await send({ abortSignal: AbortSignal.timeout(Math.ceil(left)) });
    } catch (error) {
      if (!isTransient(error)) throw error;
      throw silence();
    }
  },
  async repeat(attempt, giveUp) {
    const end = Date.now() + Math.min(patience, timeLeft());
    for (let tries = 0; ; tries += 1) {
      const result = await attempt();
      if (result !== undefined) return result;
      const pause = Math.random() * Math.min(longestPause, 10 * 2 ** tries);
      if (Date.now() + pause > end) throw giveUp();
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  },
});
