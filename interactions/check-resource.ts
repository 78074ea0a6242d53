import { loadBaseProfiles } from '../fhir/base-profiles.js';
import { checkBindings, loadBindings } from '../fhir/check-bindings.js';
import { checkInvariants } from '../fhir/check-invariants.js';
import type { OutcomeIssue } from '../fhir/outcome.js';
import { validateResource } from '../fhir/validate.js';
import { profileIssues } from './check-profiles.js';
import { checkWithAnswers } from './code-answers.js';
import type { Caller, FhirServer } from './server.js';

/** After so many issues the rest is left out. */
const mostIssues = 200;

/** What is checked. */
export interface CheckRequest {
  readonly resource: unknown;
  /** The type it must have. */
  readonly type: string;
  /** The canonical of a profile it must keep, whether it states it or not. */
  readonly profile?: string;
}

/**
 * Checks a resource against everything known: the structure of its type and, where it keeps that, the invariants of
 * the definitions and the profiles it states, or is asked to keep: those of guides and of the definitions themselves. https://hl7.org/fhir/R4/validation.html
 * @returns the issues, errors and warnings; at most 200.
 */
export async function checkResource(
  server: FhirServer,
  caller: Caller,
  request: CheckRequest,
): Promise<OutcomeIssue[]> {
  const structural = validateResource(server.definitions, request.resource, { expectedType: request.type });
  if (structural.length > 0) return structural;
  const bindings = await loadBindings(server.definitions.version);
  const base = await loadBaseProfiles(server.definitions);
  const issues = await checkWithAnswers(server, caller, (means) => [
    ...checkInvariants(server.definitions, request.resource, { other: means.other }),
    ...checkBindings(server.definitions, bindings, request.resource, means.hasCode),
    ...profileIssues(server, { ...request, base }, means),
  ]);
  return issues.slice(0, mostIssues);
}
