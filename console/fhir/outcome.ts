/** One thing an OperationOutcome says. https://hl7.org/fhir/R4/operationoutcome.html */
export interface Issue {
  readonly severity: 'fatal' | 'error' | 'warning' | 'information';
  readonly code: string;
  readonly text: string;
  /** Where it is in the resource, as FHIRPath. */
  readonly place?: string;
}

interface IssueJson {
  readonly severity?: Issue['severity'];
  readonly code?: string;
  readonly diagnostics?: string;
  readonly details?: { readonly text?: string };
  readonly expression?: readonly string[];
  readonly location?: readonly string[];
}

/** The issues of an OperationOutcome; none when it is something else. */
export function issuesOf(json: unknown): readonly Issue[] {
  const outcome = json as { resourceType?: unknown; issue?: readonly IssueJson[] } | null | undefined;
  if (outcome?.resourceType !== 'OperationOutcome') return [];
  return (outcome.issue ?? []).map((issue) => {
    const place = issue.expression?.[0] ?? issue.location?.[0];
    return {
      severity: issue.severity ?? 'error',
      code: issue.code ?? '',
      text: issue.diagnostics ?? issue.details?.text ?? issue.code ?? 'The server does not say why.',
      ...(place === undefined ? {} : { place }),
    };
  });
}

/** A request that the server refused, or that did not reach it. */
export class RequestError extends Error {
  /** 0 when no answer came. */
  readonly status: number;
  readonly issues: readonly Issue[];
  constructor(status: number, issues: readonly Issue[], message?: string) {
    super(message ?? issues.map(({ text }) => text).join(' '));
    this.status = status;
    this.issues = issues;
  }
}

/** What an error says to a person. */
export const sentenceOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
