import { parseUniqueJson } from '../../fhir/json.js';
import { invalidRequest, OperationOutcomeError } from '../../fhir/outcome.js';

/**
 * Parses the JSON that a parameter holds as text.
 * @param name the parameter, for the error.
 * @throws OperationOutcomeError 400 naming it.
 */
export function parseJsonParameter(text: string, name: string): unknown {
  try {
    return parseUniqueJson(text);
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error;
    throw invalidRequest(error.message.replace(/^The body/, name), name);
  }
}
