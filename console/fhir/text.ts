import { at, isObject, type Json, listOf, objectsOf, type Resource, textAt } from './json.js';

// Values of FHIR data types as people read them. https://hl7.org/fhir/R4/datatypes.html

const dateOnly = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  timeZone: 'UTC',
});
const monthOnly = new Intl.DateTimeFormat(undefined, { month: 'short', year: 'numeric', timeZone: 'UTC' });
const dayAndTime = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
});

/** A date or a moment, as exact as it is: a year stays a year; moments are shown in the zone of the reader. */
export function dateText(value: string | undefined): string {
  if (value === undefined) return '';
  if (/^\d{4}$/.test(value)) return value;
  const parsed = new Date(value);
  if (Number.isNaN(parsed.getTime())) return value;
  if (/^\d{4}-\d{2}$/.test(value)) return monthOnly.format(parsed);
  return value.includes('T') ? dayAndTime.format(parsed) : dateOnly.format(parsed);
}

/** How long ago a moment is. */
export function agoText(value: string | undefined, now: number): string {
  if (value === undefined) return '';
  const seconds = (now - new Date(value).getTime()) / 1000;
  const units = [
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
  ] as const;
  const found = units.find(([, size]) => Math.abs(seconds) >= size);
  if (found === undefined) return 'just now';
  return found[0] === 'day' && seconds > 30 * 86_400
    ? dateText(value)
    : new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' }).format(-Math.round(seconds / found[1]), found[0]);
}

const join = (...parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined && part !== '').join(' ');

export const nameText = (name: unknown): string =>
  textAt(name, 'text') ??
  join(
    ...listOf(at(name, 'prefix')).map(String),
    ...listOf(at(name, 'given')).map(String),
    textAt(name, 'family'),
    ...listOf(at(name, 'suffix')).map(String),
  );

export const conceptText = (concept: unknown): string =>
  textAt(concept, 'text') ??
  objectsOf(at(concept, 'coding'))
    .map((coding) => textAt(coding, 'display'))
    .find((display) => display !== undefined) ??
  textAt(concept, 'coding', 0, 'code') ??
  '';

/** The unit of a quantity as it was written. */
export const unitOf = (quantity: unknown): string | undefined => textAt(quantity, 'unit') ?? textAt(quantity, 'code');

/** A unit for people: what only annotates, such as `{score}`, without its braces. */
export const unitText = (unit: string): string => unit.replace(/^\{(.*)\}$/, '$1');

export const quantityText = (quantity: unknown): string =>
  join(`${textAt(quantity, 'comparator') ?? ''}${textAt(quantity, 'value') ?? ''}`, unitText(unitOf(quantity) ?? ''));

export function periodText(period: unknown): string {
  const start = dateText(textAt(period, 'start'));
  const end = dateText(textAt(period, 'end'));
  if (start !== '' && start === end) return start;
  if (end === '') return start === '' ? '' : `since ${start}`;
  return start === '' ? `until ${end}` : `${start} – ${end}`;
}

export const rangeText = (range: unknown): string => {
  const [low, high] = [quantityText(at(range, 'low')), quantityText(at(range, 'high'))];
  return low !== '' && high !== ''
    ? `${textAt(range, 'low', 'value') ?? ''} – ${high}`
    : low !== ''
      ? `≥ ${low}`
      : `≤ ${high}`;
};

const addressText = (address: Json): string =>
  textAt(address, 'text') ??
  [
    ...listOf(address['line']).map(String),
    join(textAt(address, 'postalCode'), textAt(address, 'city')),
    textAt(address, 'state'),
    textAt(address, 'country'),
  ]
    .filter((part) => part !== undefined && part !== '')
    .join(', ');

const moneyText = (value: Json): string => join(textAt(value, 'value'), textAt(value, 'currency'));

/** Any value in few words: by what is in it, since JSON does not name its type. */
export function valueText(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return /^\d{4}-\d{2}(-\d{2}(T.*)?)?$/.test(value) ? dateText(value) : value;
  if (Array.isArray(value))
    return value
      .map(valueText)
      .filter((text) => text !== '')
      .join(', ');
  if (!isObject(value)) return '';
  if ('resourceType' in value) return titleOf(value as Resource);
  if ('coding' in value) return conceptText(value);
  if ('family' in value || 'given' in value) return nameText(value);
  if ('reference' in value) return textAt(value, 'display') ?? textAt(value, 'reference') ?? '';
  if ('currency' in value) return moneyText(value);
  if ('numerator' in value) return `${quantityText(value['numerator'])} / ${quantityText(value['denominator'])}`;
  if ('low' in value || 'high' in value) return rangeText(value);
  if ('start' in value || 'end' in value) return periodText(value);
  if ('line' in value || 'city' in value || 'postalCode' in value) return addressText(value);
  if ('value' in value && ('system' in value || 'use' in value || 'type' in value) && !('unit' in value))
    return textAt(value, 'value') ?? '';
  if ('value' in value) return quantityText(value);
  if ('code' in value && 'system' in value) return textAt(value, 'display') ?? textAt(value, 'code') ?? '';
  if ('text' in value) return textAt(value, 'text') ?? '';
  if ('display' in value) return textAt(value, 'display') ?? '';
  if ('title' in value) return textAt(value, 'title') ?? '';
  if ('event' in value || 'repeat' in value) return timingText(value);
  return '';
}

