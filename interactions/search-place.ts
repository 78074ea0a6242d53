import { keyText, type ResourceKey } from '../fhir/resource.js';
import type { StructureTable } from '../fhir/structure.js';

/** Where a search looks. https://hl7.org/fhir/R4/search.html#searchcontexts */
export type SearchPlace =
  | { readonly kind: 'type'; readonly type: string }
  | { readonly kind: 'system' }
  /** `type` is absent for all types in the compartment. */
  | { readonly kind: 'compartment'; readonly compartment: ResourceKey; readonly type?: string };

/** The path of a search below the base URL: `Patient`, empty for the system, `Patient/1/Observation`, `Patient/1/*`. */
export function pathOf(place: SearchPlace): string {
  switch (place.kind) {
    case 'type':
      return place.type;
    case 'system':
      return '';
    case 'compartment':
      return `${keyText(place.compartment)}/${place.type ?? '*'}`;
  }
}

/**
 * Where a request searches, by its method and the decoded segments of its path: GET of the base, a type or a
 * compartment, POST to `_search` of one.
 * @returns undefined when the request is no search.
 */
export function searchPlaceOf(
  structures: StructureTable,
  method: string,
  path: readonly string[],
): SearchPlace | undefined {
  const isPost = method === 'POST' && path.at(-1) === '_search';
  if (!isPost && method !== 'GET' && method !== 'HEAD') return undefined;
  const [type = '', id, inside, ...rest] = isPost ? path.slice(0, -1) : path;
  if (type === '') return { kind: 'system' };
  if (id === undefined) return { kind: 'type', type };
  if (rest.length > 0) return undefined;
  const compartment = { type, id };
  if (inside === undefined) return isPost ? { kind: 'compartment', compartment } : undefined;
  if (inside === '*') return { kind: 'compartment', compartment };
  return structures.isResourceType(inside) ? { kind: 'compartment', compartment, type: inside } : undefined;
}
