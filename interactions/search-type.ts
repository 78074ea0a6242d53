import { authorize } from '../auth/authorize.js';
import { type AccessFilter, permits } from '../fhir/access.js';
import { parseJson } from '../fhir/json.js';
import { invalidRequest, notFound } from '../fhir/outcome.js';
import { keyText, type Resource, type ResourceKey } from '../fhir/resource.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { match } from '../search/match.js';
import { openPage, type PageBinding, type PagePlace, sealPage } from '../search/page.js';
import { parseSearch } from '../search/parse.js';
import type { SearchRequest } from '../search/request.js';
import { included } from './include.js';
import { countMatches, findMatches, type Match } from './matches.js';
import { readQuery } from './read-query.js';
import type { SearchPage } from './search-page.js';
import { searchTerminology } from './search-terminology.js';
import type { Caller, FhirServer } from './server.js';

/** The page size without `_count`, and the greatest one. */
const defaultCount = 20;
const maxCount = 1_000;

/** Up to so many matches are counted unasked, when the search has one condition and when it has several. */
const countedUnasked = { one: 10_000, several: 1_000 };

/** A type search as a face hands it on. */
export interface TypeSearch {
  readonly type: string;
  /** Names and values of the query, in order. */
  readonly parameters: readonly (readonly [string, string])[];
  /** What becomes of unknown parameters: an error, or a warning. */
  readonly handling: 'strict' | 'lenient';
  /** A token of a page's links; `parameters` are then empty or those of the same search. */
  readonly cursor?: string;
  /** How many matches to pass over. */
  readonly offset?: number;
  /** The page size, when it is no `_count` among the parameters. */
  readonly count?: number;
}

/**
 * One page of a type search. https://hl7.org/fhir/R4/http.html#search
 * @throws OperationOutcomeError 400 for a query that cannot be answered as it stands, 403 when the caller's role may
 * not search the type, 404 for a type that does not exist.
 */
export async function searchType(server: FhirServer, caller: Caller, search: TypeSearch): Promise<SearchPage> {
  const access = accessTo(server, caller, search.type);
  const binding = bindingOf(server, caller, search.type, access);
  const opened = search.cursor === undefined ? undefined : openPage(server.pageKey, binding, search.cursor);
  const parameters = opened === undefined ? search.parameters : sameSearch(opened, search);
  const request = await parse(server, caller, search.type, parameters, search.handling);
  const count = pageSize(search, opened, request);
  const offset = wholeNumber(search.offset, '_offset') ?? 0;
  const place: PagePlace = opened ?? { query: request.used, count, offset };
  if (count === 0) return onlyTotal(server, request, access, binding);
  return answer(server, caller, { request, access, binding, place: { ...place, count } });
}

/**
 * Refuses a search that `searchType` would refuse, without searching.
 * @throws OperationOutcomeError as `searchType`.
 */
export async function requireSearch(
  server: FhirServer,
  caller: Caller,
  { type, parameters, handling }: Pick<TypeSearch, 'type' | 'parameters' | 'handling'>,
): Promise<void> {
  accessTo(server, caller, type);
  await parse(server, caller, type, parameters, handling);
}

/** What a transaction is about to write, of one type. */
export interface PendingWrites {
  /** As `Patient/1`, those of deletes included: what is stored under them does not count any more. */
  readonly keys: ReadonlySet<string>;
  readonly resources: readonly (Resource & { readonly id: string })[];
}

/** A resource that criteria match; `version` is the one they were matched on, absent for one about to be written. */
export interface ConditionalMatch extends ResourceKey {
  readonly version?: StoredVersion;
}

const nothingPending: PendingWrites = { keys: new Set(), resources: [] };

/**
 * The resources that criteria of a conditional interaction or reference match. Only what the caller may search counts:
 * otherwise such criteria would tell that resources exist which the caller may not see.
 * @param query the criteria, as they stand behind the `?`.
 * @param limit the greatest number to give: two tell one from several.
 * @param pending what a transaction is about to write, which counts as if it were written.
 * @throws OperationOutcomeError as `searchType`; 400 for criteria that name no search parameter.
 */
export async function conditionalMatches(
  server: FhirServer,
  caller: Caller,
  type: string,
  query: string,
  limit = 2,
  pending: PendingWrites = nothingPending,
): Promise<ConditionalMatch[]> {
  const access = accessTo(server, caller, type);
  const request = await parse(server, caller, type, readQuery(query), 'strict');
  if (request.filters.length === 0) throw invalidRequest(`The criteria "${type}?…" name no search parameter`);
  const { matches } = await findMatches(server, request, access, { limit: limit + pending.keys.size });
  const stored = matches.map(({ version }) => version).filter((version) => !pending.keys.has(keyText(version)));
  const written = pending.resources.filter((resource) => match(request, resource));
  return [
    ...stored.map((version) => ({ type, id: version.id, version })),
    ...written.map(({ id }): ConditionalMatch => ({ type, id })),
  ].slice(0, limit);
}

/**
 * A resource as it is now, if it matches criteria and the caller may find it; the index is not asked.
 * @throws OperationOutcomeError as `conditionalMatches`.
 */
export async function matchingVersion(
  server: FhirServer,
  caller: Caller,
  query: string,
  key: ResourceKey,
): Promise<StoredVersion | undefined> {
  const access = accessTo(server, caller, key.type);
  const request = await parse(server, caller, key.type, readQuery(query), 'strict');
  const version = await server.store.read(key);
  if (version === undefined || version.deleted || !permits(access, version.compartments)) return undefined;
  return match(request, parseJson(version.body) as Resource) ? version : undefined;
}

