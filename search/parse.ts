import type { FhirDefinitions } from '../fhir/definitions.js';
import { invalidRequest, notSupported, OperationOutcomeError, tooCostly } from '../fhir/outcome.js';
import type { ResultForm } from '../fhir/subset.js';
import { splitEscaped } from './escape.js';
import { nearWithDistance } from './near-distance.js';
import {
  type ChainScope,
  isChainName,
  mostValues,
  parseChain,
  unknown,
  type Unknown,
  valuesIn,
} from './parse-chain.js';
import { parseFilter } from './parse-filter.js';
import { parseHierarchy } from './parse-hierarchy.js';
import { parseInclude } from './parse-include.js';
import { readList } from './parse-list.js';
import { formOf, readCount, readElements, readSummary } from './parse-result.js';
import { parameterTypes, type ServedType } from './parameter-types.js';
import type {
  ContainedSearch,
  Filter,
  HierarchyStart,
  IncludeRule,
  ParsedFilter,
  ParsedSearch,
  SortRule,
  ValueFilter,
} from './request.js';
import { isServedParameter, type ServedParameter } from './served-parameter.js';
import type { Terminology } from './terminology.js';
import { parseWords } from './words.js';

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
  /** All types searched together, the one parsed for among them; without it, that one only. */
  readonly types?: readonly string[];
}

/** Parameters that shape the answer and are not this layer's business. */
const passedOver = new Set(['_format', '_pretty']);

/** Parameters of the specification that are not served yet: refused by name, since an ignored one gives wrong results. */
const refused = new Set(['_query', '_since', '_at', '_score']);

/** What is read parameter by parameter. */
interface Draft {
  readonly filters: ParsedFilter[];
  readonly sort: SortRule[];
  readonly includes: IncludeRule[];
  readonly revincludes: IncludeRule[];
  used: (readonly [string, string])[];
  readonly warnings: string[];
  count: number;
  total?: 'none' | 'estimate' | 'accurate';
  summary?: ReturnType<typeof readSummary>;
  elements?: ResultForm;
  contained?: 'true' | 'false' | 'both';
  containedType?: 'container' | 'contained';
}

/**
 * Reads the query of a search on a type.
 * @param definitions the FHIR version's definitions.
 * @param type the resource type searched; it must exist.
 * @param parameters names and values, decoded from the URL, in order. Repeated ones must all hold.
 * @param options the handling of unknown parameters, and the limits.
 * @throws OperationOutcomeError 400 naming the parameter that is unknown, wrong or not served; 413 for too many.
 * @see https://hl7.org/fhir/R4/search.html
 */
export function parseSearch(
  definitions: FhirDefinitions,
  type: string,
  parameters: readonly (readonly [string, string])[],
  options: ParseOptions,
): ParsedSearch {
  requireBounded(parameters, options.types?.length ?? 1);
  const draft: Draft = {
    filters: [],
    sort: [],
    includes: [],
    revincludes: [],
    used: [],
    warnings: [],
    count: options.defaultCount,
  };
  const scope: Scope = { definitions, type, options, place: '', conditions: { count: 0, values: 0 } };
  for (const { name, value, written } of nearWithDistance(definitions.version, parameters)) {
    if (passedOver.has(name)) continue;
    if (value === '' && isKnown(definitions, type, name)) continue; // no error: https://hl7.org/fhir/R4/search.html#escaping
    if (!readParameter(draft, { ...scope, place: name }, name, value)) continue;
    if (lastOneCounts.has(name)) draft.used = draft.used.filter(([each]) => each !== name);
    draft.used.push(...(name === '_count' ? [[name, String(draft.count)] as const] : written));
  }
  const { count, total, summary, elements, contained, containedType, ...rest } = draft;
  const form = formOf(summary, elements);
  if (summary === 'text' && rest.includes.length + rest.revincludes.length > 0) {
    throw invalidRequest('_summary=text cannot be asked for together with _include or _revinclude', '_summary');
  }
  return {
    type,
    ...rest,
    count: summary === 'count' ? 0 : count,
    ...(total === undefined ? {} : { total }),
    ...(form === undefined ? {} : { form }),
    ...(contained === undefined || contained === 'false'
      ? {}
      : { contained: containedSearch(draft, contained, containedType) }),
  };
}

/** How many parameters a search may have. */
export const mostParameters = 2_000;

/**
 * @param types how many types are searched together: each looks up all values for itself.
 * @throws OperationOutcomeError 413
 */
function requireBounded(parameters: readonly (readonly [string, string])[], types: number): void {
  if (parameters.length > mostParameters) {
    throw tooCostly(`A search has at most ${String(mostParameters)} parameters, this one ${String(parameters.length)}`);
  }
  const values = parameters.reduce((sum, [name, value]) => sum + valuesIn(name, value), 0);
  if (values * types > mostValues) {
    const each = types > 1 ? ` for each of ${String(types)} types: name those meant by _type` : '';
    throw tooCostly(`A search has at most ${String(mostValues)} values, this one ${String(values)}${each}`);
  }
}

