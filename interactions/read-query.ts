import { invalidRequest } from '../fhir/outcome.js';

/**
 * The parameters of a query, a form, or the criteria of a conditional interaction, in order.
 * @param text what stands behind the `?`, percent-encoded.
 * @param place the header or element it stands in, for the error.
 * @returns names and values, decoded.
 * @throws OperationOutcomeError 400 when the encoding is broken: searching for something else would be worse.
 */
export function readQuery(text: string, place?: string): [string, string][] {
  try {
    decodeURIComponent(text);
  } catch {
    throw invalidRequest('The search parameters are not percent-encoded correctly', place);
  }
  return [...new URLSearchParams(text)];
}
