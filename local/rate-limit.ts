import type { TokenVerifier } from '../auth/verify-token.js';
import { tooManyRequests } from '../fhir/outcome.js';
import { createBuckets } from './buckets.js';

/**
 * Lets each caller (a subject with a client) ask so often only, on whatever face; twice as often for a second. What a
 * deployment has of API Gateway and AppSync.
 * @param perSecond requests; any number without it.
 * @param now the clock, in milliseconds since 1970.
 * @returns the check of tokens, which throws 429 as well.
 */
export function rateLimited(
  authenticate: TokenVerifier,
  perSecond: number | undefined,
  now: () => number = Date.now,
): TokenVerifier {
  if (perSecond === undefined) return authenticate;
  const buckets = createBuckets(2 * perSecond, perSecond, now);
  return async (authorization) => {
    const verified = await authenticate(authorization);
    const { subject, clientId } = verified.principal;
    if (!buckets.take(`${clientId} ${subject}`)) {
      throw tooManyRequests(`More than ${String(perSecond)} requests a second: wait a second`, 1);
    }
    return verified;
  };
}