function accessTo(server: FhirServer, caller: Caller, type: string): AccessFilter {
  if (!server.definitions.structures.isResourceType(type)) throw notFound(`The resource type ${type}`);
  return authorize(server.rules, caller.principal, 'search', type);
}

/** A page link works for the same person with the same rights only. */
const bindingOf = (server: FhirServer, caller: Caller, type: string, access: AccessFilter): PageBinding => [
  server.definitions.version,
  type,
  caller.principal.subject,
  access.kind,
  access.kind === 'everything' ? [] : access.compartments,
];

const parse = async (
  server: FhirServer,
  caller: Caller,
  type: string,
  parameters: TypeSearch['parameters'],
  handling: TypeSearch['handling'],
): Promise<SearchRequest> =>
  parseSearch(server.definitions, type, parameters, {
    handling,
    baseUrl: caller.baseUrl,
    defaultCount,
    maxCount,
    now: server.now(),
    ...(await searchTerminology(server, caller, parameters)),
  });

/** Parameters that change what a page shows, not which search it is a page of. */
const aboutThePage: ReadonlySet<string> = new Set(['_count', '_total', '_format', '_pretty']);

/** The query of a page link; parameters beside it must be those of the same search, in any order. */
function sameSearch({ query }: PagePlace, { parameters }: TypeSearch): TypeSearch['parameters'] {
  const text = (pairs: TypeSearch['parameters']): string =>
    JSON.stringify(
      pairs
        .filter(([name]) => !aboutThePage.has(name))
        .map((pair) => JSON.stringify(pair))
        .sort(),
    );
  if (parameters.length > 0 && text(parameters) !== text(query)) {
    throw invalidRequest('The page link belongs to a search with other parameters', '_cursor');
  }
  return query;
}

function pageSize(search: TypeSearch, opened: PagePlace | undefined, request: SearchRequest): number {
  const asked = wholeNumber(search.count, '_count');
  return Math.min(maxCount, asked ?? opened?.count ?? request.count);
}

function wholeNumber(value: number | undefined, name: string): number | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return value;
  throw invalidRequest(`${name} is a whole number from 0 on, not ${String(value)}`, name);
}

/** What a page is answered from. */
interface Paging {
  readonly request: SearchRequest;
  readonly access: AccessFilter;
  readonly binding: PageBinding;
  readonly place: PagePlace;
}

async function answer(server: FhirServer, caller: Caller, paging: Paging): Promise<SearchPage> {
  const { request, access, place } = paging;
  const { after, backwards = false, count } = place;
  const { matches, more } = await findMatches(server, request, access, {
    limit: Math.min(count, place.size ?? count),
    backwards,
    ...(after === undefined ? { skip: backwards ? 0 : place.offset } : { after }),
  });
  const offset = backwards && !more ? 0 : place.offset;
  const isWhole = !backwards && after === undefined && offset === 0 && !more;
  const total = isWhole ? matches.length : await totalOf(server, request, access);
  const versions = matches.map(({ version }) => version);
  return {
    matches: versions,
    included: await included(server, caller, request, versions),
    ...(total === undefined || request.total === 'none' ? {} : { total }),
    count,
    offset,
    links: linksOf(server, paging, { matches, more, offset, total }),
    used: request.used,
    warnings: request.warnings,
  };
}

async function onlyTotal(
  server: FhirServer,
  request: SearchRequest,
  access: AccessFilter,
  binding: PageBinding,
): Promise<SearchPage> {
  const total = await totalOf(server, { ...request, total: 'accurate' }, access);
  return {
    matches: [],
    included: [],
    ...(total === undefined ? {} : { total }),
    count: 0,
    offset: 0,
    links: { first: sealPage(server.pageKey, binding, { query: request.used, count: 0, offset: 0 }) },
    used: request.used,
    warnings: request.warnings,
  };
}

/** The number of all matches: always when it is asked for, otherwise when it is quickly told. */
async function totalOf(server: FhirServer, request: SearchRequest, access: AccessFilter): Promise<number | undefined> {
  if (request.total === 'none') return undefined;
  if (request.total === 'accurate') {
    return (await server.index.count({ request, access, atMost: Infinity })) ?? countMatches(server, request, access);
  }
  const conditions = request.filters.length + (access.kind === 'everything' ? 0 : 1);
  const atMost = conditions > 1 ? countedUnasked.several : countedUnasked.one;
  return server.index.count({ request, access, atMost });
}

/** What was found for a page. */
interface Found {
  readonly matches: readonly Match[];
  readonly more: boolean;
  readonly offset: number;
  readonly total: number | undefined;
}

function linksOf(server: FhirServer, { request, binding, place }: Paging, found: Found): SearchPage['links'] {
  const { matches, more, offset, total } = found;
  const { count, after, backwards = false } = place;
  const seal = (page: Omit<PagePlace, 'query' | 'count'>): string =>
    sealPage(server.pageKey, binding, { query: request.used, count, ...page });
  const first = seal({ offset: 0 });
  const head = matches[0];
  const tail = matches.at(-1);
  const hasNext = backwards ? after !== undefined : more;
  const hasPrevious = backwards ? more : offset > 0;
  const links: { first: string; previous?: string; next?: string; last?: string } = { first };
  if (hasPrevious) {
    if (offset <= count || head === undefined) links.previous = first;
    else links.previous = seal({ offset: offset - count, after: head.position, backwards: true });
  }
  if (hasNext && tail !== undefined) links.next = seal({ offset: offset + matches.length, after: tail.position });
  if (total !== undefined && total > 0) {
    const size = total % count === 0 ? count : total % count;
    links.last = total <= count ? first : seal({ offset: total - size, backwards: true, size });
  }
  return links;
}
