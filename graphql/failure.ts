import { getLocation, type ASTNode, type SourceLocation } from 'graphql';
import { invalidRequest, OperationOutcomeError, outcome, type OutcomeIssue } from '../fhir/outcome.js';
import type { FhirVersion } from '../fhir/version.js';
import type { GraphqlErrorJson } from '../interactions/graphql-call.js';

/** Where in the answer something is missing: response names, and places in lists. */
export type ResponsePath = readonly (string | number)[];

/** One error of an answer. https://hl7.org/fhir/R4/graphql.html#errors */
export interface GraphqlFailure {
  readonly error: OperationOutcomeError;
  readonly path: ResponsePath;
  readonly locations: readonly SourceLocation[];
}

/** Failures that end a request: nothing of it is answered. */
export class GraphqlRefusal extends Error {
  override readonly name = 'GraphqlRefusal';
  readonly failures: readonly GraphqlFailure[];
  constructor(failures: readonly GraphqlFailure[]) {
    super(failures.map(({ error }) => error.message).join('; '));
    this.failures = failures;
  }
}

/** The places of nodes in the document. */
export const locationsOf = (nodes: readonly ASTNode[]): SourceLocation[] =>
  nodes.flatMap(({ loc }) => (loc === undefined ? [] : [getLocation(loc.source, loc.start)]));

/** A failure at a field. */
export const failureAt = (
  error: OperationOutcomeError,
  path: ResponsePath,
  nodes: readonly ASTNode[] = [],
): GraphqlFailure => ({ error: namedAt(error, path), path, locations: locationsOf(nodes) });

/** Whether a failure is that a resource is not there, or not for the caller: the rest of an answer is right without it. */
export const isOfAbsence = ({ error }: GraphqlFailure): boolean => [403, 404, 410].includes(error.status);

/** A mistake in the document itself: 400, with the path as the issue's expression. */
export const mistakeAt = (message: string, path: ResponsePath, nodes: readonly ASTNode[] = []): GraphqlFailure =>
  failureAt(invalidRequest(message), path, nodes);

/** The path as text: `PatientList[3].managingOrganization`. */
export const pathText = (path: ResponsePath): string =>
  path
    .map((step, place) => (typeof step === 'number' ? `[${String(step)}]` : `${place === 0 ? '' : '.'}${step}`))
    .join('');

/** Issues that name no place get that of the field. */
function namedAt(error: OperationOutcomeError, path: ResponsePath): OperationOutcomeError {
  if (path.length === 0 || error.issues.every(({ expression }) => expression !== undefined)) return error;
  const expression = [pathText(path)];
  return error.withIssues(
    error.issues.map((issue): OutcomeIssue => ({ ...issue, expression: issue.expression ?? expression })),
  );
}

/** A failure as JSON, with an OperationOutcome of its own. */
export const failureJson = ({ error, path, locations }: GraphqlFailure, version: FhirVersion): GraphqlErrorJson => ({
  message: error.message,
  ...(locations.length === 0 ? {} : { locations }),
  ...(path.length === 0 ? {} : { path }),
  extensions: { resource: outcome(error.issues, version) },
});
