import { accessOrNone, authorize } from '../access.js';
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
  return call.operation.run(server, caller, {
    ...(call.ifMatch === undefined ? {} : { ifMatch: call.ifMatch }),
    ...(call.kickOff === undefined ? {} : { kickOff: call.kickOff }),
    target,
    input: call.input,
  });
}

/**
 * Decides whether a caller may invoke an operation.
 * @throws OperationOutcomeError 403.
 */
export function authorizeOperation(
  server: FhirServer,
  caller: Caller,
  { operation: { needs }, target }: Pick<OperationCall, 'operation' | 'target'>,
): AuthorizedTarget {
  if (target.level !== 'system') return { ...target, access: authorize(server, caller, needs, target.type) };
  const { resourceTypes } = server.definitions;
  const type = resourceTypes.find((each) => accessOrNone(server, caller, needs, each) !== undefined);
  authorize(server, caller, needs, type ?? 'resources');
  return target;
}
