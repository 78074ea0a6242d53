import type { SearchParameter } from './capabilities.js';
import type { Resource } from './json.js';
import { choiceOf, findingText, statusOf, titleOf, whenOf, wordsOf } from './text.js';

// Columns are elements of the resource, or what every resource has: `@title`, `@when`, `@status`, `@updated`, `@id`.

const subject = ['subject', 'patient'];

const standard: Readonly<Record<string, readonly string[]>> = {
  Patient: ['@title', 'birthDate', 'gender', 'address', '@updated'],
  Practitioner: ['@title', 'qualification', 'telecom', 'address', '@updated'],
  Organization: ['@title', 'type', 'telecom', 'address', '@updated'],
  Location: ['@title', 'type', 'address', 'status', '@updated'],
  Observation: ['@title', 'value', 'effective', 'subject', 'status'],
  Encounter: ['@title', 'class', 'period', 'subject', 'status'],
  Condition: ['@title', '@status', 'onset', 'subject', '@updated'],
  MedicationRequest: ['@title', 'status', 'authoredOn', 'subject', 'requester'],
  AuditEvent: ['@when', 'subtype', 'action', 'outcome', 'agent', 'entity'],
  Claim: ['@title', 'total', 'billablePeriod', 'patient', 'status'],
  ExplanationOfBenefit: ['@title', 'payment', 'billablePeriod', 'patient', 'status'],
};

/** The columns of a type that nobody chose others for. */
export function standardColumns(type: string, resources: readonly Resource[]): readonly string[] {
  const known = standard[type];
  if (known !== undefined) return known;
  const whom = subject.filter((element) => resources.some((each) => element in each)).slice(0, 1);
  return ['@title', '@when', '@status', ...whom, '@updated'];
}

const named: Readonly<Record<string, string>> = {
  '@title': 'What',
  '@when': 'When',
  '@status': 'Status',
  '@updated': 'Changed',
  '@id': 'Id',
};

/** What stands above a column. */
export const columnName = (column: string, type?: string): string =>
  column === '@title' && ['Patient', 'Practitioner', 'Organization', 'Location'].includes(type ?? '')
    ? 'Name'
    : (named[column] ?? wordsOf(column));

/** The value of a column: JSON of an element, or a text. */
export function columnValue(resource: Resource, column: string): unknown {
  switch (column) {
    case '@title':
      return titleOf(resource);
    case '@when':
      return whenOf(resource);
    case '@status':
      return statusOf(resource);
    case '@updated':
      return resource.meta?.lastUpdated;
    case '@id':
      return resource.id;
    case 'value':
      return choiceOf(resource, column) ?? (findingText(resource) || undefined);
    default:
      return choiceOf(resource, column);
  }
}

/** The elements that resources have, for the choice of columns; those with a choice of types by their common name. */
export function elementsOf(resources: readonly Resource[]): readonly string[] {
  const names = new Set(resources.flatMap((each) => Object.keys(each)));
  for (const hidden of ['resourceType', 'id', 'meta', 'text', 'contained', 'extension', 'implicitRules'])
    names.delete(hidden);
  const plain = [...names].filter((name) => !name.startsWith('_')).map((name) => name.replace(choices, '$1'));
  return [...new Set(plain)].toSorted();
}

const choices =
  /^(value|effective|onset|abatement|performed|occurrence|deceased|multipleBirth|medication|timing|serviced|item|asNeeded|product|location|diagnosis|procedure|allowed|used|content|entity|topic|subject|born|age|reported|dose|rate)(Quantity|CodeableConcept|String|Boolean|Integer|Range|Ratio|SampledData|Time|DateTime|Period|Instant|Timing|Age|Reference|Date|Address|Attachment|Uri|Duration|Identifier|UnsignedInt|Money)$/;

/** The name of an element with a choice of types without the type. */
export const withoutChoice = (name: string): string => name.replace(choices, '$1');

const candidates: Readonly<Record<string, readonly string[]>> = {
  '@title': ['name', 'code', 'title', 'type', 'medication'],
  '@when': ['date', 'authoredon', 'authored', 'onset-date', 'recorded-date', 'created', 'period', 'started', 'issued'],
  '@status': ['status', 'clinical-status'],
  '@updated': ['_lastUpdated'],
  '@id': ['_id'],
  effective: ['date'],
  performed: ['date'],
  occurrence: ['occurrence', 'date'],
  period: ['date', 'period'],
  onset: ['onset-date'],
  value: ['value-quantity'],
  total: ['total'],
};

/** The search parameter a column is sorted by; undefined where there is none. */
export function sortedBy(column: string, parameters: readonly SearchParameter[]): string | undefined {
  const plain = column.replace(/[^a-z]/gi, '').toLowerCase();
  const names = candidates[column] ?? [];
  const sortable = parameters.filter(({ type }) => type !== 'composite' && type !== 'special');
  return (
    names.find((name) => sortable.some(({ code }) => code === name)) ??
    (column.startsWith('@') ? undefined : sortable.find(({ code }) => code.replace(/[^a-z]/g, '') === plain)?.code)
  );
}
