import type { Resource } from '../fhir/resource.js';
import { parameterTypes, type ServedType } from './parameter-types.js';
import { parameterValues } from './parameter-values.js';
import type { Filter, SearchRequest, ValueFilter } from './request.js';

/**
 * Whether a resource satisfies a search, decided on the resource itself.
 * @param request the search.
 * @param resource the current version, `id` and `meta` included.
 */
export const match = (request: Pick<SearchRequest, 'type' | 'filters'>, resource: Resource): boolean =>
  resource.resourceType === request.type && request.filters.every((filter) => matchesFilter(filter, resource));

function matchesFilter(filter: Filter, resource: Resource): boolean {
  if (filter.kind === 'missing') {
    const { parameter, missing } = filter;
    return (parameterValues(parameter.type, parameter, resource) === undefined) === missing;
  }
  return matchesValues<ServedType>(filter, resource) !== filter.negated;
}

function matchesValues<T extends ServedType>(filter: ValueFilter<T>, resource: Resource): boolean {
  const type = parameterTypes[filter.type];
  const values = parameterValues(filter.type, filter.parameter, resource) ?? [];
  return filter.queries.some((query) => values.some((value) => type.matches(value, query)));
}
