import { randomUUID } from 'node:crypto';
import express, { type ErrorRequestHandler, type Request, type RequestHandler, type Response } from 'express';
import { OperationOutcomeError } from '../../fhir/outcome.js';
import { parseUniqueJson } from '../../fhir/json.js';
import { type AppSyncCaller, AuthenticationError } from './authorization/modes.js';
import type { AppSyncRequest, AppSyncRuntime } from './create-api.js';
import { errorTypes } from './error-json.js';

/** What the HTTP face of an API needs. */
export interface AppSyncHttpOptions {
  readonly runtime: () => Promise<AppSyncRuntime>;
  /** Who asks; throws AuthenticationError, or OperationOutcomeError 401, when nobody is known by the request. */
  readonly authenticate: (request: Request) => Promise<AppSyncCaller>;
  /** What Lambda functions in this process are given beside the event. */
  readonly lambdaContext?: (request: Request) => unknown;
  /** Whether `authenticate` needs the body, then in `request.body` as text: a signature is over it. */
  readonly signed?: boolean;
  /** Told of failures nobody expected; nothing of the request is in them. */
  readonly onFailure: (error: unknown) => void;
  /** The greatest body in bytes, decompressed; AppSync takes 1 MB, 10 MiB unless given so that large resources can be tried. */
  readonly bodyLimit?: number;
}

const malformed = 'MalformedHttpRequestException';

function fail(response: Response, status: number, errorType: string, message: string): void {
  response.status(status).json({ errors: [{ errorType, message }] });
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What the body asks, or what is wrong with it. */
function readRequest(text: string): Pick<AppSyncRequest, 'query' | 'variables' | 'operationName'> | string {
  const body = parseUniqueJson(text);
  if (!isRecord(body)) return 'Request body must be a JSON object.';
  const { query, variables, operationName } = body;
  if (typeof query !== 'string' || query.trim() === '') return 'Unable to parse GraphQL query.';
  if (variables !== undefined && variables !== null && !isRecord(variables)) return 'Variables must be a JSON object.';
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string') {
    return 'The operation name must be a string.';
  }
  return {
    query,
    ...(isRecord(variables) ? { variables } : {}),
    ...(typeof operationName === 'string' && operationName !== '' ? { operationName } : {}),
  };
}

/**
 * The HTTP face of an AppSync API: POST with a JSON body, answered 200 also when the query has errors.
 * https://docs.aws.amazon.com/appsync/latest/devguide/troubleshooting-and-common-mistakes.html
 * @returns Express handlers, to be mounted one after the other at the API's path.
 */
export function appSyncHttp(options: AppSyncHttpOptions): (RequestHandler | ErrorRequestHandler)[] {
  const callers = new WeakMap<object, AppSyncCaller>();
  const admit: RequestHandler = async (request, response, next) => {
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('x-amzn-RequestId', randomUUID());
    if (request.method !== 'POST') {
      response.setHeader('Allow', 'POST, OPTIONS');
      fail(response, 405, malformed, `GraphQL is asked by POST, not by ${request.method}.`);
      return;
    }
    callers.set(request, await options.authenticate(request));
    next();
  };
  const answer: RequestHandler = async (request, response) => {
    const asked = readRequest(typeof request.body === 'string' ? request.body : '');
    if (typeof asked === 'string') {
      fail(response, 400, malformed, asked);
      return;
    }
    const runtime = await options.runtime();
    const headers = new Map<string, string>();
    const answered = await runtime.execute({
      identity: null,
      ...asked,
      ...callers.get(request),
      headers: request.headers,
      lambdaContext: options.lambdaContext?.(request),
      onEffect(effect) {
        if (effect.kind === 'responseHeader') headers.set(effect.name, effect.value);
      },
    });
    setResponseHeaders(response, headers);
    // Not by response.json(), which would hash the answer for an ETag that a POST has no use for.
    response.setHeader('Content-Type', 'application/json; charset=utf-8');
    response.end(answered.text ?? JSON.stringify(answered));
  };
  const explain: ErrorRequestHandler = (error: unknown, _request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    failWith(response, error, options.onFailure);
  };
  const readText = express.text({
    type: () => true,
    limit: options.bodyLimit ?? 10 * 2 ** 20,
    defaultCharset: 'utf-8',
  });
  return options.signed === true ? [readText, admit, answer, explain] : [admit, readText, answer, explain];
}

/** The most characters of names and values of custom headers. https://docs.aws.amazon.com/appsync/latest/devguide/http-helpers-in-utils-http-js.html */
const maxHeaderCharacters = 4096;

/** Headers by util.http.addResponseHeader, each as last given; none of them when they are too large together. */
function setResponseHeaders(response: Response, headers: ReadonlyMap<string, string>): void {
  const characters = [...headers].reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (characters > maxHeaderCharacters) return;
  for (const [name, value] of headers) response.setHeader(name, value);
}

function failWith(response: Response, error: unknown, onFailure: (error: unknown) => void): void {
  if (error instanceof AuthenticationError) {
    fail(response, error.status, error.errorType, error.message);
    return;
  }
  if (error instanceof OperationOutcomeError) {
    if (error.status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
    if (error.retryAfter !== undefined) response.setHeader('Retry-After', String(error.retryAfter));
    fail(response, error.status, errorTypes[error.status] ?? malformed, error.message);
    return;
  }
  const { status, message } = error as { status?: unknown; message?: unknown };
  if (typeof status === 'number' && status >= 400 && status < 500 && typeof message === 'string') {
    fail(response, status, malformed, message);
    return;
  }
  onFailure(error);
  fail(response, 500, 'InternalFailure', 'An internal failure occurred.');
}
