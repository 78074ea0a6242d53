import { type AccessFilter, permits } from '../search/access.js';
import { parseJson } from '../fhir/json.js';
import { invalidRequest, notSupported } from '../fhir/outcome.js';
import { keyText, type Resource, type ResourceKey } from '../fhir/resource.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { match } from '../search/match.js';
import { parseSearch } from '../search/parse.js';
import { chainedIn, type ParsedSearch } from '../search/request.js';
import { chainResolver } from './chain.js';
import { findMatches } from './matches.js';
import { readQuery } from './read-query.js';
import { requireResourceType } from './resource-type.js';
import type { SearchPage } from './search-page.js';
import { searchTerminology } from './search-terminology.js';
import { search, type SearchQuery } from './search.js';
import type { Caller, FhirServer } from './server.js';
import { authorize } from './access.js';

/** A type search as a face hands it on. */
export interface TypeSearch extends SearchQuery {
  readonly type: string;
}

/**
 * One page of a type search. https://hl7.org/fhir/R4/http.html#search
 * @throws OperationOutcomeError as `search`.
 */
export const searchType = (server: FhirServer, caller: Caller, { type, ...query }: TypeSearch): Promise<SearchPage> =>
  search(server, caller, { kind: 'type', type }, query);

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

/**
 * The resources that criteria of a conditional interaction or reference match. Only what the caller may search counts:
 * otherwise such criteria would tell that resources exist which the caller may not see.
 * @param query the criteria, as they stand behind the `?`.
 * @param limit the greatest number to give: two tell one from several.
 * @param pending what a transaction is about to write, which counts as if it were written; criteria are then decided
 * by each resource alone, since a chain might lead through what is not written yet.
 * @throws OperationOutcomeError as `search`; 400 for criteria that name no search parameter.
 */
export async function conditionalMatches(
  server: FhirServer,
  caller: Caller,
  type: string,
  query: string,
  limit = 2,
  pending?: PendingWrites,
): Promise<ConditionalMatch[]> {
  const { access, parsed } = await criteriaOf(server, caller, type, query);
  if (parsed.filters.length === 0) throw invalidRequest(`The criteria "${type}?…" name no search parameter`);
  const chained = chainedIn(parsed.filters);
  if (pending !== undefined && chained !== undefined) {
    throw notSupported(`${chained.name} is not served in references, nor in criteria of a transaction`, chained.name);
  }
  const request = await chainResolver(server, caller).resolve(parsed);
  const { matches } = await findMatches(server, { request, access }, { limit: limit + (pending?.keys.size ?? 0) });
  const stored = matches.map(({ version }) => version).filter((version) => !pending?.keys.has(keyText(version)));
  const written = (pending?.resources ?? []).filter((resource) => match(request, resource));
  return [
    ...stored.map((version) => ({ type, id: version.id, version })),
    ...written.map(({ id }): ConditionalMatch => ({ type, id })),
  ].slice(0, limit);
}

/**
 * A resource as it is now, if it matches criteria and the caller may find it; the index is asked for chains only.
 * @throws OperationOutcomeError as `conditionalMatches`.
 */
export async function matchingVersion(
  server: FhirServer,
  caller: Caller,
  query: string,
  key: ResourceKey,
): Promise<StoredVersion | undefined> {
  const { access, parsed } = await criteriaOf(server, caller, key.type, query);
  const version = await server.store.read(key);
  if (version === undefined || version.deleted || !permits(access, version)) return undefined;
  const request = await chainResolver(server, caller).resolve(parsed);
  return match(request, parseJson(version.body) as Resource) ? version : undefined;
}

/**
 * Criteria as they are understood, and what the caller may find by them.
 * @throws OperationOutcomeError 400 for criteria that are not understood, 403, 404 unknown type.
 */
export async function criteriaOf(
  server: FhirServer,
  caller: Caller,
  type: string,
  query: string,
): Promise<{ readonly access: AccessFilter; readonly parsed: ParsedSearch }> {
  requireResourceType(server, type);
  const access = authorize(server, caller, 'search', type);
  const parameters = readQuery(query);
  const parsed = parseSearch(server.definitions, type, parameters, {
    handling: 'strict',
    baseUrl: caller.baseUrl,
    defaultCount: 0,
    maxCount: 0,
    now: server.now(),
    ...(await searchTerminology(server, caller, parameters)),
  });
  return { access, parsed };
}