const timingText = (timing: Json): string => {
  const code = conceptText(timing['code']);
  if (code !== '') return code;
  const repeat = timing['repeat'];
  const frequency = textAt(repeat, 'frequency');
  return frequency === undefined
    ? listOf(timing['event']).map(valueText).join(', ')
    : `${frequency} × per ${textAt(repeat, 'period') ?? '1'} ${textAt(repeat, 'periodUnit') ?? ''}`;
};

/** The value of an element with a choice of types: `value` finds `valueQuantity`. */
export function choiceOf(resource: unknown, name: string): unknown {
  if (!isObject(resource)) return undefined;
  if (name in resource) return resource[name];
  const found = Object.keys(resource).find((key) => key.startsWith(name) && /^[A-Z]/.test(key.slice(name.length)));
  return found === undefined ? undefined : resource[found];
}

const titleElements = [
  'name',
  'title',
  'code',
  'type',
  'vaccineCode',
  'medication',
  'description',
  'scope',
  'category',
  'class',
  'serviceType',
  'subject',
  'patient',
];

/** What a resource is called: a person's name, the words of its code, its title; its type where it has none. */
export function titleOf(resource: Resource): string {
  if (resource.resourceType === 'AuditEvent') return auditText(resource);
  for (const element of titleElements) {
    const value = choiceOf(resource, element);
    const [first] = listOf(value);
    const text =
      isObject(first) && ('family' in first || 'given' in first || element === 'name')
        ? nameText(first) || valueText(first)
        : valueText(first);
    if (text !== '') return text;
  }
  return resource.resourceType;
}

/** Who did what, of an AuditEvent: its type says only that it was REST. */
function auditText(event: Resource): string {
  const who = textAt(event, 'agent', 0, 'name') ?? textAt(event, 'agent', 0, 'who', 'display') ?? 'somebody';
  const what =
    textAt(event, 'subtype', 0, 'display') ?? textAt(event, 'subtype', 0, 'code') ?? conceptText(event['type']);
  return `${what} by ${who}`;
}

const dateElements = [
  'effective',
  'performed',
  'onset',
  'occurrence',
  'authoredOn',
  'period',
  'recorded',
  'recordedDate',
  'assertedDate',
  'issued',
  'date',
  'created',
  'started',
  'birthDate',
  'billablePeriod',
  'context',
];

/** The moment a resource is about, as ISO text that sorts; undefined where it has none. */
export function whenOf(resource: Resource): string | undefined {
  for (const element of dateElements) {
    const value = choiceOf(resource, element);
    const text =
      typeof value === 'string'
        ? value
        : (textAt(value, 'start') ?? textAt(value, 'period', 'start') ?? textAt(value, 'end'));
    if (text !== undefined && /^\d{4}/.test(text)) return text;
  }
  return undefined;
}

/** The code of an element that is a concept in R4 and a code in STU3. */
export const codeIn = (resource: Resource, element: string): string | undefined =>
  textAt(resource, element) ?? textAt(resource, element, 'coding', 0, 'code');

/** The status of a resource, whatever its type calls it. */
export const statusOf = (resource: Resource): string | undefined => {
  const verification = codeIn(resource, 'verificationStatus');
  if (verification !== undefined && ['entered-in-error', 'refuted'].includes(verification)) return verification;
  const clinical = textAt(resource, 'clinicalStatus') ?? conceptText(resource['clinicalStatus']);
  return textAt(resource, 'status') ?? (clinical === '' ? undefined : clinical);
};

/** Whether a resource says that it is not so, or never was: entered in error, refuted, cancelled. */
export const isVoid = (resource: Resource): boolean =>
  [textAt(resource, 'status'), codeIn(resource, 'verificationStatus')].some(
    (status) => status !== undefined && ['entered-in-error', 'refuted', 'cancelled'].includes(status),
  );

/** The components of an observation as people say them: systolic before diastolic, whichever was written first. */
export const componentsOf = (observation: unknown): readonly Json[] =>
  objectsOf(at(observation, 'component')).toSorted((a, b) => Number(isSystolic(b)) - Number(isSystolic(a)));

/** Whether a component is the systolic pressure. */
export const isSystolic = (component: Json): boolean =>
  objectsOf(at(component, 'code', 'coding')).some(({ code }) => code === '8480-6');

/** The number of a quantity, with what it was compared by: `<60`. */
const comparedText = (quantity: unknown): string => {
  const value = textAt(quantity, 'value');
  return value === undefined ? '' : `${textAt(quantity, 'comparator') ?? ''}${value}`;
};

/** What was found: the value of an observation, or those of its components: `120 / 80 mm[Hg]`. */
export function findingText(resource: unknown): string {
  const value = valueText(choiceOf(resource, 'value'));
  const parts = componentsOf(resource).map((component) => choiceOf(component, 'value'));
  if (value !== '' || parts.length === 0) return value;
  const [first] = parts;
  const unit = unitOf(first);
  const isOfOneUnit = unit !== undefined && parts.every((part) => unitOf(part) === unit);
  const texts = parts.map((part) => (isOfOneUnit ? comparedText(part) : valueText(part)));
  if (texts.includes('')) return '';
  return isOfOneUnit ? `${texts.join(' / ')} ${unitText(unit)}` : texts.length > 3 ? '' : texts.join(', ');
}

/** A name of an element or type in words: `clinicalStatus` is `Clinical status`. */
export const wordsOf = (name: string): string => {
  const words = name.replace(/([a-z\d])([A-Z])/g, '$1 $2').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
};
