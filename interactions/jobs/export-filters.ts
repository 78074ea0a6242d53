import { invalidRequest, notSupported } from '../../fhir/outcome.js';
import { parseSearch } from '../../search/parse.js';
import { requireUnchained, type SearchRequest } from '../../search/request.js';
import { readQuery } from '../read-query.js';
import { clip } from '../resource-type.js';
import { searchTerminology } from '../search-terminology.js';
import type { Caller, FhirServer } from '../server.js';

/**
 * Splits `_typeFilter` into its queries: between commas, of which those that begin with a type part queries.
 * https://hl7.org/fhir/uv/bulkdata/STU2/export.html#_typefilter-experimental-query-parameter
 * @returns by type the queries, as they stand behind the `?`.
 * @throws OperationOutcomeError 400 for what is no query of a type.
 */
export function readTypeFilters(server: FhirServer, values: readonly string[]): Record<string, string[]> {
  const queries: Record<string, string[]> = {};
  for (const text of values.flatMap((value) => value.split(/,(?=[A-Z][A-Za-z]*\?)/))) {
    const [, type = '', query = ''] = /^([A-Za-z]+)\?(.+)$/s.exec(text.trim()) ?? [];
    if (!server.definitions.structures.isResourceType(type) || query === '') {
      throw invalidRequest(
        `_typeFilter names searches such as Condition?clinical-status=active, not "${clip(text)}"`,
        '_typeFilter',
      );
    }
    (queries[type] ??= []).push(query);
  }
  return queries;
}

/**
 * Reads the queries of a type.
 * @param now the clock that dates are compared with, in milliseconds since 1970.
 * @throws OperationOutcomeError 400 for parameters that are not known, that shape an answer, or lead to other resources.
 */
export async function exportFilters(
  server: FhirServer,
  caller: Caller,
  type: string,
  queries: readonly string[],
  now: number,
): Promise<readonly SearchRequest[]> {
  const requests: SearchRequest[] = [];
  for (const query of queries) {
    const parameters = readQuery(query, '_typeFilter');
    const parsed = parseSearch(server.definitions, type, parameters, {
      handling: 'strict',
      baseUrl: caller.baseUrl,
      defaultCount: 0,
      maxCount: 0,
      now,
      ...(await searchTerminology(server, caller, parameters)),
    });
    const request = requireUnchained(parsed);
    if (request.filters.length === 0 || request.filters.length < parameters.length) {
      throw notSupported(`_typeFilter takes search criteria only, not "${clip(`${type}?${query}`)}"`, '_typeFilter');
    }
    requests.push(request);
  }
  return requests;
}