/** @throws OperationOutcomeError 400 for what cannot be asked of resources that contain others, of any type. */
function containedSearch(
  { includes, revincludes, sort }: Draft,
  contained: 'true' | 'both',
  show: ContainedSearch['show'] = 'container',
): ContainedSearch {
  if (includes.length + revincludes.length > 0)
    throw notSupported('_include and _revinclude are not served together with _contained', '_contained');
  const rule = sort.find(({ parameter: { code } }) => code !== '_id' && code !== '_lastUpdated');
  if (rule !== undefined)
    throw notSupported(`_contained is sorted by _id and _lastUpdated only, not by ${rule.parameter.code}`, '_sort');
  return { both: contained === 'both', show };
}

/** Parameters that shape the result, which have no modifiers but those of includes. */
const resultParameters = new Set([
  '_count',
  '_summary',
  '_elements',
  '_total',
  '_totalMethod',
  '_sort',
  '_include',
  '_revinclude',
  '_contained',
  '_containedType',
]);

/** Of these the last one counts where they are repeated; the self link tells no other. */
const lastOneCounts = new Set([
  '_count',
  '_summary',
  '_elements',
  '_total',
  '_totalMethod',
  '_contained',
  '_containedType',
]);

/** What Aidbox calls the values of `_total`, and with it fhirpy's `count()`, of any server. */
const totalMethods: Readonly<Record<string, Draft['total']>> = { count: 'accurate', estimate: 'estimate', no: 'none' };

/** Whether a name, its modifier aside, is one of a parameter that this type has. */
function isKnown(definitions: FhirDefinitions, type: string, name: string): boolean {
  const [code = ''] = name.split(':');
  return (
    isChainName(name) ||
    resultParameters.has(code) ||
    code === '_list' ||
    code === '_filter' ||
    definitions.searchParameters.find(type, code) !== undefined
  );
}

interface Scope extends ChainScope {
  readonly options: ParseOptions;
}

/** Reads one parameter into the draft; false when lenient handling left it out. */
function readParameter(draft: Draft, scope: Scope, name: string, value: string): boolean {
  const { definitions, type, options } = scope;
  const [code = '', modifier, ...more] = name.split(':');
  if (!resultParameters.has(code)) {
    const filter = inPlace(name, () => readFilter(scope, name, value));
    if (filter.kind === 'unknown') return leaveOut(draft, scope, name, filter.why);
    draft.filters.push(filter);
    return true;
  }
  if (more.length > 0) throw invalidRequest(`${name} has more than one modifier`, name);
  if (modifier !== undefined && !code.endsWith('include')) {
    const instead = code === '_sort' ? `: _sort=${modifier === 'desc' ? '-' : ''}${value} is served` : '';
    throw notSupported(`${code} has no modifier :${modifier}${instead}`, name);
  }
  switch (code) {
    case '_count':
      draft.count = readCount(value, options.maxCount);
      return true;
    case '_summary':
      draft.summary = readSummary(value);
      return true;
    case '_elements': {
      const { form, unknown: names } = readElements(definitions.structures, options.types ?? [type], value);
      if (names.length > 0)
        return leaveOut(draft, scope, name, `_elements names what no ${type} has: ${names.join(', ')}`);
      draft.elements = form;
      return true;
    }
    case '_total':
      if (value !== 'none' && value !== 'estimate' && value !== 'accurate') {
        throw invalidRequest(`_total is none, estimate or accurate, not "${value}"`, name);
      }
      draft.total = value;
      return true;
    case '_totalMethod': {
      const total = Object.hasOwn(totalMethods, value) ? totalMethods[value] : undefined;
      if (total === undefined) throw invalidRequest(`${name} is not known; _total is what FHIR has`, name);
      draft.total = total;
      return true;
    }
    case '_contained':
      if (value !== 'true' && value !== 'false' && value !== 'both')
        throw invalidRequest(`_contained is true, false or both, not "${value}"`, name);
      draft.contained = value;
      return true;
    case '_containedType':
      if (value !== 'container' && value !== 'contained')
        throw invalidRequest(`_containedType is container or contained, not "${value}"`, name);
      draft.containedType = value;
      return true;
    case '_include':
    case '_revinclude': {
      const rule = parseInclude(definitions, code, modifier, value);
      (code === '_include' ? draft.includes : draft.revincludes).push(rule);
      return true;
    }
    default:
      return readSort(draft, scope, value);
  }
}

