import { invalidRequest } from '../fhir/outcome.js';
import { keyText } from '../fhir/resource.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { openPage, type PageBinding, type PagePlace, sealPage } from '../search/page.js';
import { parseSearch } from '../search/parse.js';
import type { ParsedSearch } from '../search/request.js';
import type { IndexPage, SearchPlan, TypeSearchPlan } from '../search/search-index.js';
import { chainResolver } from './chain.js';
import { rightsOf } from './access.js';
import { type ContainedMatches, containerPlan, requireContainer } from './contained.js';
import { distancesOf } from './distances.js';
import { included } from './include.js';
import { countMatches, findMatches } from './matches.js';
import { PageLinks } from './page-links.js';
import type { SearchPage } from './search-page.js';
import { pathOf, type SearchPlace } from './search-place.js';
import { scopeOf, type SearchScope } from './search-scope.js';
import { searchTerminology } from './search-terminology.js';
import type { Caller, FhirServer } from './server.js';

/** The page size without `_count`, and the greatest one. */
const defaultCount = 20;
const maxCount = 1_000;

/** Up to how many matches are counted unasked: more when the search has one condition than when it has several. */
function countedUnasked({ request, access, others = [] }: SearchPlan): number {
  const conditions = request.filters.length + (access.kind === 'everything' ? 0 : 1) + others.length;
  return conditions > 1 ? 1_000 : 10_000;
}

/** A search as a face hands it on. */
export interface SearchQuery {
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
  /** Whether nobody is told how many matches there are: they are not counted then. */
  readonly uncounted?: boolean;
}

/**
 * One page of a search, of a type, of the whole system, or in a compartment. https://hl7.org/fhir/R4/http.html#search
 * @throws OperationOutcomeError 400 for a query that cannot be answered as it stands, 403 when the caller's role may
 * not search a type, 404 for a type or a compartment that does not exist, 413 for a search that looks at too much.
 */
export async function search(
  server: FhirServer,
  caller: Caller,
  place: SearchPlace,
  query: SearchQuery,
): Promise<SearchPage> {
  const binding = bindingOf(server, caller, place);
  const open = query.cursor === undefined ? undefined : openPage(server.pageKey, binding, query.cursor);
  const parameters = open === undefined ? query.parameters : sameSearch(open, query);
  const scope = scopeOf(server, caller, place, parameters);
  const parsed = await parseAll(server, caller, scope, query.handling);
  requireContainer(place, parsed);
  const { contained, ...plan } = await planOf(server, caller, scope, parsed);
  const used = [...scope.typeParameters, ...plan.request.used];
  const count = Math.min(maxCount, wholeNumber(query.count, '_count') ?? open?.count ?? plan.request.count);
  const offset = wholeNumber(query.offset, '_offset') ?? 0;
  const paging: Paging = {
    plan,
    used,
    binding,
    place: open === undefined ? { query: used, count, offset } : { ...withCount(open, count), query: used, count },
    uncounted: query.uncounted === true,
    ...(contained === undefined ? {} : { contained }),
  };
  return count === 0 ? onlyTotal(server, paging) : answer(server, caller, paging);
}

/**
 * Refuses a search that `search` would refuse, without searching.
 * @throws OperationOutcomeError as `search`.
 */
export async function requireSearch(
  server: FhirServer,
  caller: Caller,
  place: SearchPlace,
  { parameters, handling }: Pick<SearchQuery, 'parameters' | 'handling'>,
): Promise<void> {
  requireContainer(place, await parseAll(server, caller, scopeOf(server, caller, place, parameters), handling));
}

/** A page link works for the same person with the same rights only: what a role opens is decided again on every page. */
const bindingOf = (server: FhirServer, { principal }: Caller, place: SearchPlace): PageBinding => [
  server.definitions.version,
  pathOf(place),
  ...rightsOf(principal),
];

/**
 * The query as each type understands it: a code may mean other elements there, or nothing. A parameter that lenient
 * handling leaves out on one type is left out on all.
 */
async function parseAll(
  server: FhirServer,
  caller: Caller,
  { types, parameters }: SearchScope,
  handling: SearchQuery['handling'],
): Promise<readonly ParsedSearch[]> {
  const names = types.map(({ type }) => type);
  const terminology = await searchTerminology(server, caller, parameters);
  const limits = { defaultCount, maxCount, now: server.now() };
  const options = { handling, baseUrl: caller.baseUrl, ...limits, types: names, ...terminology };
  const parse = (pairs: SearchQuery['parameters']): ParsedSearch[] =>
    names.map((type) => parseSearch(server.definitions, type, pairs, options));
  const parsed = parse(parameters);
  const isUsed = ([name, value]: readonly [string, string], { used }: ParsedSearch): boolean =>
    used.some((pair) => pair[0] === name && pair[1] === value);
  const common = parsed[0]?.used.filter((pair) => parsed.every((each) => isUsed(pair, each))) ?? [];
  if (parsed.every(({ used }) => used.length === common.length)) return parsed;
  const warnings = [...new Set(parsed.flatMap((each) => each.warnings))];
  return parse(common).map((each) => ({ ...each, warnings }));
}

