import type { FhirDefinitions } from '../fhir/definitions.js';
import { invalidRequest, notSupported } from '../fhir/outcome.js';
import { splitEscaped } from './escape.js';
import { type IncludeScope, parseInclude } from './parse-include.js';
import { parameterTypes, type ServedType } from './parameter-types.js';
import type { Filter, IncludeRule, SearchRequest, SortRule, ValueFilter } from './request.js';
import { isServedParameter, type ServedParameter } from './served-parameter.js';
import type { Terminology } from './terminology.js';

/** How a query is read. */
export interface ParseOptions {
  /** What becomes of unknown parameters: an error, or a warning. https://hl7.org/fhir/R4/search.html#errors */
  readonly handling: 'strict' | 'lenient';
  /** The base URL by which the caller knows this server. */
  readonly baseUrl?: string;
  /** The page size without `_count`. */
  readonly defaultCount: number;
  /** The greatest page size; a larger `_count` gives this many. */
  readonly maxCount: number;
  /** Absent where `:in`, `:not-in`, `:above` and `:below` of codes are not served. */
  readonly terminology?: Terminology;
  /** The clock, in milliseconds since 1970. */
  readonly now: number;
}

/** Parameters that shape the answer and are not this layer's business. */
const passedOver = new Set(['_format', '_pretty']);

/** Parameters of the specification that are not served yet: refused by name, since an ignored one gives wrong results. */
const refused = new Set([
  '_elements',
  '_contained',
  '_containedType',
  '_content',
  '_text',
  '_list',
  '_has',
  '_filter',
  '_query',
  '_type',
  '_since',
  '_at',
  '_score',
]);

/** What is read parameter by parameter. */
interface Draft {
  readonly filters: Filter[];
  readonly sort: SortRule[];
  readonly includes: IncludeRule[];
  readonly revincludes: IncludeRule[];
  readonly used: (readonly [string, string])[];
  readonly warnings: string[];
  count: number;
  total?: 'none' | 'estimate' | 'accurate';
  onlyTotal: boolean;
}

/**
 * Reads the query of a type search.
 * @param definitions the FHIR version's definitions.
 * @param type the resource type searched; it must exist.
 * @param parameters names and values, decoded from the URL, in order. Repeated ones must all hold.
 * @param options the handling of unknown parameters, and the limits.
 * @throws OperationOutcomeError 400 naming the parameter that is unknown, wrong or not served.
 * @see https://hl7.org/fhir/R4/search.html
 */
export function parseSearch(
  definitions: FhirDefinitions,
  type: string,
  parameters: readonly (readonly [string, string])[],
  options: ParseOptions,
): SearchRequest {
  const draft: Draft = {
    filters: [],
    sort: [],
    includes: [],
    revincludes: [],
    used: [],
    warnings: [],
    count: options.defaultCount,
    onlyTotal: false,
  };
  for (const [name, value] of parameters) {
    if (passedOver.has(name)) continue;
    if (value === '' && isKnown(definitions, type, name)) continue; // no error: https://hl7.org/fhir/R4/search.html#escaping
    if (readParameter(draft, { definitions, type, options }, name, value)) draft.used.push([name, value]);
  }
  const { count, total, onlyTotal, ...rest } = draft;
  return { type, ...rest, count: onlyTotal ? 0 : count, ...(total === undefined ? {} : { total }) };
}

/** Parameters that shape the result, which have no modifiers but those of includes. */
const resultParameters = new Set(['_count', '_summary', '_total', '_sort', '_include', '_revinclude']);

/** Whether a name, its modifier aside, is one of a parameter that this type has. */
function isKnown(definitions: FhirDefinitions, type: string, name: string): boolean {
  const [code = ''] = name.split(':');
  return resultParameters.has(code) || definitions.searchParameters.find(type, code) !== undefined;
}

interface Scope extends IncludeScope {
  readonly options: ParseOptions;
}

/** Reads one parameter into the draft; false when lenient handling left it out. */
function readParameter(draft: Draft, scope: Scope, name: string, value: string): boolean {
  const [code = '', modifier, ...more] = name.split(':');
  if (more.length > 0 && code !== '_has') throw invalidRequest(`${name} has more than one modifier`, name);
  if (modifier !== undefined && resultParameters.has(code) && !code.endsWith('include'))
    throw notSupported(`${code} has no modifier :${modifier}`, name);
  switch (code) {
    case '_count':
      draft.count = readCount(value, scope.options.maxCount);
      return true;
    case '_summary':
      draft.onlyTotal ||= readSummary(value);
      return true;
    case '_total':
      if (value !== 'none' && value !== 'estimate' && value !== 'accurate') {
        throw invalidRequest(`_total is none, estimate or accurate, not "${value}"`, name);
      }
      draft.total = value;
      return true;
    case '_sort':
      return readSort(draft, scope, value);
    case '_include':
    case '_revinclude': {
      const rule = parseInclude(scope, code, modifier, value);
      (code === '_include' ? draft.includes : draft.revincludes).push(rule);
      return true;
    }
    default:
      return readFilter(draft, scope, name, code, modifier, value);
  }
}

