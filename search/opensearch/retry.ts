import { setTimeout as pause } from 'node:timers/promises';
import { errors } from '@opensearch-project/opensearch';
import { timeLeft } from '../../fhir/deadline.js';
import { unavailable } from '../../fhir/outcome.js';

/** So often is tried what OpenSearch has no room for at the moment. */
const tries = 8;

/**
 * Answers by which OpenSearch, or what stands before it, says that it may do later what it cannot do now: throttling,
 * and whatever goes wrong on its side. What it does not understand it answers by 400.
 */
export const isBusy = (status: unknown): boolean => typeof status === 'number' && (status === 429 || status >= 500);

/**
 * Tries again while OpenSearch is busy, waiting longer each time: 50 ms to 3 s, half of it by chance.
 * @param attempt gives what is left to do; undefined when all is done. It is told whether it is the last one.
 * @param longest the most milliseconds to wait.
 * @throws OperationOutcomeError 503 when something is left after eight tries, or when who asked waits no longer; or what
 * the attempt throws.
 */
export async function untilDone<Left>(
  first: Left,
  attempt: (left: Left, isLast: boolean) => Promise<Left | undefined>,
  longest = 3_000,
): Promise<void> {
  let left: Left | undefined = first;
  for (let i = 0; i < tries; i += 1) {
    const waited = i === 0 ? 0 : Math.min(longest, 25 * 2 ** i) * (0.5 + Math.random() / 2);
    if (waited > timeLeft()) break;
    if (i > 0) await pause(waited);
    left = await attempt(left, i === tries - 1);
    if (left === undefined) return;
  }
  throw unavailable('The search index is busy and was tried again and again. Try again');
}

/**
 * What a failed call of OpenSearch is told as: 503 when it is busy or gives no answer, else the error itself.
 * https://docs.opensearch.org/2.19/api-reference/common-parameters/
 */
export function unlessUnreachable(error: unknown): unknown {
  const isUnreachable =
    error instanceof errors.ConnectionError ||
    error instanceof errors.TimeoutError ||
    error instanceof errors.DeserializationError || // an answer that broke off, or another one's
    error instanceof errors.NoLivingConnectionsError;
  const status = error instanceof errors.ResponseError ? error.statusCode : 0;
  return isUnreachable || isBusy(status) ? unavailable('The search index does not answer for now. Try again') : error;
}

/**
 * A call of OpenSearch that reads.
 * @throws OperationOutcomeError 503 when OpenSearch is busy or gives no answer.
 */
export async function asked<Answer>(call: Promise<Answer>): Promise<Answer> {
  try {
    return await call;
  } catch (error) {
    throw unlessUnreachable(error);
  }
}
