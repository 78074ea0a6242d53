import { parseDateTime } from '../fhir/datetime.js';
import { invalidRequest, notSupported } from '../fhir/outcome.js';
import type { ResourceKey } from '../fhir/resource.js';
import type { ResultForm } from '../fhir/subset.js';
import { splitPrefix } from '../search/interval.js';
import { readList } from '../search/parse-list.js';
import { formOf, readElements, readSummary } from '../search/parse-result.js';
import type { FhirServer } from './server.js';
import { clip, requireKey, requireResourceType } from './resource-type.js';
import { typesNamed } from './search-scope.js';

/** Whose history is asked for. https://hl7.org/fhir/R4/http.html#history */
export type HistoryScope =
  | { readonly kind: 'instance'; readonly key: ResourceKey }
  | { readonly kind: 'type'; readonly type: string }
  | { readonly kind: 'system' };

/** The part of a history that is asked for. Instants are in UTC with milliseconds, both ends of a period part of it. */
export interface HistoryRequest {
  /** Versions on a page; 0 asks for their number only. */
  readonly count: number;
  /** Only versions written then or later. */
  readonly since?: string;
  /** Only versions that were current at some time in the period. */
  readonly at?: { readonly low: string; readonly high: string };
  readonly oldestFirst: boolean;
  /** Only versions of these types, of the whole system's. */
  readonly types?: ReadonlySet<string>;
  /** Only versions of what these Lists refer to, by the Lists' ids. */
  readonly lists?: readonly string[];
  /** The part of each resource that is wanted; absent for whole ones. */
  readonly form?: ResultForm;
  /** The parameters as they were understood, for links. */
  readonly used: readonly (readonly [string, string])[];
}

type Parameters = readonly (readonly [string, string])[];

/** How many versions a page of history has unless `_count` says otherwise, and the most it may say. */
const pageSize = { default: 20, most: 1000 };

const aboutFormat: ReadonlySet<string> = new Set(['_format', '_pretty']);

/**
 * The token of a page link among the parameters of a history request.
 * @throws OperationOutcomeError 400 when other parameters stand beside it.
 */
export function pageToken(parameters: Parameters): string | undefined {
  const token = parameters.find(([name]) => name === '_page')?.[1];
  if (token !== undefined && parameters.some(([name]) => name !== '_page' && !aboutFormat.has(name))) {
    throw invalidRequest('A page link is used as it is, without further parameters', '_page');
  }
  return token;
}

/** The parameters of a history request. https://hl7.org/fhir/R4/http.html#history */
const known: ReadonlySet<string> = new Set(['_count', '_since', '_at', '_sort', '_list', '_summary', '_elements']);

/**
 * Reads the parameters of a history request. The history of the system takes `_type` as its search does.
 * https://hl7.org/fhir/R4/http.html#history https://hl7.org/fhir/STU3/http.html#history
 * @param scope whose history it is: `_elements` are those of its type.
 * @param baseUrl by which the caller knows this server.
 * @throws OperationOutcomeError 400 naming a parameter that is repeated, not supported or not understood.
 */
export function readHistoryRequest(
  server: FhirServer,
  scope: HistoryScope,
  parameters: Parameters,
  baseUrl: string,
): HistoryRequest {
  const given = new Map<string, string>();
  const ofTypes: (readonly [string, string])[] = [];
  for (const [name, value] of parameters) {
    if (aboutFormat.has(name)) continue;
    if (name === '_type' && scope.kind === 'system') {
      if (value !== '') ofTypes.push([name, value]);
      continue;
    }
    if (!known.has(name)) throw notSupported(`${clip(name)} is not supported by history`, name);
    if (given.has(name)) throw invalidRequest(`${name} is there more than once`, name);
    if (value !== '') given.set(name, value);
  }
  const ifGiven = <Part>(name: string, read: (value: string) => Part): Part | undefined => {
    const value = given.get(name);
    return value === undefined ? undefined : read(value);
  };
  const types = typesNamed(server, ofTypes);
  if (types?.size === 0) throw invalidRequest('_type: no type is in all of them', '_type');
  const summary = ifGiven('_summary', readSummary);
  const form = formOf(
    summary,
    ifGiven('_elements', (value) => elementsOf(server.definitions, scope, value)),
  );
  return {
    count: pageSize.default,
    ...ifGiven('_count', readCount),
    ...(summary === 'count' ? { count: 0 } : {}),
    oldestFirst: ifGiven('_sort', isOldestFirst) ?? false,
    ...ifGiven('_since', (value) => ({ since: periodOf('_since', value).low })),
    ...ifGiven('_at', (value) => ({ at: timeAskedFor(value) })),
    ...ifGiven('_list', (value) => ({ lists: readList(value, baseUrl).ids })),
    ...(types === undefined ? {} : { types }),
    ...(form === undefined ? {} : { form }),
    used: [...ofTypes, ...given],
  };
}

