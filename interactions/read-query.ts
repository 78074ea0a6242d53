import { invalidRequest, tooCostly } from '../fhir/outcome.js';
import { mostParameters } from '../search/parse.js';

/**
 * The parameters of a query, a form, or the criteria of a conditional interaction, in order.
 * @param text what stands behind the `?`, percent-encoded.
 * @param place the header or element it stands in, for the error.
 * @returns names and values, decoded.
 * @throws OperationOutcomeError 400 when the encoding is broken: searching for something else would be worse; 413 for more parameters than a search may
 * have, before they are decoded.
 */
export function readQuery(text: string, place?: string): [string, string][] {
  if (hasMore(text, '&', mostParameters))
    throw tooCostly(`More than ${String(mostParameters)} parameters are given, the most there may be`, place);
  try {
    decodeURIComponent(text);
  } catch {
    throw invalidRequest('The search parameters are not percent-encoded correctly', place);
  }
  return [...new URLSearchParams(text)];
}

/** Whether there are more parts between such letters. */
function hasMore(text: string, between: string, most: number): boolean {
  let parts = 1;
  for (let at = text.indexOf(between); at >= 0 && parts <= most; at = text.indexOf(between, at + 1)) parts += 1;
  return parts > most;
}
