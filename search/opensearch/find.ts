import type { Client } from '@opensearch-project/opensearch';
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
}

/** A document found. */
export interface FoundDocument {
  readonly id: string;
  /** The version indexed. */
  readonly version: number;
  readonly sort: readonly SortValue[];
  readonly opaque: boolean;
}

/** The most documents one request passes over and gives together (`index.max_result_window`). */
const window = 10_000;

/** The documents of a part of an order, however large and however deep it is. */
export async function findDocuments(client: Client, index: string, request: FindRequest): Promise<FoundDocument[]> {
  const found: FoundDocument[] = [];
  let { skip, after } = request;
  while (found.length < request.limit) {
    const wanted = skip + request.limit - found.length;
    const from = after === undefined && wanted <= window ? skip : 0;
    const size = Math.min(wanted - from, window);
    const page = await onePage(client, index, request, { from, size, after });
    const passed = Math.min(skip - from, page.length);
    found.push(...page.slice(passed));
    skip -= from + passed;
    after = page.at(-1)?.sort;
    if (page.length < size) break;
  }
  return found;
}

async function onePage(
  client: Client,
  index: string,
  { query, sort }: FindRequest,
  part: { readonly from: number; readonly size: number; readonly after: FindRequest['after'] },
): Promise<FoundDocument[]> {
  const { body } = await asked(
    client.search({
      index,
      allow_partial_search_results: false, // what one shard cannot tell must not look as if it were not there
      body: {
        query,
        sort,
        from: part.from,
        size: part.size,
        version: true,
        track_total_hits: false,
        _source: false,
        docvalue_fields: ['opaque'],
        ...(part.after === undefined ? {} : { search_after: part.after }),
      },
    } as Parameters<Client['search']>[0]),
  );
  return body.hits.hits.map(({ _id, _version, sort: values, fields }) => ({
    id: _id ?? '',
    version: _version ?? 0,
    sort: (values ?? []) as SortValue[],
    opaque: fields?.['opaque'] !== undefined,
  }));
}
