import type { OutcomeIssue } from './outcome.js';

/** The parts of a place as FHIRPath: `Patient`, `contact`, 0 → `Patient.contact[0]`. */
export const placeText = ([first = 'Resource', ...others]: readonly (string | number)[]): string =>
  others.reduce<string>(
    (text, part) => text + (typeof part === 'number' ? `[${String(part)}]` : `.${part}`),
    String(first),
  );

/** An issue about a place. */
export function issueAt(
  severity: OutcomeIssue['severity'],
  code: string,
  parts: readonly (string | number)[],
  why: string,
): OutcomeIssue {
  const place = placeText(parts);
  return { severity, code, diagnostics: `${place} ${why}`, expression: [place] };
}

/**
 * A place as XPath, as STU3's `OperationOutcome.issue.location` has it: `Patient.contact[0].name` →
 * `/f:Patient/f:contact[1]/f:name`, and `value.ofType(Quantity)` → `f:valueQuantity`.
 */
export const xpathOf = (expression: string): string =>
  expression
    .replace(/\.ofType\((\w)(\w*)\)/g, (_, first: string, others: string) => first.toUpperCase() + others)
    .replace(/\[(\d+)\]/g, (_, at: string) => `[${String(Number(at) + 1)}]`)
    .split('.')
    .map((name) => `/f:${name}`)
    .join('');
