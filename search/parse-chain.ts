import type { FhirDefinitions } from '../fhir/definitions.js';
import { invalidRequest, notSupported, tooCostly } from '../fhir/outcome.js';
import type { SearchParameterDefinition } from '../fhir/search-parameter.js';
import { mostLinks } from './most-links.js';
import type { ChainFilter, HasFilter, Link, ParsedFilter } from './request.js';
import { isServedParameter, type ServedParameter } from './served-parameter.js';

/** Why a name is not known: an error, or with lenient handling a warning. */
export interface Unknown {
  readonly kind: 'unknown';
  readonly why: string;
}

export const unknown = (why: string): Unknown => ({ kind: 'unknown', why });

/** What surrounds a chain when it is read. */
export interface ChainScope {
  readonly definitions: FhirDefinitions;
  /** The type the chain starts from. */
  readonly type: string;
  /** The whole name, as the client wrote it: what errors name. */
  readonly place: string;
  /** How many conditions, and values in them, the query has come to so far: untyped links multiply them. */
  readonly conditions: { count: number; values: number };
}

/** Reads the rest of a chain as a condition on a type. */
type ReadRest = (scope: ChainScope, name: string, value: string) => ParsedFilter | Unknown;

/** So many conditions one query may come to, over all types its links may lead to. */
const mostConditions = 1_000;

/** So many values one query may have, over all types it asks about: each looks up all of them for itself. */
export const mostValues = 100_000;

/** How many values a parameter looks up: each start of a URL is one that may be above it. */
export const valuesIn = (name: string, value: string): number =>
  name.endsWith(':above') ? value.length : value.split(',').length;

/** Whether a parameter's name is one of a chain or a reverse chain. */
export const isChainName = (name: string): boolean => name.startsWith('_has:') || name.includes('.');

/**
 * Reads a chained parameter, such as `subject:Patient.organization.name:exact`, or `_has:Observation:patient:code`.
 * @param read reads what stands behind the link, on the type it leads to.
 * @returns unknown when a link is none of the type's references, or leads to no type that has the rest.
 * @throws OperationOutcomeError 400 for what is no chain, 413 for too many links or types.
 * @see https://hl7.org/fhir/R4/search.html#chaining
 */
export function parseChain(scope: ChainScope, name: string, value: string, read: ReadRest): ParsedFilter | Unknown {
  if ((name.match(/\.|_has:/g)?.length ?? 0) > mostLinks) {
    throw tooCostly(`A chain has at most ${String(mostLinks)} links`, scope.place);
  }
  return name.startsWith('_has:') ? parseHas(scope, name, value, read) : parseLink(scope, name, value, read);
}

function parseLink(scope: ChainScope, name: string, value: string, read: ReadRest): ChainFilter | Unknown {
  const dot = name.indexOf('.');
  const [code = '', target, ...more] = name.slice(0, dot).split(':');
  const rest = name.slice(dot + 1);
  const { place } = scope;
  return parseTargets(scope, { code, target, search: `${rest}=${value}` }, (inner) => {
    if (more.length > 0 || rest === '')
      throw invalidRequest(`${place} is no chain: subject:Patient.name would be`, place);
    return read(inner, rest, value);
  });
}

/** One link of a chain. */
export interface ChainLink {
  /** The reference parameter's. */
  readonly code: string;
  /** The type it is to lead to, where the client named one. */
  readonly target: string | undefined;
  /** The same for links with equal conditions behind them. */
  readonly search: string;
}

/**
 * Reads a link of a chain: on each type that it may lead to, what stands behind it.
 * @param read reads that on one type.
 * @returns unknown when it is none of the type's references, or leads to no type that has what stands behind it.
 * @throws OperationOutcomeError 400 for a modifier that is no type, 413 for too many types.
 */
export function parseTargets(
  scope: ChainScope,
  { code, target, search }: ChainLink,
  read: (scope: ChainScope) => ParsedFilter | Unknown,
): ChainFilter | Unknown {
  const { definitions, type, place } = scope;
  const parameter = definitions.searchParameters.find(type, code);
  if (parameter === undefined) return unknown(`${type} has no search parameter "${code}"`);
  if (!isFollowed(parameter)) return unknown(`${type}.${code} is no reference to follow`);
  if (target !== undefined && !definitions.structures.isResourceType(target)) {
    throw notSupported(`The modifier :${target} is not served in a chain: the name of a resource type is`, place);
  }
  if (target !== undefined && !parameter.targets.includes(target)) {
    return unknown(`${type}.${code} refers to no ${target}, but to ${parameter.targets.join(', ')}`);
  }
  const targets: Link[] = [];
  const mark = search.indexOf('=');
  const values = valuesIn(search.slice(0, mark), search.slice(mark + 1));
  let why = '';
  for (const each of target === undefined ? parameter.targets : [target]) {
    if ((scope.conditions.count += 1) > mostConditions) {
      throw tooCostly(`${place} may lead to too many types of resource: name them, as in subject:Patient.name`, place);
    }
    if ((scope.conditions.values += values) > mostValues) {
      throw tooCostly(
        `${place} comes to more than ${String(mostValues)} values over all types it may lead to: name them`,
        place,
      );
    }
    const filter = read({ ...scope, type: each });
    if (filter.kind === 'unknown') why = filter.why;
    else targets.push({ type: each, filter, search: `${each}?${search}` });
  }
  if (targets.length > 0) return { kind: 'chain', name: place, parameter, typed: target !== undefined, targets };
  const isOne = parameter.targets.length === 1 || target !== undefined;
  return unknown(isOne ? why : `No type that ${type}.${code} refers to has what stands behind it: ${why}`);
}

/** https://hl7.org/fhir/R4/search.html#has */
function parseHas(scope: ChainScope, name: string, value: string, read: ReadRest): HasFilter | Unknown {
  const { definitions, type, place } = scope;
  const [, source = '', code = '', rest = ''] = /^_has:([^:]*):([^:]*):(.*)$/s.exec(name) ?? [];
  if (source === '' || code === '' || rest === '') {
    throw invalidRequest(
      `_has is _has:Type:reference:parameter, such as _has:Observation:patient:code, not ${name}`,
      place,
    );
  }
  if (!definitions.structures.isResourceType(source)) {
    throw invalidRequest(`_has names the type "${source}", which is not known`, place);
  }
  const parameter = definitions.searchParameters.find(source, code);
  if (parameter === undefined) throw invalidRequest(`_has: ${source} has no search parameter "${code}"`, place);
  if (!isFollowed(parameter)) throw invalidRequest(`${source}.${code} is no reference to follow`, place);
  if (!parameter.targets.includes(type)) {
    return unknown(`_has: ${source}.${code} refers to no ${type}, but to ${parameter.targets.join(', ')}`);
  }
  const filter = read({ ...scope, type: source }, rest, value);
  if (filter.kind === 'unknown') return filter;
  return {
    kind: 'has',
    name: place,
    parameter,
    source: { type: source, filter, search: `${source}?${rest}=${value}` },
  };
}

const isFollowed = (parameter: SearchParameterDefinition): parameter is ServedParameter =>
  parameter.type === 'reference' && isServedParameter(parameter);
