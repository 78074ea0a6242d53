import { readConsistency, stronglyConsistent } from '../interactions/consistency.js';
import type { Consistency } from '../interactions/server.js';
import type { RestAnswer } from './answer.js';
import { logUnexpected } from './errors.js';
import type { RestContext, RestRequest } from './request.js';
import { respond } from './respond.js';

/**
 * Does the interaction a request asks for, with the consistency it asks for, and says what was kept.
 * @throws OperationOutcomeError as `respond`; 400 for a consistency that is none.
 */
export async function respondConsistently(context: RestContext, request: RestRequest): Promise<RestAnswer> {
  const asked = readConsistency(request.http.get('x-consistency'));
  if ((asked ?? context.server.consistency) !== 'strong') return respond(context, request);
  let kept: Consistency = 'strong';
  const server = stronglyConsistent(context.server, (error) => {
    kept = 'eventual';
    logUnexpected(error, context.log, 'searches may see a write later than was asked for');
  });
  const answer = await respond({ ...context, server }, request);
  return asked === undefined ? answer : { ...answer, headers: { ...answer.headers, 'X-Consistency': kept } };
}