function elementsOf(definitions: FhirServer['definitions'], scope: HistoryScope, value: string): ResultForm {
  const { structures, resourceTypes } = definitions;
  const types =
    scope.kind === 'instance' ? [scope.key.type] : scope.kind === 'type' ? [scope.type] : [...resourceTypes];
  const { form, unknown } = readElements(structures, types, value);
  if (unknown.length === 0) return form;
  throw invalidRequest(`_elements names what no resource here has: ${unknown.join(', ')}`, '_elements');
}

function readCount(value: string): Pick<HistoryRequest, 'count'> {
  if (!/^[0-9]{1,15}$/.test(value)) throw invalidRequest('_count must be a whole number from 0 on', '_count');
  return { count: Math.min(Number(value), pageSize.most) };
}

function isOldestFirst(value: string): boolean {
  if (value === '-_lastUpdated' || value === '_lastUpdated') return value === '_lastUpdated';
  throw notSupported('History is sorted by -_lastUpdated or _lastUpdated only', '_sort');
}

/** The greatest and least instants that stand for open ends, with years of four digits. */
const ends = { low: Date.parse('0001-01-01T00:00:00.000Z'), high: Date.parse('9999-12-31T23:59:59.999Z') };

function periodOf(name: string, value: string): { low: string; high: string } {
  const zoned = value.replace(/ (\d\d:\d\d)$/, '+$1'); // a plus sign that was not encoded
  const span = parseDateTime(zoned);
  if (span === undefined) throw invalidRequest(`${name} must be a date or a time, not "${clip(value)}"`, name);
  return { low: instantOf(Math.ceil(span.low)), high: instantOf(Math.floor(span.high)) };
}

const instantOf = (milliseconds: number): string =>
  new Date(Math.min(Math.max(milliseconds, ends.low), ends.high)).toISOString();

/**
 * The time of `_at`: at some moment of it the versions were current. With a prefix what comes before or behind, as in
 * searches. https://hl7.org/fhir/R4/http.html#history https://hl7.org/fhir/R4/search.html#prefix
 * @throws OperationOutcomeError 400 for what is no date, and for `ne` and `ap`, which mean no single stretch of time.
 */
function timeAskedFor(value: string): { low: string; high: string } {
  const { prefix, rest } = splitPrefix(value);
  const { low, high } = periodOf('_at', rest);
  const beside = (instant: string, milliseconds: number): string => instantOf(Date.parse(instant) + milliseconds);
  switch (prefix) {
    case 'eq':
      return { low, high };
    case 'ge':
      return { low, high: instantOf(ends.high) };
    case 'gt':
    case 'sa':
      return { low: beside(high, 1), high: instantOf(ends.high) };
    case 'le':
      return { low: instantOf(ends.low), high };
    case 'lt':
    case 'eb':
      return { low: instantOf(ends.low), high: beside(low, -1) };
    default:
      throw invalidRequest(`_at takes the prefixes eq, ge, gt, le, lt, sa and eb, not "${prefix}"`, '_at');
  }
}

/** The history that a path below the base asks for: `Patient`, `1`, `_history`; undefined when it asks for none. */
export function historyScopeOf(path: readonly string[]): HistoryScope | undefined {
  if (path.at(-1) !== '_history' || path.length > 3) return undefined;
  const [type = '', id = ''] = path;
  if (path.length === 1) return { kind: 'system' };
  return path.length === 2 ? { kind: 'type', type } : { kind: 'instance', key: { type, id } };
}

/** @throws OperationOutcomeError 404 for a type or an id that cannot be. */
export function requireScope(server: FhirServer, scope: HistoryScope): void {
  if (scope.kind === 'instance') requireKey(server, scope.key);
  else if (scope.kind === 'type') requireResourceType(server, scope.type);
}
