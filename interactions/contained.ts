import { notSupported } from '../fhir/outcome.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { containedMatches, match } from '../search/match.js';
import type { ContainedSearch, ContainsFilter, Filter, ParsedSearch } from '../search/request.js';
import type { SearchPlan, TypeSearchPlan } from '../search/search-index.js';
import { accessOrNone } from './access.js';
import { resourceOf } from './resource-of.js';
import type { SearchPlace } from './search-place.js';
import type { ShownMatch } from './search-page.js';
import type { Caller, FhirServer } from './server.js';

/** What a search of contained resources shows, and what of a match that is. */
export interface ContainedMatches {
  readonly show: ContainedSearch['show'];
  of(version: StoredVersion): ShownMatch;
}

/** Refuses a search of contained resources of several types. @throws OperationOutcomeError 400. */
export function requireContainer(place: SearchPlace, parsed: readonly ParsedSearch[]): void {
  if (place.kind === 'type' || parsed.every(({ contained }) => contained === undefined)) return;
  throw notSupported('_contained is served in searches of a type only', '_contained');
}

/**
 * A search for resources of any type that contain matches of one type, and, where both are asked for, for matches
 * of that type. Containers are those the caller may search. https://hl7.org/fhir/R4/search.html#contained
 * @param plan the search of that type, its chains resolved.
 */
export function containerPlan(
  server: FhirServer,
  caller: Caller,
  { request, access }: TypeSearchPlan,
  { both, show }: ContainedSearch,
): SearchPlan & { readonly contained: ContainedMatches } {
  const { type, filters } = request;
  const contains: ContainsFilter = { kind: 'contains', type, filters };
  const either: Filter = { kind: 'any', filters: [contains, { kind: 'all', filters }] };
  const own: TypeSearchPlan = { request: { ...request, filters: [both ? either : contains] }, access };
  const others = server.definitions.resourceTypes.flatMap((container): TypeSearchPlan[] => {
    const ofContainer = container === type ? undefined : accessOrNone(server, caller, 'search', container);
    if (ofContainer === undefined) return [];
    return [{ request: { ...request, type: container, filters: [contains] }, access: ofContainer }];
  });
  return {
    ...own,
    others,
    contained: {
      show,
      of(version) {
        const resource = resourceOf(version);
        return { own: both && match(request, resource), contained: containedMatches(contains, resource) };
      },
    },
  };
}
