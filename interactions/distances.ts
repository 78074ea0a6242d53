import { parseJson } from '../fhir/json.js';
import { keyText, type Resource } from '../fhir/resource.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { parameterValues } from '../search/parameter-values.js';
import type { SearchPlan } from '../search/search-index.js';
import { metresBetween } from '../search/sphere.js';
import type { SearchPage } from './search-page.js';

/**
 * How far matches are from the places they were searched around, the closest of several.
 * https://hl7.org/fhir/R4/location.html#positional
 * @returns kilometres, to the metre, by key; nothing for a search that is not about places.
 */
export function distancesOf(
  { request }: Pick<SearchPlan, 'request'>,
  versions: readonly StoredVersion[],
): Pick<SearchPage, 'distances'> {
  const filters = request.filters.flatMap((each) => (each.kind === 'values' && each.type === 'special' ? [each] : []));
  if (filters.length === 0) return {};
  const distances = new Map<string, number>();
  for (const version of versions) {
    const resource = parseJson(version.body) as Resource;
    const metres = filters.flatMap(({ parameter, queries }) =>
      (parameterValues('special', parameter, resource) ?? []).flatMap((position) =>
        queries.map(({ centre }) => metresBetween(position, centre)),
      ),
    );
    if (metres.length > 0) distances.set(keyText(version), Math.round(Math.min(...metres)) / 1000);
  }
  return { distances };
}