function readCount(value: string, maxCount: number): number {
  if (!/^\d{1,9}$/.test(value)) throw invalidRequest(`_count is a number from 0 on, not "${value}"`, '_count');
  return Math.min(Number(value), maxCount);
}

/** Whether only the total is asked for. */
function readSummary(value: string): boolean {
  if (value === 'count') return true;
  if (value === 'false') return false;
  if (['true', 'text', 'data'].includes(value))
    throw notSupported(`_summary=${value} is not served: only count and false are`, '_summary');
  throw invalidRequest(`_summary is true, text, data, count or false, not "${value}"`, '_summary');
}

/** Leaves a parameter out with a warning, or refuses it. */
function leaveOut(draft: Draft, { options }: Scope, name: string, why: string): false {
  if (options.handling === 'strict') throw invalidRequest(why, name);
  draft.warnings.push(why);
  return false;
}

function readSort(draft: Draft, scope: Scope, value: string): boolean {
  const rules: SortRule[] = [];
  for (const each of value.split(',')) {
    const descending = each.startsWith('-');
    const code = descending ? each.slice(1) : each;
    const parameter = scope.definitions.searchParameters.find(scope.type, code);
    if (parameter === undefined) {
      return leaveOut(
        draft,
        scope,
        '_sort',
        `_sort by "${code}" is not possible: ${scope.type} has no such search parameter`,
      );
    }
    if (!isServedParameter(parameter))
      throw notSupported(`_sort by "${code}" (type ${parameter.type}) is not served`, '_sort');
    if (parameter.type === 'composite')
      throw notSupported(`_sort by "${code}" is not possible: a composite has no order`, '_sort');
    rules.push({ parameter, descending });
  }
  draft.sort.push(...rules);
  return true;
}

function readFilter(
  draft: Draft,
  scope: Scope,
  name: string,
  code: string,
  modifier: string | undefined,
  value: string,
): boolean {
  const { definitions, type, options } = scope;
  if (refused.has(code)) throw notSupported(`The search parameter ${code} is not served`, name);
  const parameter = definitions.searchParameters.find(type, code);
  if (parameter === undefined) {
    if (name.includes('.')) return readChain(draft, scope, name);
    return leaveOut(draft, scope, name, `${type} has no search parameter "${code}"`);
  }
  if (!isServedParameter(parameter)) {
    throw notSupported(
      `The search parameter ${code} is of type ${parameter.type}, by which this server does not search yet`,
      name,
    );
  }
  if (name.includes('.')) return readChain(draft, scope, name);
  draft.filters.push(
    modifier === 'missing'
      ? readMissing(parameter, name, value)
      : readValues(scope, parameter, { name, modifier, value }, options),
  );
  return true;
}

/** A chained parameter, such as `subject:Patient.name`; unknown when its first part is. */
function readChain(draft: Draft, scope: Scope, name: string): false {
  const first = /^[^.:]*/.exec(name)?.[0] ?? '';
  if (scope.definitions.searchParameters.find(scope.type, first) === undefined) {
    return leaveOut(draft, scope, name, `${scope.type} has no search parameter "${first}"`);
  }
  throw notSupported(`Chained parameters are not served: ${name}`, name);
}

function readMissing(parameter: ServedParameter, name: string, value: string): Filter {
  if (value !== 'true' && value !== 'false') throw invalidRequest(`${name} is true or false, not "${value}"`, name);
  return { kind: 'missing', parameter, missing: value === 'true' };
}

function readValues(
  { definitions }: Scope,
  parameter: ServedParameter,
  { name, modifier, value }: { readonly name: string; readonly modifier: string | undefined; readonly value: string },
  { baseUrl, now, terminology }: ParseOptions,
): Filter {
  const { modifiers } = parameterTypes[parameter.type];
  const isType =
    modifier !== undefined && modifiers.includes('[type]') && definitions.structures.isResourceType(modifier);
  if (modifier !== undefined && !modifiers.includes(modifier) && !isType) {
    const served = ['missing', ...modifiers].map((each) => `:${each}`).join(', ');
    throw notSupported(
      `The modifier :${modifier} is not served on ${parameter.code}, a parameter of type ${parameter.type}: ${served} are`,
      name,
    );
  }
  const context = {
    parameter,
    name,
    now,
    ...(modifier === undefined ? {} : { modifier }),
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(terminology === undefined ? {} : { terminology }),
  };
  const texts = splitEscaped(value, ',');
  if (texts.includes('')) throw invalidRequest(`${name} has an empty value between commas`, name);
  const filter = <T extends ServedType>(type: T): ValueFilter<T> => ({
    kind: 'values',
    type,
    parameter,
    negated: modifier === 'not' || modifier === 'not-in',
    queries: texts.map((text) => parameterTypes[type].parse(text, context)),
  });
  return filter(parameter.type) as Filter;
}
