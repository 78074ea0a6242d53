import type { RequestHandler } from 'express';
import type { IncomingMessage } from 'node:http';
import { forbidden, outcome } from '../fhir/outcome.js';
import { fhirJson } from '../rest/answer.js';

const loopbackName = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i;

/** Whether a URL's or a Host header's name is one of this machine's own. */
export const isOfThisMachine = (url: string): boolean => URL.canParse(url) && loopbackName.test(new URL(url).hostname);

/** Whether a request comes from this machine's own pages, or from none, to one of its own names. */
export function isFromLoopback({ headers }: IncomingMessage): boolean {
  const { origin, host = '' } = headers;
  return (origin === undefined || isOfThisMachine(origin)) && isOfThisMachine(`http://${host}`);
}

/**
 * Keeps other sites' pages out of a server that asks for no token: a browser sends their requests to this machine, with
 * their `Origin`, or, when their name was made to point here, with their `Host`.
 */
export const loopbackOnly: RequestHandler = (request, response, next) => {
  if (isFromLoopback(request)) {
    next();
    return;
  }
  const { status, issues } = forbidden(
    'With AUTH=off only this machine is served: requests to another host name, or from another site’s pages, are refused',
  );
  response
    .status(status)
    .type(fhirJson)
    .send(JSON.stringify(outcome(issues)));
};
