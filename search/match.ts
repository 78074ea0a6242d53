import { compartmentsOf } from '../fhir/compartment.js';
import { containedIn } from '../fhir/contained.js';
import { keyText, type Resource } from '../fhir/resource.js';
import { matchesRefers } from './refers.js';
import { parameterTypes, type ServedType } from './parameter-types.js';
import { parameterValues } from './parameter-values.js';
import type { ContainsFilter, Filter, SearchRequest, ValueFilter } from './request.js';
import { matchesWords } from './words.js';

/**
 * Whether a resource satisfies a search, decided on the resource itself.
 * @param request the search.
 * @param resource the current version, `id` and `meta` included.
 */
export const match = (request: Pick<SearchRequest, 'type' | 'filters'>, resource: Resource): boolean =>
  resource.resourceType === request.type &&
  request.filters.every((filter) => matchesFilter(filter, resource, resource));

/** @param container the resource that `resource` is contained in, or the same. */
function matchesFilter(filter: Filter, resource: Resource, container: Resource): boolean {
  switch (filter.kind) {
    case 'missing':
      return (parameterValues(filter.parameter.type, filter.parameter, resource) === undefined) === filter.missing;
    case 'values':
      return matchesValues<ServedType>(filter, resource) !== filter.negated;
    case 'keys':
      return resource === container && resource.id !== undefined && filter.ids.has(resource.id); // a contained id is none
    case 'refers':
      return matchesRefers(filter, resource, container, matchesFilter);
    case 'compartment':
      return compartmentsOf(filter.definitions, resource, filter.bases).includes(keyText(filter.compartment));
    case 'words':
      return matchesWords(resource, filter.parameter, filter.queries);
    case 'contains':
      return resource === container && containedMatches(filter, resource).length > 0;
    case 'all':
      return filter.filters.every((each) => matchesFilter(each, resource, container));
    case 'any':
      return filter.filters.some((each) => matchesFilter(each, resource, container));
    case 'not':
      return !matchesFilter(filter.filter, resource, container);
  }
}

/** The resources in a resource that are of a type and satisfy all of the conditions. */
export const containedMatches = (
  { type, filters }: Pick<ContainsFilter, 'type' | 'filters'>,
  container: Resource,
): Resource[] =>
  containedIn(container).filter(
    (each) => each.resourceType === type && filters.every((filter) => matchesFilter(filter, each, container)),
  );

function matchesValues<T extends ServedType>(filter: ValueFilter<T>, resource: Resource): boolean {
  const type = parameterTypes[filter.type];
  const values = parameterValues(filter.type, filter.parameter, resource) ?? [];
  return filter.queries.some((query) => values.some((value) => type.matches(value, query)));
}
