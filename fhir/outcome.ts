import type { FhirVersion } from './version.js';

/** An OperationOutcome issue. https://hl7.org/fhir/R4/operationoutcome.html */
export interface OutcomeIssue {
  severity: 'fatal' | 'error' | 'warning' | 'information';
  /** A code of http://hl7.org/fhir/ValueSet/issue-type. */
  code: string;
  diagnostics?: string;
  /** FHIRPath of the places meant, or `http.<header>` for a header. */
  expression?: string[];
  /** The same as XPath, which STU3 asks for. https://hl7.org/fhir/STU3/operationoutcome-definitions.html#OperationOutcome.issue.location */
  location?: string[];
}

/** The resource that explains an error or a success. */
export interface OperationOutcome {
  resourceType: 'OperationOutcome';
  issue: OutcomeIssue[];
}

/** An expected failure of an interaction: what is wrong, where, and the HTTP status the FHIR specification gives it. */
export class OperationOutcomeError extends Error {
  override readonly name = 'OperationOutcomeError';
  readonly status: number;
  readonly issues: readonly OutcomeIssue[];
  /** The version of the resource that it is about, where that has one: a deletion is a version too. */
  readonly versionId?: number;
  /** After how many seconds the same request may succeed, where that is known. */
  readonly retryAfter?: number;
  constructor(status: number, issues: readonly OutcomeIssue[], versionId?: number) {
    super(issues.map((issue) => issue.diagnostics ?? issue.code).join('; '));
    this.status = status;
    this.issues = issues;
    if (versionId !== undefined) this.versionId = versionId;
  }

  /** The same failure told by other issues, such as ones that name the place in the whole that it happened at. */
  withIssues(issues: readonly OutcomeIssue[]): OperationOutcomeError {
    const told = new OperationOutcomeError(this.status, issues, this.versionId);
    return this.retryAfter === undefined ? told : Object.assign(told, { retryAfter: this.retryAfter });
  }
}

const error = (status: number, code: string, diagnostics: string, expression?: string): OperationOutcomeError =>
  new OperationOutcomeError(status, [
    { severity: 'error', code, diagnostics, ...(expression === undefined ? {} : { expression: [expression] }) },
  ]);

/** Codes of R4 that STU3 has not, by those above them: a client that knows STU3's would not read the others. */
const stu3Codes: ReadonlyMap<string, string> = new Map([
  ['deleted', 'not-found'],
  ['multiple-matches', 'processing'],
]);

/**
 * The OperationOutcome of issues. https://hl7.org/fhir/STU3/valueset-issue-type.html
 * @param version whose codes it has; R4's, without one.
 */
export const outcome = (issues: readonly OutcomeIssue[], version?: FhirVersion): OperationOutcome => ({
  resourceType: 'OperationOutcome',
  issue:
    version === 'stu3'
      ? issues.map((issue) => ({ ...issue, code: stu3Codes.get(issue.code) ?? issue.code }))
      : [...issues],
});

/** 404: there is no such resource, type or version. */
export const notFound = (what: string): OperationOutcomeError => error(404, 'not-found', `${what} is not known`);

/** 410: the resource was deleted, by the version `versionId` where that is known. */
export const gone = (what: string, versionId?: number): OperationOutcomeError =>
  new OperationOutcomeError(
    410,
    [{ severity: 'error', code: 'deleted', diagnostics: `${what} was deleted` }],
    versionId,
  );

/** 400: the request cannot be understood. `expression` names the place. */
export const invalidRequest = (diagnostics: string, expression?: string): OperationOutcomeError =>
  error(400, 'invalid', diagnostics, expression);

/** 400: the request names something this server does not support. */
export const notSupported = (diagnostics: string, expression?: string): OperationOutcomeError =>
  error(400, 'not-supported', diagnostics, expression);

/** 409: another write got in between. */
export const conflict = (diagnostics: string, expression?: string): OperationOutcomeError =>
  error(409, 'conflict', diagnostics, expression);

/**
 * The version in If-Match is not the current one: 412, in STU3 409.
 * https://hl7.org/fhir/R4/http.html#concurrency https://hl7.org/fhir/STU3/http.html#concurrency
 */
