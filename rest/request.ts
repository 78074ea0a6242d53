import type { Request, Response } from 'express';
import type { Principal } from '../auth/principal.js';
import type { FhirServer } from '../interactions/server.js';
import type { ReadBody, ReadBytes } from './body.js';
import type { ErrorLog } from './errors.js';
import type { Route } from './routes.js';

/** What answering needs besides the request. */
export interface RestContext {
  readonly server: FhirServer;
  readonly readBody: ReadBody;
  readonly readBytes: ReadBytes;
  readonly log: ErrorLog;
}

/** A request as far as it is understood already. */
export interface RestRequest {
  readonly http: Request;
  readonly response: Response;
  readonly baseUrl: string;
  readonly route: Route;
  readonly query: string;
  readonly parameters: URLSearchParams;
  readonly principal: Principal;
}
