import { parseReference } from '../../fhir/reference.js';
import { idPattern } from '../../fhir/resource.js';
import type { AuditOutcome, AuditSubject } from '../../interactions/audit.js';
import type { AuditTarget } from '../../interactions/audit-event.js';
import type { InteractionRequest, ReferenceRequest } from '../interaction-request.js';

/** Ids that are none are not recorded: they may be anything. */
const target = (type: string, id: string): AuditTarget => (idPattern.test(id) ? { type, id } : { type });

/** What is recorded of a request of a resolver: never its arguments. */
export function auditSubject(request: Exclude<InteractionRequest, ReferenceRequest>): AuditSubject {
  switch (request.interaction) {
    case 'read':
    case 'update':
    case 'delete':
      return { interaction: request.interaction, targets: [target(request.type, request.id)] };
    case 'create':
      return { interaction: 'create', targets: [{ type: request.type }] };
    case 'search': {
      const { referring, type } = request;
      return {
        interaction: 'search-type',
        targets: [{ type }, ...(referring === undefined ? [] : [target(referring.type, referring.id)])],
      };
    }
    // Changes are told as they happen: a history that goes on.
    case 'subscribe': {
      const { type } = request.arguments;
      const isNamed = typeof type === 'string' && typePattern.test(type);
      return {
        interaction: isNamed ? 'history-type' : 'history-system',
        operation: 'subscribe',
        targets: isNamed ? [{ type }] : [],
      };
    }
    case 'subscribe-jobs':
      return { interaction: 'operation', operation: 'subscribe-jobs', targets: [] };
  }
}

const typePattern = /^[A-Z][A-Za-z]{1,63}$/;

/** What is recorded of the references of one level, which are read together. */
export function referencesSubject(requests: readonly ReferenceRequest[]): AuditSubject {
  const known = new Map<string, AuditTarget>();
  for (const { reference } of requests) {
    const parsed = reference === undefined ? undefined : parseReference(reference);
    if (parsed?.kind !== 'relative' && parsed?.kind !== 'absolute') continue;
    known.set(`${parsed.type}/${parsed.id}`, { type: parsed.type, id: parsed.id });
  }
  return { interaction: 'read', targets: [...known.values()] };
}

/** What a mutation says was written, by its location. */
export function auditOutcome(result: unknown): AuditOutcome {
  const { location } = (result ?? {}) as { readonly location?: unknown };
  const reference = typeof location === 'string' ? parseReference(location) : undefined;
  return reference?.kind === 'absolute' ? { written: [{ type: reference.type, id: reference.id }] } : {};
}
