import { invalidRequest, notSupported } from '../fhir/outcome.js';
import type { ListFilter } from './request.js';

/**
 * Reads `_list`: ids of Lists, also as references.
 * @throws OperationOutcomeError 400 for what is none, and for lists by their function (`$current-problems`).
 * @see https://hl7.org/fhir/R4/search.html#list
 */
export function readList(value: string, baseUrl: string | undefined): ListFilter {
  const ids = value.split(',').map((each) => {
    if (each.startsWith('$'))
      throw notSupported(`_list=${each} is not served: the lists it names are not kept here`, '_list');
    const prefix = [`${baseUrl ?? ''}/List/`, 'List/', ''].find((start) => each.startsWith(start)) ?? '';
    const id = each.slice(prefix.length);
    if (!/^[A-Za-z0-9\-.]{1,64}$/.test(id)) throw invalidRequest(`_list is the id of a List, not "${each}"`, '_list');
    return id;
  });
  return { kind: 'list', name: '_list', ids };
}
