import { at, objectsOf, type Resource, textAt } from './json.js';

/** Who did what to what, and whether it was done; of R4 and STU3 alike. */
export interface Access {
  readonly id: string;
  readonly when: string | undefined;
  readonly who: string;
  /** What they did it with, such as an application. */
  readonly client: string | undefined;
  /** In words: `read`, `searched`. */
  readonly what: string;
  /** Resources as `Patient/1`; types alone where all of a type was meant. */
  readonly targets: readonly string[];
  /** Whose record it was about, as `Patient/1`. */
  readonly patient: string | undefined;
  readonly outcome: 'done' | 'refused' | 'failed';
  /** Why it was not done. */
  readonly reason: string | undefined;
}

/** Codes of http://hl7.org/fhir/restful-interaction in words. */
export const interactionWords: Readonly<Record<string, string>> = {
  read: 'read',
  vread: 'read a version of',
  'history-instance': 'read the history of',
  'history-type': 'read the history of',
  'history-system': 'read the history of everything',
  'search-type': 'searched',
  'search-system': 'searched everything',
  create: 'created',
  update: 'changed',
  patch: 'patched',
  delete: 'deleted',
  batch: 'sent a batch',
  transaction: 'sent a transaction',
};

/** Codes of http://hl7.org/fhir/audit-event-outcome: 0 success, 4 minor, 8 serious, 12 major failure. */
const outcomes: Readonly<Record<string, Access['outcome']>> = { '0': 'done', '4': 'refused' };

/**
 * Reads an AuditEvent, this server's or another's.
 * https://hl7.org/fhir/R4/auditevent.html https://hl7.org/fhir/STU3/auditevent.html
 */
export function accessOf(event: Resource): Access {
  const agents = objectsOf(event['agent']);
  const agent = agents.find((each) => each['requestor'] === true) ?? agents[0];
  const subtypes = objectsOf(event['subtype']);
  const operation = textAt(
    subtypes.find((each) => textAt(each, 'system')?.endsWith(':operation') === true),
    'code',
  );
  const code = textAt(subtypes[0], 'code') ?? '';
  const entities = objectsOf(event['entity']);
  const referred = entities.map((each) => textAt(each, 'what', 'reference') ?? textAt(each, 'reference', 'reference'));
  const isPatient = (place: number): boolean => textAt(entities[place], 'role', 'code') === '1';
  const patient = referred.find((each, place) => each?.startsWith('Patient/') === true && isPatient(place));
  const targets = entities.flatMap((each, place) =>
    isPatient(place) ? [] : [referred[place] ?? textAt(each, 'type', 'code') ?? textAt(each, 'name') ?? ''],
  );
  return {
    id: event.id ?? '',
    when: textAt(event, 'recorded'),
    who:
      textAt(agent, 'name') ??
      textAt(agent, 'who', 'display') ??
      textAt(agent, 'who', 'identifier', 'value') ??
      textAt(agent, 'userId', 'value') ??
      'somebody',
    client: textAt(agent, 'altId'),
    what:
      operation !== undefined
        ? `ran $${operation}${targets.length === 0 ? '' : ' on'}`
        : (interactionWords[code] ?? (code || titleOfType(event))),
    targets: targets.filter((each) => each !== ''),
    patient: patient ?? referred.find((each) => /^Patient\/[^/]+$/.test(each ?? '')),
    outcome: outcomes[textAt(event, 'outcome') ?? '0'] ?? 'failed',
    reason: textAt(event, 'outcomeDesc'),
  };
}

const titleOfType = (event: Resource): string =>
  textAt(event, 'type', 'display') ?? (at(event, 'type', 'code') as string | undefined) ?? 'did something to';

/** What an auditor looks for; empty members are not looked at. */
export interface AuditFilter {
  readonly who: string;
  readonly patient: string;
  readonly about: string;
  readonly what: string;
  readonly outcome: string;
  readonly from: string;
  readonly until: string;
}

/** The query of a search for AuditEvents. */
export function auditQuery({ who, patient, about, what, outcome, from, until }: AuditFilter): string {
  const of = (text: string, type: string): string => (text.includes('/') ? text : `${type}/${text}`);
  const resource = about.trim();
  const pairs: readonly (readonly [string, string])[] = [
    ['agent-name', who.trim()],
    ['patient', patient.trim() === '' ? '' : of(patient.trim(), 'Patient')],
    resource.includes('/') ? ['entity', resource] : ['entity-type', resource],
    ['subtype', what],
    ['outcome', outcome],
    ['date', from === '' ? '' : `ge${from}`],
    ['date', until === '' ? '' : `le${until}`],
  ];
  return new URLSearchParams(
    pairs.filter(([, value]) => value !== '').map(([key, value]): [string, string] => [key, value]),
  ).toString();
}
