import { OperationOutcomeError, type OutcomeIssue } from '../fhir/outcome.js';

/** What stands for headers in a bundle's entries. https://hl7.org/fhir/R4/bundle-definitions.html#Bundle.entry.request */
const headers: Readonly<Record<string, string | undefined>> = {
  'http.If-Match': 'ifMatch',
  'http.If-None-Match': 'ifNoneMatch',
  'http.If-None-Exist': 'ifNoneExist',
};

/**
 * The same failure, its issues naming the entry they are about: `Patient.name[0]` in entry 3 is
 * `Bundle.entry[3].resource.name[0]`, a header's is that of what stands for it in the request, and a
 * parameter's that of the whole entry.
 */
export function atPlace(error: OperationOutcomeError, place: string): OperationOutcomeError {
  const inside = (expression: string): string => {
    if (expression === place || expression.startsWith(`${place}.`)) return expression;
    const header = headers[expression];
    if (header !== undefined) return `${place}.request.${header}`;
    return /^[A-Z]/.test(expression) ? expression.replace(/^[A-Za-z]+/, `${place}.resource`) : place;
  };
  const placed = error.issues.map((issue): OutcomeIssue => {
    return { ...issue, expression: (issue.expression ?? ['']).map(inside) };
  });
  return error.withIssues(placed);
}

/** The same failure, a header named as the GraphQL argument of `field` that stands for it: `PatientUpdate(versionId)`. */
const atArgument = (error: OperationOutcomeError, field: string): OperationOutcomeError =>
  error.withIssues(
    error.issues.map((issue): OutcomeIssue => {
      if (issue.expression === undefined) return issue;
      const expression = issue.expression.map((each) => (each === 'http.If-Match' ? `${field}(versionId)` : each));
      return { ...issue, expression };
    }),
  );

/** What the work of a GraphQL field gives; its failure names the field's argument, not the header it stands for. */
export async function failingAtField<Result>(field: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof OperationOutcomeError ? atArgument(error, field) : error;
  }
}

/** What was thrown while an entry was done; an expected failure names the entry. */
export const placed = (error: unknown, place: string): unknown =>
  error instanceof OperationOutcomeError ? atPlace(error, place) : error;

/** Makes a decision about an entry; its failure names the entry. */
export function failingAt<Result>(place: string, decision: () => Result): Result {
  try {
    return decision();
  } catch (error) {
    throw placed(error, place);
  }
}
