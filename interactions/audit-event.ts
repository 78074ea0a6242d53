import type { Principal } from '../auth/principal.js';
import { keyText, type Resource, type ResourceKey } from '../fhir/resource.js';
import type { FhirVersion } from '../fhir/version.js';

/** What one request did, or was refused to do: never what a resource holds, nor what was searched for. */
export interface AuditedAccess {
  readonly principal: Principal;
  /** A code of http://hl7.org/fhir/restful-interaction: `read`, `search-type`, `operation`, … */
  readonly interaction: string;
  /** The name of an operation, without the `$`. */
  readonly operation?: string;
  /** What it was about: resources, or types as a whole. */
  readonly targets: readonly AuditTarget[];
  /** The patient whose record it was about, as `Patient/1`. */
  readonly patient?: string;
  readonly status: 'success' | 'refused' | 'failed';
  /** Why it was not done: HTTP status and issue code, and of a refusal by the rules its words. */
  readonly reason?: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** A resource, or without an id all of a type. */
export interface AuditTarget {
  readonly type: string;
  readonly id?: string;
  /** What of it: how much of a type went out in a file. */
  readonly description?: string;
}

const systems = {
  r4: {
    type: 'http://terminology.hl7.org/CodeSystem/audit-event-type',
    source: 'http://terminology.hl7.org/CodeSystem/security-source-type',
    role: 'http://terminology.hl7.org/CodeSystem/object-role',
  },
  stu3: {
    type: 'http://hl7.org/fhir/audit-event-type',
    source: 'http://hl7.org/fhir/security-source-type',
    role: 'http://hl7.org/fhir/object-role',
  },
} as const;

/** http://hl7.org/fhir/audit-event-action */
const actions: Readonly<Record<string, string>> = { create: 'C', update: 'U', patch: 'U', delete: 'D' };
const executed: readonly string[] = ['operation', 'batch', 'transaction'];

/** http://hl7.org/fhir/audit-event-outcome: success, minor failure, serious failure. */
const outcomes = { success: '0', refused: '4', failed: '8' } as const;

const observer = 'fhir-on-appsync';

/**
 * The AuditEvent that tells of a request.
 * https://hl7.org/fhir/R4/auditevent.html https://hl7.org/fhir/STU3/auditevent.html
 */
export function auditEvent(version: FhirVersion, access: AuditedAccess): Resource {
  const { interaction, operation, targets, patient, status, reason, at } = access;
  const isStu3 = version === 'stu3';
  const { type, source, role } = systems[version];
  const entity = [
    ...targets.map((target) => ({
      ...(target.id === undefined ? {} : reference(isStu3, keyText({ type: target.type, id: target.id }))),
      type: { system: 'http://hl7.org/fhir/resource-types', code: target.type },
      ...(target.description === undefined ? {} : { description: target.description }),
    })),
    ...(patient === undefined || targets.some(({ type: of, id }) => `${of}/${id ?? ''}` === patient)
      ? []
      : [{ ...reference(isStu3, patient), role: { system: role, code: '1', display: 'Patient' } }]),
  ];
  return {
    resourceType: 'AuditEvent',
    type: { system: type, code: 'rest', display: 'RESTful Operation' },
    subtype: [
      { system: 'http://hl7.org/fhir/restful-interaction', code: interaction },
      ...(operation === undefined ? [] : [{ system: 'urn:fhir-on-appsync:operation', code: operation }]),
    ],
    action: actions[interaction] ?? (executed.includes(interaction) ? 'E' : 'R'),
    recorded: new Date(at).toISOString(),
    outcome: outcomes[status],
    ...(reason === undefined ? {} : { outcomeDesc: reason }),
    agent: [agentOf(isStu3, access)],
    source: {
      ...(isStu3 ? { identifier: { value: observer } } : { observer: { display: observer } }),
      type: [{ system: source, code: '4', display: 'Application Server' }],
    },
    ...(entity.length === 0 ? {} : { entity }),
  };
}

const reference = (isStu3: boolean, text: string): object =>
  isStu3 ? { reference: { reference: text } } : { what: { reference: text } };

/**
 * Who it was. A patient is referred to in what is about their own record only: it would put into that record, and so
 * show them, what they tried to see of others.
 */
function agentOf(isStu3: boolean, { principal, patient }: AuditedAccess): object {
  const { subject, username, clientId, fhirUser } = principal;
  const isNamed = fhirUser !== undefined && (!fhirUser.startsWith('Patient/') || fhirUser === patient);
  const person = isNamed ? { reference: fhirUser } : {};
  const known = isStu3
    ? { userId: { value: subject }, ...(isNamed ? { reference: person } : {}) }
    : { who: { ...person, identifier: { value: subject } } };
  return { ...known, ...(clientId === '' ? {} : { altId: clientId }), name: username, requestor: true };
}

/** The resource a target names, when it names one. */
export const keyOfTarget = ({ type, id }: AuditTarget): ResourceKey[] => (id === undefined ? [] : [{ type, id }]);
