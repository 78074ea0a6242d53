import { authorize } from '../auth/authorize.js';
import type { Interaction } from '../auth/rules.js';
import type { AccessFilter } from '../fhir/access.js';
import { OperationOutcomeError } from '../fhir/outcome.js';
import type { Caller, FhirServer } from './server.js';

/**
 * What a caller may see of a type, where a type that is not allowed is passed over without a word.
 * @returns undefined when the role may not do the interaction on the type.
 */
export function accessOrNone(
  server: FhirServer,
  caller: Caller,
  interaction: Interaction,
  type: string,
): AccessFilter | undefined {
  try {
    return authorize(server.rules, caller.principal, interaction, type);
  } catch (error) {
    if (error instanceof OperationOutcomeError && error.status === 403) return undefined;
    throw error;
  }
}
