import type { ErrorRequestHandler } from 'express';
import { invalidRequest } from '../fhir/outcome.js';
import { type ErrorLog, errorAnswer, logUnexpected } from './errors.js';
import { send } from './send.js';

/**
 * Answers with an outcome what Express throws before a route is found, such as for a path with `%E0`, in place of its own page,
 * which tells where files lie. To be used behind everything else.
 */
export const refusedByExpress =
  (log: ErrorLog): ErrorRequestHandler =>
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- Express knows handlers of errors by their four parameters
  async (error: unknown, request, response, _next) => {
    if (response.headersSent) {
      logUnexpected(error, log, 'an answer broke off'); // Express itself would print the message
      response.destroy();
      return;
    }
    const isPath = error instanceof URIError;
    const answer = errorAnswer(isPath ? invalidRequest('The path has a "%" that stands for no character') : error, log);
    await send(response, answer, { method: request.method, acceptEncoding: request.get('accept-encoding') });
  };