/** Chains resolved, and the scope's conditions and access filters joined to the requests. */
async function planOf(
  server: FhirServer,
  caller: Caller,
  { types, filters }: SearchScope,
  parsed: readonly ParsedSearch[],
): Promise<SearchPlan & { readonly contained?: ContainedMatches }> {
  const chains = chainResolver(server, caller);
  const plans: TypeSearchPlan[] = [];
  for (const [i, { access }] of types.entries()) {
    const own = parsed[i];
    if (own === undefined) continue;
    const request = await chains.resolve(own);
    plans.push({ request: { ...request, filters: [...filters, ...request.filters] }, access });
  }
  const [first, ...others] = plans;
  if (first === undefined) throw new Error('A search of no type');
  if (first.request.contained !== undefined) return containerPlan(server, caller, first, first.request.contained);
  return others.length === 0 ? first : { ...first, others };
}

/** Parameters that change what a page shows, not which search it is a page of. */
const aboutThePage: ReadonlySet<string> = new Set(['_count', '_total', '_format', '_pretty']);

/** A page's place for another page size: a page that ends at a place begins elsewhere then. */
function withCount(place: PagePlace, count: number): PagePlace {
  if (count === place.count) return place;
  const { size, ...rest } = place;
  if (place.backwards !== true) return rest;
  return { ...rest, offset: Math.max(0, place.offset + (size ?? place.count) - count) };
}

/** The query of a page link; parameters beside it must be those of the same search, in any order. */
function sameSearch({ query }: PagePlace, { parameters }: SearchQuery): SearchQuery['parameters'] {
  const text = (pairs: SearchQuery['parameters']): string =>
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

function wholeNumber(value: number | undefined, name: string): number | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return value;
  throw invalidRequest(`${name} is a whole number from 0 on, not ${String(value)}`, name);
}

/** What a page is answered from. */
interface Paging {
  readonly plan: SearchPlan;
  readonly used: SearchPage['used'];
  readonly binding: PageBinding;
  readonly place: PagePlace;
  readonly uncounted: boolean;
  /** Absent when contained resources are not searched. */
  readonly contained?: ContainedMatches;
}

/** What all pages of a search say about it. */
const aboutThe = ({ plan: { request }, used }: Paging): Pick<SearchPage, 'used' | 'warnings' | 'form'> => ({
  used,
  warnings: request.warnings,
  ...(request.form === undefined ? {} : { form: request.form }),
});

async function answer(server: FhirServer, caller: Caller, paging: Paging): Promise<SearchPage> {
  const { plan, place } = paging;
  const { after, backwards = false, count } = place;
  const { matches, more, counted } = await findMatches(server, plan, {
    limit: Math.min(count, place.size ?? count),
    backwards,
    ...(plan.request.total === undefined && !paging.uncounted ? { countTo: countedUnasked(plan) } : {}),
    ...(after === undefined ? { skip: backwards ? 0 : place.offset } : { after }),
  });
  const offset = backwards && !more ? 0 : place.offset;
  const isWhole = !backwards && after === undefined && offset === 0 && !more;
  const versions = matches.map(({ version }) => version);
  const shown = shownOf(paging, versions);
  const total = isWhole ? countShown(versions, shown) : await totalOf(server, paging, counted);
  return {
    matches: versions,
    included: await included(server, caller, plan.request, versions),
    count,
    offset,
    ...aboutThe(paging),
    ...distancesOf(plan, versions),
    ...(shown === undefined ? {} : { shown }),
    ...(total === undefined || plan.request.total === 'none' ? {} : { total }),
    links: new PageLinks({ key: server.pageKey, binding: paging.binding, place }, { matches, more, offset, total }),
  };
}

/** `_count=0` is `_summary=count`, whatever `_total` says. https://hl7.org/fhir/R4/search.html#count */
async function onlyTotal(server: FhirServer, paging: Paging): Promise<SearchPage> {
  const { binding, place } = paging;
  const total = await exactTotal(server, paging);
  return {
    ...aboutThe(paging),
    matches: [],
    included: [],
    total,
    count: 0,
    offset: 0,
    links: { first: sealPage(server.pageKey, binding, { query: place.query, count: 0, offset: 0 }) },
  };
}

const exactTotal = async (server: FhirServer, paging: Paging): Promise<number> =>
  (await server.index.count({ atMost: Infinity, ...paging.plan })) ??
  countMatches(server, paging.plan, (versions) => countShown(versions, shownOf(paging, versions)));

/** What of each match is shown, where that is not the match itself. */
const shownOf = ({ contained }: Paging, versions: readonly StoredVersion[]): SearchPage['shown'] =>
  contained?.show === 'contained'
    ? new Map(versions.map((version) => [keyText(version), contained.of(version)]))
    : undefined;

/** How many entries matches are. */
const countShown = (versions: readonly StoredVersion[], shown: SearchPage['shown']): number =>
  shown === undefined
    ? versions.length
    : [...shown.values()].reduce((sum, { own, contained }) => sum + (own ? 1 : 0) + contained.length, 0);

/** The number of all matches: always when it is asked for, otherwise when it is quickly told. */
async function totalOf(server: FhirServer, paging: Paging, counted: IndexPage['counted']): Promise<number | undefined> {
  const { plan, uncounted } = paging;
  if (plan.request.total === 'none' || uncounted) return undefined;
  if (plan.request.total === 'accurate') return exactTotal(server, paging);
  return counted === undefined ? server.index.count({ atMost: countedUnasked(plan), ...plan }) : counted.total;
}
