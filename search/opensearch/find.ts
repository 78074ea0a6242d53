import { type Client, errors } from '@opensearch-project/opensearch';
import type { QueryDsl } from './condition.js';
import { asked } from './retry.js';

/** What a document sorts by: text, or milliseconds since 1970; null when it has no value. */
export type SortValue = string | number | null;

/** A part of an order of documents. */
export interface FindRequest {
  readonly query: QueryDsl;
  /** A total order. */
  readonly sort: readonly QueryDsl[];
  readonly limit: number;
  /** Documents to pass over first. */
  readonly skip: number;
  /** The values a document sorts by, behind which the part begins. */
  readonly after?: readonly SortValue[];
  /** Up to how many documents that satisfy the query are counted; none without it. */
  readonly countTo?: number;
}

/** A document found. */
export interface FoundDocument {
  readonly type: string;
  readonly id: string;
  /** The version indexed. */
  readonly version: number;
  readonly sort: readonly SortValue[];
  readonly opaque: boolean;
}

/** The most documents one request passes over and gives together (`index.max_result_window`). */
const window = 10_000;

/**
 * The documents of a part of an order, however large and however deep it is.
 * @returns them, and how many there are in all, one more than `countTo` for more than that; 0 where nobody counts.
 */
export async function findDocuments(
  client: Client,
  index: string,
  request: FindRequest,
): Promise<{ readonly found: readonly FoundDocument[]; readonly counted: number }> {
  const found: FoundDocument[] = [];
  let { skip, after } = request;
  let counted = 0;
  while (found.length < request.limit) {
    const wanted = skip + request.limit - found.length;
    const from = after === undefined && wanted <= window ? skip : 0;
    const size = Math.min(wanted - from, window);
    const { page, total } = await onePage(client, index, request, { from, size, after });
    counted = Math.max(counted, total);
    const passed = Math.min(skip - from, page.length);
    found.push(...page.slice(passed));
    skip -= from + passed;
    after = page.at(-1)?.sort;
    if (page.length < size) break;
  }
  return { found, counted };
}

/** Whether an index of an older program was asked for, whose documents have no number to be ordered by. */
export const hasNoNumber = (error: unknown): boolean =>
  error instanceof errors.ResponseError && error.message.includes('No mapping found for [order]');

async function onePage(
  client: Client,
  index: string,
  { query, sort, countTo }: FindRequest,
  part: { readonly from: number; readonly size: number; readonly after: FindRequest['after'] },
): Promise<{ readonly page: readonly FoundDocument[]; readonly total: number }> {
  const { body } = await asked(
    client.search({
      index,
      allow_partial_search_results: false, // what one shard cannot tell must not look as if it were not there
      body: {
        query,
        sort,
        from: part.from,
        size: part.size,
        track_total_hits: countTo === undefined ? false : countTo + 1,
        stored_fields: '_none_', // there is only `_id`, which costs more than what stands in columns
        docvalue_fields: ['type', 'id', 'version', 'opaque'],
        ...(part.after === undefined ? {} : { search_after: part.after }),
      },
    } as Parameters<Client['search']>[0]),
  );
  const { total = 0, hits } = body.hits;
  return {
    total: typeof total === 'object' ? total.value : total,
    page: hits.map(({ sort: values, fields }) => {
      const { type, id, version, opaque } = (fields ?? {}) as DocumentColumns;
      return {
        type: type?.[0] ?? '',
        id: id?.[0] ?? '',
        version: version?.[0] ?? 0,
        sort: (values ?? []) as SortValue[],
        opaque: opaque !== undefined,
      };
    }),
  };
}

/** What is asked of a document: one value each. */
interface DocumentColumns {
  readonly type?: readonly string[];
  readonly id?: readonly string[];
  readonly version?: readonly number[];
  readonly opaque?: readonly boolean[];
}