export const versionConflict = (version: FhirVersion, diagnostics: string): OperationOutcomeError =>
  error(version === 'stu3' ? 409 : 412, 'conflict', diagnostics, 'http.If-Match');

/** 412: criteria of a conditional interaction match more than one resource. */
export const multipleMatches = (diagnostics: string, expression?: string): OperationOutcomeError =>
  error(412, 'multiple-matches', diagnostics, expression);

/** 412: criteria that must match one resource match none. */
export const noMatch = (diagnostics: string, expression?: string): OperationOutcomeError =>
  error(412, 'not-found', diagnostics, expression);

/** 401: no token, or one that does not count; `diagnostics` says why. */
export const unauthenticated = (diagnostics: string): OperationOutcomeError => error(401, 'login', diagnostics);

/** 403: the principal may not do this. */
export const forbidden = (diagnostics: string): OperationOutcomeError => error(403, 'forbidden', diagnostics);

/** 405: the interaction does not exist at this place. */
export const methodNotAllowed = (diagnostics: string): OperationOutcomeError =>
  error(405, 'not-supported', diagnostics);

/** 501: FHIR has this interaction, this server does not. */
export const notImplemented = (diagnostics: string): OperationOutcomeError => error(501, 'not-supported', diagnostics);

/** 406: none of the accepted formats can be answered. */
export const notAcceptable = (diagnostics: string, expression: string): OperationOutcomeError =>
  error(406, 'not-supported', diagnostics, expression);

/** 413: more than this server takes in one request. */
export const tooCostly = (diagnostics: string, expression?: string): OperationOutcomeError =>
  error(413, 'too-costly', diagnostics, expression);

/** 415: the body's media type is not one that is read. */
export const unsupportedMediaType = (diagnostics: string, expression = 'http.Content-Type'): OperationOutcomeError =>
  error(415, 'not-supported', diagnostics, expression);

/** 429: more than one caller may have under way; the same request may succeed after so many seconds. */
export const tooManyRequests = (diagnostics: string, retryAfter = 30): OperationOutcomeError =>
  Object.assign(error(429, 'throttled', diagnostics), { retryAfter });

/** 503: something this server depends on does not answer; the same request may succeed later. */
export const unavailable = (diagnostics: string): OperationOutcomeError => error(503, 'transient', diagnostics);

/** 507: the disk is full; the same request may succeed after so many seconds, when there is room again. */
export const outOfSpace = (diagnostics: string, retryAfter = 30): OperationOutcomeError =>
  Object.assign(error(507, 'no-store', diagnostics), { retryAfter });

/** 500: what was begun could not be done; `diagnostics` says why. */
export const failed = (diagnostics: string): OperationOutcomeError => error(500, 'processing', diagnostics);

/** 500: a resource is stored and its content is not there any more: the same request fails until it is restored. */
export const contentLost = (what: string): OperationOutcomeError =>
  new OperationOutcomeError(500, [
    {
      severity: 'fatal',
      code: 'exception',
      diagnostics: `${what} is stored, but its content is missing: nothing is wrong with the request, and it fails until the content is restored`,
    },
  ]);

/** 422: understood, but what it asks for cannot be worked out; `code` says why. */
export const unprocessable = (code: string, diagnostics: string, expression?: string): OperationOutcomeError =>
  error(422, code, diagnostics, expression);

/** 422: the resource breaks the rules of its type; one issue per broken rule. */
export const invalidResource = (issues: readonly OutcomeIssue[]): OperationOutcomeError =>
  new OperationOutcomeError(422, issues);

/** 422: a patch cannot be applied, or gives no valid resource; `expression` names the operation. */
export const patchFailed = (diagnostics: string, expression?: string): OperationOutcomeError =>
  error(422, 'processing', diagnostics, expression);

/** 412: something is there, or is not, that the request's preconditions exclude. */
export const preconditionFailed = (diagnostics: string, expression?: string): OperationOutcomeError =>
  error(412, 'conflict', diagnostics, expression);
