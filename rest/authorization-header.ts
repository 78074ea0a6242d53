import type { IncomingMessage } from 'node:http';
import { unauthenticated } from '../fhir/outcome.js';

/**
 * The text of the Authorization header. Of several Node keeps the first: whoever stands before this server may have looked
 * at another one, so none of them counts. Behind API Gateway they come joined, which is no token either.
 * @throws OperationOutcomeError 401 when there are several.
 */
export function authorizationOf({
  headers,
  rawHeaders,
}: Pick<IncomingMessage, 'headers' | 'rawHeaders'>): string | undefined {
  let times = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === 13 && name.toLowerCase() === 'authorization') times += 1;
  }
  if (times > 1) throw unauthenticated('The request has several Authorization headers: send one');
  return headers.authorization;
}
