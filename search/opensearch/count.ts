import type { Client } from '@opensearch-project/opensearch';
import { unavailable } from '../../fhir/outcome.js';
import type { QueryDsl } from './condition.js';
import { asked, isBusy } from './retry.js';

/** Documents to be counted; `atMost` is told when there are more. */
export interface CountRequest {
  readonly query: QueryDsl;
  readonly atMost: number;
}

/**
 * How many documents satisfy each of the queries, in one request.
 * @throws OperationOutcomeError 503 when a part of the index cannot tell: what is missing would look as if it were not there.
 */
export async function countDocuments(
  client: Client,
  index: string,
  requests: readonly CountRequest[],
): Promise<readonly number[]> {
  const body = requests.flatMap(({ query, atMost }) => [
    { allow_partial_search_results: false },
    { query, size: 0, track_total_hits: Number.isFinite(atMost) ? atMost : true },
  ]);
  const { responses } = (await asked(client.msearch({ index, body }))).body;
  return responses.map((response, i) => {
    if ('error' in response) {
      const { status } = response;
      if (isBusy(status)) throw unavailable('The search index does not answer for now. Try again');
      throw new Error(`OpenSearch does not count: ${String(status)}`);
    }
    const { total } = response.hits;
    const found = typeof total === 'object' ? total.value : (total ?? 0);
    return Math.min(found, requests[i]?.atMost ?? found);
  });
}
