import { authorize } from '../../auth/authorize.js';
import { accessUnder } from '../../auth/rules.js';
import { requireKey } from '../resource-type.js';
import type { Caller, FhirServer } from '../server.js';
import type { AuthorizedTarget, OperationAnswer, OperationCall } from './operation.js';

/**
 * Invokes an operation for a caller who may. https://hl7.org/fhir/R4/operations.html
 * @throws OperationOutcomeError 403 by role, 404 when the target cannot be there; as the operation itself.
 */
export async function operate(server: FhirServer, caller: Caller, call: OperationCall): Promise<OperationAnswer> {
  const target = authorizeOperation(server, caller, call);
  if (target.level === 'instance') requireKey(server, target);
  return call.operation.run(server, caller, { target, input: call.input });
}

/**
 * Decides whether a caller may invoke an operation.
 * @throws OperationOutcomeError 403.
 */
export function authorizeOperation(
  { rules, definitions }: FhirServer,
  { principal }: Caller,
  { operation: { needs }, target }: Pick<OperationCall, 'operation' | 'target'>,
): AuthorizedTarget {
  if (target.level !== 'system') return { ...target, access: authorize(rules, principal, needs, target.type) };
  const type = definitions.resourceTypes.find(
    (each) => accessUnder(rules, principal.groups, needs, each) !== 'nothing',
  );
  authorize(rules, principal, needs, type ?? 'resources');
  return target;
}
