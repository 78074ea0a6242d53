import type { RequestHandler } from 'express';
import { strictTransport } from '../rest/security-headers.js';
import { isOfThisMachine } from './loopback-only.js';

/**
 * Tells browsers to ask this host by TLS alone, where clients reach it so. Not of the names of this machine: a browser
 * would hold to it for every port of `localhost`, where other programs speak plain http.
 * https://www.rfc-editor.org/rfc/rfc6797
 */
export const withStrictTransport: RequestHandler = (request, response, next) => {
  const asked = `http://${request.headers.host ?? ''}`;
  if (!isOfThisMachine(asked) && !/\.localhost(?::\d+)?$/i.test(asked)) response.set(strictTransport);
  next();
};
