import express, { type Request, type RequestHandler, type Response } from 'express';
import { OperationOutcomeError } from '../../fhir/outcome.js';
import { parseJson } from '../../fhir/json.js';
import type { AppSyncRequest, AppSyncRuntime } from './create-api.js';

/** What the HTTP face of an API needs. */
export interface AppSyncHttpOptions {
  readonly runtime: () => Promise<AppSyncRuntime>;
  /** The identity behind a request's headers; throws OperationOutcomeError 401 when there is none. */
  readonly authenticate: (request: Request) => Promise<unknown>;
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
  const body = parseJson(text);
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
 * @returns Express handlers, to be mounted at the API's path.
 */
export function appSyncHttp(options: AppSyncHttpOptions): RequestHandler[] {
  const readText = express.text({
    type: () => true,
    limit: options.bodyLimit ?? 10 * 2 ** 20,
    defaultCharset: 'utf-8',
  });
  const answer = async (request: Request, response: Response): Promise<void> => {
    response.setHeader('Cache-Control', 'no-store');
    if (request.method !== 'POST') {
      response.setHeader('Allow', 'POST, OPTIONS');
      fail(response, 405, malformed, `GraphQL is asked by POST, not by ${request.method}.`);
      return;
    }
    try {
      const identity = await options.authenticate(request);
      await new Promise<void>((resolve, reject) => {
        readText(request, response, (error?: unknown) => {
          if (error === undefined) resolve();
          else reject(error instanceof Error ? error : new Error(String(error)));
        });
      });
      const asked = readRequest(typeof request.body === 'string' ? request.body : '');
      if (typeof asked === 'string') {
        fail(response, 400, malformed, asked);
        return;
      }
      const runtime = await options.runtime();
      const result = await runtime.execute({ ...asked, identity, headers: request.headers });
      response.json(result);
    } catch (error) {
      failWith(response, error, options.onFailure);
    }
  };
  return [(request, response, next) => void answer(request, response).catch(next)];
}

function failWith(response: Response, error: unknown, onFailure: (error: unknown) => void): void {
  if (error instanceof OperationOutcomeError) {
    if (error.status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
    const type = error.status === 401 ? 'UnauthorizedException' : malformed;
    fail(response, error.status, type, error.message);
    return;
  }
  const { status, message } = error as { status?: unknown; message?: unknown };
  if (typeof status === 'number' && status >= 400 && status < 500) {
    fail(response, status, malformed, String(message));
    return;
  }
  onFailure(error);
  fail(response, 500, 'InternalFailure', 'An internal failure occurred.');
}
