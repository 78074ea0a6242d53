import { invalidRequest, tooCostly } from '../fhir/outcome.js';
import { mostParameters } from '../search/parse.js';

/**
 * The parameters of a query, a form, or the criteria of a conditional interaction, in order.
 * @param text what stands behind the `?`, percent-encoded.
 * @param place the header or element it stands in, for the error.
 * @returns names and values, decoded.
 * @throws OperationOutcomeError 400 when the encoding is broken: searching for something else would be worse; 413 for more
 * parameters than a search may have, before they are decoded.
 */
export function readQuery(text: string, place?: string): [string, string][] {
  if (hasTooMany(text))
    throw tooCostly(`More than ${String(mostParameters)} parameters are given, the most there may be`, place);
  try {
    decodeURIComponent(text);
  } catch {
    throw invalidRequest('The search parameters are not percent-encoded correctly', place);
  }
  return [...new URLSearchParams(text)];
}

/** Whether there are more parts between `&` than a search may have parameters; what is behind those is not looked at. */
function hasTooMany(text: string): boolean {
  let parts = 1;
  for (let at = text.indexOf('&'); at >= 0 && parts <= mostParameters; at = text.indexOf('&', at + 1)) parts += 1;
  return parts > mostParameters;
}
