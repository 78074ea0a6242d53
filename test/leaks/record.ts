import type { FhirVersion } from '../../fhir/version.js';

/** A resource of the tests, whose secret stands in its text and in no request. */
export interface Recorded {
  readonly type: string;
  readonly id: string;
  /** Whose record it is in; absent for what is in nobody's. */
  readonly patient?: 'p1' | 'p2';
  readonly isLab?: boolean;
  /** Earlier contents, oldest first, then the current one. */
  readonly versions: readonly object[];
}

/** What answers must not say to who may not see a resource. */
export const secretOf = ({ type, id }: Recorded): string => `secret-of-${type}-${id}-`;

/** Where each type keeps its secret, as a GraphQL selection. */
export const selections: Readonly<Record<string, string>> = {
  Patient: 'name { family }',
  Observation: 'code { text }',
  Coverage: 'subscriberId',
  AuditEvent: 'source { site }',
  Organization: 'name',
  List: 'title',
};
export const recordedTypes = Object.keys(selections);

/**
 * The records of two patients, p1 and p2, and an organization. Things of p1's refer to p2's: references, a list, a
 * patient link; and one thing of p2's was once taken for p1's.
 */
export function recordOf(version: FhirVersion): readonly Recorded[] {
  const isR4 = version === 'r4';
  const system = isR4
    ? 'http://terminology.hl7.org/CodeSystem/observation-category'
    : 'http://hl7.org/fhir/observation-category';
  const secret = (type: string, id: string): string => secretOf({ type, id, versions: [] });
  const about = (patient: string): object => ({ reference: `Patient/${patient}` });
  const observation = (id: string, patient: string, category: string, member?: string): object => ({
    resourceType: 'Observation',
    id,
    status: 'final',
    category: [{ coding: [{ system, code: category }] }],
    code: { text: secret('Observation', id) },
    subject: about(patient),
    ...(member === undefined
      ? {}
      : isR4
        ? { hasMember: [{ reference: member }] }
        : { related: [{ type: 'has-member', target: { reference: member } }] }),
  });
  const coverage = (id: string, patient: string): object => ({
    resourceType: 'Coverage',
    id,
    status: 'active',
    subscriberId: secret('Coverage', id),
    beneficiary: about(patient),
    payor: [{ reference: 'Organization/org' }],
  });
  const auditEvent = (id: string, patient: string): object => ({
    resourceType: 'AuditEvent',
    id,
    type: { code: 'rest' },
    recorded: '2020-01-01T00:00:00Z',
    source: {
      site: secret('AuditEvent', id),
      ...(isR4 ? { observer: { display: 'x' } } : { identifier: { value: 'x' } }),
    },
    agent: [{ requestor: true, ...(isR4 ? { who: about(patient) } : { reference: about(patient) }) }],
    entity: [isR4 ? { what: about(patient) } : { reference: about(patient) }],
  });
  const list = (id: string, patient: string): object => ({
    resourceType: 'List',
    id,
    status: 'current',
    mode: 'working',
    title: secret('List', id),
    subject: about(patient),
    entry: ['Observation/lab-p1', 'Observation/lab-p2', 'Observation/pulse-p2'].map((reference) => ({
      item: { reference },
    })),
  });
  const patient = (id: string): object => ({
    resourceType: 'Patient',
    id,
    name: [{ family: secret('Patient', id) }],
    managingOrganization: { reference: 'Organization/org' },
  });
  const organization = { resourceType: 'Organization', id: 'org', name: secret('Organization', 'org') };
  const ofPatient = (id: 'p1' | 'p2', other: string): Recorded[] => [
    { type: 'Patient', id, patient: id, versions: [patient(id)] },
    {
      type: 'Observation',
      id: `lab-${id}`,
      patient: id,
      isLab: true,
      versions: [observation(`lab-${id}`, id, 'laboratory', `Observation/lab-${other}`)],
    },
    {
      type: 'Observation',
      id: `pulse-${id}`,
      patient: id,
      versions: [observation(`pulse-${id}`, id, 'vital-signs', `Observation/pulse-${other}`)],
    },
    { type: 'Coverage', id: `coverage-${id}`, patient: id, versions: [coverage(`coverage-${id}`, id)] },
    { type: 'AuditEvent', id: `event-${id}`, patient: id, versions: [auditEvent(`event-${id}`, id)] },
    { type: 'List', id: `list-${id}`, patient: id, versions: [list(`list-${id}`, id)] },
  ];
  return [
    { type: 'Organization', id: 'org', versions: [organization] },
    ...ofPatient('p1', 'p2'),
    ...ofPatient('p2', 'p1'),
    {
      type: 'Observation',
      id: 'moved',
      patient: 'p2',
      isLab: true,
      versions: [observation('moved', 'p1', 'laboratory'), observation('moved', 'p2', 'laboratory')],
    },
  ];
}