/** Errors of a chain's last link name the whole parameter. */
function inPlace<Result>(name: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof OperationOutcomeError) || !isChainName(name)) throw error;
    throw error.withIssues(error.issues.map((issue) => ({ ...issue, expression: [name] })));
  }
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
    if (code === '_score') throw notSupported('_sort by _score is not served: matches have no score', '_sort');
    const parameter = scope.definitions.searchParameters.find(scope.type, code);
    if (parameter === undefined) {
      return leaveOut(
        draft,
        scope,
        '_sort',
        `_sort by "${code}" is not possible: ${scope.type} has no such search parameter`,
      );
    }
    if (!isServedParameter(parameter)) throw notSupported(`_sort by "${code}" is not served`, '_sort');
    if (parameter.type === 'composite' || parameter.type === 'special') {
      const what = parameter.type === 'composite' ? 'a composite' : 'a place';
      throw notSupported(`_sort by "${code}" is not possible: ${what} has no order`, '_sort');
    }
    rules.push({ parameter, descending });
  }
  draft.sort.push(...rules);
  return true;
}

/** Reads a condition on `scope.type`. */
function readFilter(scope: Scope, name: string, value: string): ParsedFilter | Unknown {
  if (isChainName(name))
    return parseChain(scope, name, value, (link, rest, text) => readFilter({ ...scope, ...link }, rest, text));
  const { definitions, type, options } = scope;
  const [code = '', modifier, ...more] = name.split(':');
  if (code === '_type' && name === '_type' && isChainName(scope.place)) {
    const isOne = value.split(',').includes(type);
    return isOne ? { kind: 'all', filters: [] } : { kind: 'any', filters: [] };
  }
  if (code === '_type')
    throw notSupported('_type is served in a search of the whole system or of a whole compartment only', name);
  if (refused.has(code)) throw notSupported(`The search parameter ${code} is not served`, name);
  switch (code) {
    case '_has':
      throw invalidRequest('_has is _has:Type:reference:parameter, such as _has:Observation:patient:code', name);
    case '_filter':
    case '_list':
    case '_text':
    case '_content':
      if (modifier !== undefined) throw notSupported(`The modifier :${modifier} is not served on ${code}`, name);
      if (code === '_filter') return requireKnown(parseFilter(scope, value, options));
      if (code === '_list') return readList(value, options.baseUrl);
      if (definitions.searchParameters.find(type, code) === undefined) break;
      return { kind: 'words', parameter: code, queries: parseWords(value, name) };
  }
  const parameter = definitions.searchParameters.find(type, code);
  if (parameter === undefined) return unknown(`${type} has no search parameter "${code}"`);
  if (!isServedParameter(parameter)) {
    throw notSupported(`The search parameter ${code} is not served by itself`, name);
  }
  if (more.length > 0) throw invalidRequest(`${name} has more than one modifier`, name);
  return modifier === 'missing'
    ? readMissing(parameter, name, value)
    : readValues(scope, parameter, { name, modifier, value }, options);
}

/**
 * A filter is one condition: lenient handling leaves out no part of it, and not the whole for one name it does not know.
 * @throws OperationOutcomeError 400.
 */
function requireKnown(filter: ParsedFilter | Unknown): ParsedFilter {
  if (filter.kind === 'unknown') throw invalidRequest(filter.why, '_filter');
  return filter;
}

function readMissing(parameter: ServedParameter, name: string, value: string): Filter {
  if (value !== 'true' && value !== 'false') throw invalidRequest(`${name} is true or false, not "${value}"`, name);
  return { kind: 'missing', parameter, missing: value === 'true' };
}

function readValues(
  { definitions, type, place }: Scope,
  parameter: ServedParameter,
  { name, modifier, value }: { readonly name: string; readonly modifier: string | undefined; readonly value: string },
  { baseUrl, now, terminology }: ParseOptions,
): ParsedFilter {
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
  const texts = splitEscaped(value, ',').map((text) => (parameter.code === '_id' ? withoutType(text, type) : text));
  if (texts.includes('')) throw invalidRequest(`${name} has an empty value between commas`, name);
  const filter = <T extends ServedType>(kind: T, values: readonly string[]): ValueFilter<T> => ({
    kind: 'values',
    type: kind,
    parameter,
    negated: modifier === 'not' || modifier === 'not-in',
    queries: values.map((text) => parameterTypes[kind].parse(text, context)),
  });
  if (parameter.type !== 'reference' || (modifier !== 'above' && modifier !== 'below'))
    return filter(parameter.type, texts) as Filter;
  const starts: HierarchyStart[] = [];
  const canonicals: string[] = [];
  for (const text of texts) {
    const found = parseHierarchy(parameter, text, { ...context, definitions, direction: modifier });
    if (found === undefined) canonicals.push(text);
    else starts.push(...found);
  }
  if (starts.length === 0) return filter('reference', canonicals);
  const hierarchy: ParsedFilter = { kind: 'hierarchy', name: place, parameter, direction: modifier, starts };
  return canonicals.length === 0 ? hierarchy : { kind: 'any', filters: [filter('reference', canonicals), hierarchy] };
}

/** An id as a reference has it, `Patient/1`, which other servers take as well: no id has a slash, so nothing else is meant. */
const withoutType = (text: string, type: string): string =>
  text.startsWith(`${type}/`) ? text.slice(type.length + 1) : text;
