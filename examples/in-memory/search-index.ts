import type { FhirDefinitions } from '../../fhir/definitions.js';
import { keyText, type Resource } from '../../fhir/resource.js';
import type { Tenant } from '../../fhir/tenant.js';
import { permits } from '../../search/access.js';
import { documentTerms } from '../../search/document.js';
import { match } from '../../search/match.js';
import type { SortRule } from '../../search/request.js';
import type { Indexable, IndexQuery, SearchIndex, SearchPlan, TypeSearchPlan } from '../../search/search-index.js';
import { compareTerms, sortKey } from '../../search/term.js';

/** A version, and its place among those that sort alike: the order in which resources came first. */
interface Kept {
  readonly change: Indexable;
  readonly number: number;
}

/** A resource that is found, and where it stands in the order. */
interface Found {
  readonly change: Indexable;
  readonly place: Place;
}
type Place = readonly [number: number, ...keys: (string | null)[]];

/** The memory of one process, which the indices of all tenants share. */
export interface MemoryIndices {
  of(tenant: Tenant): SearchIndex;
}

/**
 * The search port in the memory of one process, by looking through all resources: what another search engine has to do, in
 * one page. `search/match.ts` says what is found; an index of one's own may give more than that (the server looks again),
 * never less.
 */
export function memoryIndices(definitions: FhirDefinitions): MemoryIndices {
  const kept = new Map<string, Kept>();
  let count = 0;

  const put = (changes: readonly Indexable[], again: boolean): void => {
    for (const change of changes) {
      const key = `${change.tenant} ${keyText(change)}`;
      const known = kept.get(key);
      // A version that is not newer changes nothing: changes may come late and more than once.
      if (known !== undefined && known.change.versionId > change.versionId - (again ? 0 : 1)) continue;
      kept.set(key, { change, number: known?.number ?? count++ });
    }
  };

  const placeOf = ({ number }: Kept, resource: Resource, sort: readonly SortRule[]): Place => {
    const terms = documentTerms(definitions, resource);
    return [number, ...sort.map(({ parameter, descending }) => sortKey(terms[parameter.code] ?? [], descending))];
  };

  /** All that a plan finds of one type, in any order. */
  const foundBy = (tenant: Tenant, { request, access }: TypeSearchPlan): readonly Found[] =>
    [...kept.values()].flatMap((each): Found[] => {
      const { change } = each;
      const { resource, compartments } = change;
      if (change.tenant !== tenant || change.type !== request.type || resource === undefined) return [];
      const version = { type: change.type, compartments, deleted: false, body: JSON.stringify(resource) };
      if (!match(request, resource) || !permits(access, version)) return [];
      return [{ change, place: placeOf(each, resource, request.sort) }];
    });

  const allFound = (tenant: Tenant, { request, access, others = [] }: SearchPlan): readonly Found[] =>
    [{ request, access }, ...others].flatMap((plan) => foundBy(tenant, plan));

  function search(tenant: Tenant, query: IndexQuery): Awaited<ReturnType<SearchIndex['search']>> {
    const { request, limit, after, backwards = false, skip = 0 } = query;
    const order = (a: Place, b: Place): number => compare(a, b, request.sort) * (backwards ? -1 : 1);
    const from = after === undefined ? undefined : (JSON.parse(after) as Place);
    const rest = allFound(tenant, query)
      .filter(({ place }) => from === undefined || order(place, from) > 0)
      .sort((a, b) => order(a.place, b.place))
      .slice(skip);
    const hits = rest.slice(0, limit).map(({ change: { type, id, versionId }, place }) => ({
      type,
      id,
      position: JSON.stringify(place),
      exactVersion: versionId,
    }));
    return { hits: backwards ? hits.reverse() : hits, more: rest.length > limit };
  }

  return {
    of: (tenant) => ({
      search: (query) => Promise.resolve(search(tenant, query)),
      count({ atMost, ...plan }) {
        const total = allFound(tenant, plan).length;
        return Promise.resolve(total > atMost ? undefined : total);
      },
      put(changes, { again = false } = {}) {
        put(changes, again);
        return Promise.resolve();
      },
    }),
  };
}

/** What has no value comes last in either direction. https://hl7.org/fhir/R4/search.html#sort */
function compare([a, ...keys]: Place, [b, ...others]: Place, sort: readonly SortRule[]): number {
  for (const [at, { descending }] of sort.entries()) {
    const [x = null, y = null] = [keys[at], others[at]];
    if (x === y) continue;
    if (x === null || y === null) return x === null ? 1 : -1;
    return compareTerms(x, y) * (descending ? -1 : 1);
  }
  return a - b;
}
