import { randomUUID } from 'node:crypto';
import { stringifyJson } from '../fhir/json.js';
import { OperationOutcomeError, outcome, type OperationOutcome } from '../fhir/outcome.js';
import type { FhirVersion } from '../fhir/version.js';
import { withoutWords } from '../fhir/without-words.js';
import { UnreadableVersion } from '../persistence/unreadable-version.js';
import { jsonAnswer, type RestAnswer } from './answer.js';

/** Where unexpected errors are told; pino's loggers fit. */
export interface ErrorLog {
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** A failure as a client may see it. */
export interface Failure {
  readonly status: number;
  readonly outcome: OperationOutcome;
}

/**
 * What a client may know of a failure. An unexpected one is masked and logged, by an id the client can name:
 * its name, code and stack, never its message, which may quote a resource or a query.
 * @param version of FHIR whose codes it is told by.
 */
export function failureOf(error: unknown, log: ErrorLog, version?: FhirVersion): Failure {
  if (error instanceof OperationOutcomeError) return { status: error.status, outcome: outcome(error.issues, version) };
  const id = logUnexpected(error, log, 'unexpected error');
  const what =
    error instanceof UnreadableVersion
      ? 'The content of a resource that this request needs is stored no more: the same request fails until it is restored'
      : 'Something went wrong on the server, not with the request';
  const diagnostics = `${what} (${id})`;
  return { status: 500, outcome: outcome([{ severity: 'fatal', code: 'exception', diagnostics }]) };
}

/**
 * Logs an error that nobody expected: its name, code and stack, never its message, which may quote a resource.
 * @returns the id it is logged under.
 */
export function logUnexpected(error: unknown, log: ErrorLog, message: string): string {
  const id = randomUUID();
  log.error({ id, ...withoutWords(error) }, message);
  return id;
}

/**
 * The answer to a request that failed.
 * @param version of FHIR that was asked; absent where the request is about none.
 */
export function errorAnswer(
  error: unknown,
  log: ErrorLog,
  headers: Readonly<Record<string, string>> = {},
  version?: FhirVersion,
): RestAnswer {
  const { status, outcome: explained } = failureOf(error, log, version);
  return jsonAnswer(status, stringifyJson(explained), {
    ...headers,
    ...(error instanceof OperationOutcomeError && error.versionId !== undefined
      ? { ETag: `W/"${String(error.versionId)}"` }
      : {}),
    ...(status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
    ...(status === 503 ? { 'Retry-After': '1' } : {}),
    ...(error instanceof OperationOutcomeError && error.retryAfter !== undefined
      ? { 'Retry-After': String(error.retryAfter) }
      : {}),
  });
}
