import type { FhirDefinitions } from '../../fhir/definitions.js';
import { invalidRequest, tooCostly } from '../../fhir/outcome.js';
import type { SearchPage } from '../../interactions/search-page.js';
import { searchType } from '../../interactions/search-type.js';
import type { Caller, FhirServer } from '../../interactions/server.js';
import type { StoredVersion } from '../../persistence/resource-store.js';
import type { SearchRequest } from '../interaction-request.js';
import type { JsonObject } from './json-object.js';
import { render } from './render.js';
import { maySelect, selectedMembers } from './selected-members.js';

/** A list without `_count` is everything that matches or an error: beyond these limits it is an error. */
const maxListed = 1_000;

/** What one answer may hold, in characters of JSON text: AppSync passes on 5 MB. */
const maxCharacters = 4_500_000;

/** The part of a search that the GraphQL arguments say, as REST would have it. */
interface Search {
  readonly parameters: (readonly [string, string])[];
  readonly count?: number;
  readonly offset?: number;
  readonly cursor?: string;
}

const argumentCodes = new WeakMap<FhirDefinitions, Map<string, ReadonlyMap<string, string>>>();

/** The search parameter codes of a type by their GraphQL names (`-` becomes `_`). */
function codesByArgument(definitions: FhirDefinitions, type: string): ReadonlyMap<string, string> {
  const ofVersion = argumentCodes.get(definitions) ?? new Map<string, ReadonlyMap<string, string>>();
  argumentCodes.set(definitions, ofVersion);
  const known = ofVersion.get(type);
  if (known !== undefined) return known;
  const codes = new Map(
    definitions.searchParameters.ofType(type).map(({ code }) => [code.replaceAll('-', '_'), code] as const),
  );
  ofVersion.set(type, codes);
  return codes;
}

/**
 * Reads the arguments of a search field. Several values of an argument must all hold; a comma inside one means "or".
 * @throws OperationOutcomeError 400 that names the argument when it is unknown or has no usable value.
 * @see https://hl7.org/fhir/R4/graphql.html#searching
 */
export function readArguments(definitions: FhirDefinitions, request: SearchRequest): Search {
  const codes = codesByArgument(definitions, request.type);
  const code = (name: string): string => {
    const found = codes.get(name);
    if (found === undefined) throw invalidRequest(`${request.type} has no search parameter ${name}`, request.field);
    return found;
  };
  const parameters: [string, string][] = [];
  const { referring } = request;
  if (referring !== undefined) parameters.push([code(referring.parameter), `${referring.type}/${referring.id}`]);
  const whole = (name: string, least: number): number | undefined => {
    const value = request.arguments[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value;
    throw invalidRequest(`${name} must be a whole number from ${String(least)}`, request.field);
  };
  let cursor: string | undefined;
  for (const [name, value] of Object.entries(request.arguments)) {
    if (value === undefined || value === null || name === '_count' || name === '_offset') continue;
    if (name === '_cursor') [cursor] = texts(request, name, value);
    else if (name === '_sort') parameters.push(...texts(request, name, value).map((text) => pair(name, text)));
    else parameters.push(...texts(request, name, value).map((text) => pair(code(name), text)));
  }
  const count = whole('_count', 0);
  const offset = whole('_offset', 0);
  if (cursor !== undefined && offset !== undefined) {
    throw invalidRequest('_cursor is a place in a search: _offset cannot be given beside it', request.field);
  }
  if (request.counted && cursor === undefined) parameters.push(['_total', 'accurate']);
  return {
    parameters,
    ...(count === undefined ? {} : { count }),
    ...(offset === undefined ? {} : { offset }),
    ...(cursor === undefined ? {} : { cursor }),
  };
}

const pair = (name: string, value: string): [string, string] => [name, value];

/** The values of an argument: an empty list, an empty text or a null would silently widen the search. */
function texts(request: SearchRequest, name: string, value: unknown): string[] {
  const values: unknown[] = Array.isArray(value) ? value : [value];
  if (values.length > 0 && values.every((each) => typeof each === 'string' && each !== '')) return values as string[];
  throw invalidRequest(`${name} must be a string or a list of strings, without null and empty ones`, request.field);
}

/**
 * `PatientConnection`: one page of matches.
 * @returns the object of the connection's GraphQL type; `count` is null where it is not known exactly.
 * @throws OperationOutcomeError as `searchType`, or when the page is too large to be answered.
 */
export async function connection(server: FhirServer, caller: Caller, request: SearchRequest): Promise<JsonObject> {
  const counted = request.counted || maySelect(request.selection, 'count');
  const { parameters, count, offset, cursor } = readArguments(server.definitions, { ...request, counted });
  const page = await searchType(server, caller, {
    type: request.type,
    parameters,
    handling: 'strict',
    ...(count === undefined ? {} : { count }),
    ...(offset === undefined ? {} : { offset }),
    ...(cursor === undefined ? {} : { cursor }),
  });
  requireAnswerable(request, page.matches);
  const members = selectedMembers(request.selection, ['edges', 'resource']);
  return {
    count: page.total ?? null,
    offset: page.offset,
    pagesize: page.count,
    edges: page.matches.map((version) => ({ mode: 'match', score: null, resource: render(version, members) })),
    first: page.links.first,
    previous: page.links.previous ?? null,
    next: page.links.next ?? null,
    last: page.links.last ?? null,
  };
}

/**
 * `PatientList`: with `_count` that many matches; without it all of them.
 * @throws OperationOutcomeError as `searchType`; 413 when there are more matches than one answer takes: the FHIR
 * page forbids to leave some out silently.
 */
export async function list(server: FhirServer, caller: Caller, request: SearchRequest): Promise<JsonObject[]> {
  const { parameters, count, offset } = readArguments(server.definitions, request);
  const { type } = request;
  let page: SearchPage = await searchType(server, caller, {
    type,
    parameters,
    handling: 'strict',
    uncounted: true,
    count: count ?? maxListed,
    ...(offset === undefined ? {} : { offset }),
  });
  const found = [...page.matches];
  const wanted = count ?? maxListed;
  requireAnswerable(request, found);
  // A page may be shorter than asked for: the server has a limit of its own.
  while (found.length < wanted && page.links.next !== undefined) {
    const cursor = page.links.next;
    page = await searchType(server, caller, { type, parameters: [], handling: 'strict', uncounted: true, cursor });
    found.push(...page.matches);
    requireAnswerable(request, found);
  }
  if (count === undefined && (page.links.next !== undefined || found.length > maxListed)) {
    throw tooCostly(
      `More than ${String(maxListed)} resources match: narrow the search, give _count, or use ${type}Connection`,
      request.field,
    );
  }
  const members = selectedMembers(request.selection);
  return found.slice(0, wanted).map((version) => render(version, members));
}

function requireAnswerable(request: SearchRequest, versions: readonly StoredVersion[]): void {
  const characters = versions.reduce((sum, { body }) => sum + body.length, 0);
  if (characters <= maxCharacters) return;
  throw tooCostly(
    `The matches have more than ${String(maxCharacters)} characters: narrow the search, or ask for smaller pages of ${request.type}Connection by _count`,
    request.field,
  );
}
