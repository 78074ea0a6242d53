import { OperationOutcomeError, outcome, type OutcomeIssue } from '../../fhir/outcome.js';
import type { FhirVersion } from '../../fhir/version.js';
import type { InteractionAnswer } from '../interaction-request.js';

/** What is told of a failure nobody expected: nothing of the cause, which may hold health data. */
const masked: OutcomeIssue = { severity: 'fatal', code: 'exception', diagnostics: 'The server failed to answer' };

/**
 * Runs one interaction of a resolver. An expected failure is an answer, not an exception, so that the resolver can
 * fail its field with the OperationOutcome; other failures are masked.
 * @param version of FHIR whose codes failures have.
 * @param work gives the field's value.
 * @param onUnexpected is told of other failures.
 */
export async function answer(
  version: FhirVersion,
  work: () => Promise<unknown>,
  onUnexpected: (failure: unknown) => void,
): Promise<InteractionAnswer> {
  try {
    return { value: await work() };
  } catch (failure) {
    if (failure instanceof OperationOutcomeError) return failed(version, failure.status, failure.issues);
    onUnexpected(failure);
    return failed(version, 500, [masked]);
  }
}

/** The answer that fails a field. https://hl7.org/fhir/R4/graphql.html#errors */
function failed(version: FhirVersion, status: number, issues: readonly OutcomeIssue[]): InteractionAnswer {
  const resource = outcome(issues, version);
  const message = issues.map((issue) => issue.diagnostics ?? issue.code).join('; ');
  return { error: { message, type: resource.issue[0]?.code ?? 'exception', info: { status, resource } } };
}
