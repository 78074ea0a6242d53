import type { Client } from '@opensearch-project/opensearch';
import type { FhirDefinitions } from '../fhir/definitions.js';
import { newest } from './newest.js';
import { putDocuments } from './opensearch/bulk.js';
import type { QueryDsl } from './opensearch/condition.js';
import { documentOf, opaqueDocument } from './opensearch/document.js';
import { type FoundDocument, findDocuments } from './opensearch/find.js';
import { orderOf, planOf } from './opensearch/plan.js';
import type { Indexable, IndexHit, IndexPage, IndexQuery, Position, SearchIndex } from './search-index.js';

/** What an index on OpenSearch is told. */
export interface OpenSearchOptions {
  /** Whose resources: searches find no others. */
  readonly tenant?: string;
  /**
   * How a put becomes visible when it is asked to: OpenSearch's next refresh is waited for (about a second, cheap),
   * or one is made at once (dear under load; for tests and small deployments).
   */
  readonly refresh?: 'wait' | 'now';
}

/**
 * The search index on OpenSearch 2 (docs/adr/0013-opensearch-index.md).
 * @param client of the domain.
 * @param alias of the index, which `createIndex` made.
 * @param definitions whose search parameters are indexed.
 */
export function openSearchIndex(
  client: Client,
  alias: string,
  definitions: FhirDefinitions,
  { tenant = 'default', refresh = 'wait' }: OpenSearchOptions = {},
): SearchIndex {
  async function search(query: IndexQuery): Promise<IndexPage> {
    const { request, limit, after, backwards = false, skip = 0 } = query;
    const plan = planOf(tenant, query);
    const found = await findDocuments(client, alias, {
      query: plan.query,
      sort: orderOf(request.sort, backwards),
      limit: limit + 1,
      skip,
      ...(after === undefined ? {} : { after: valuesOf(after) }),
    });
    const hits = found.slice(0, limit).map((document) => hitOf(document, plan.exact));
    if (backwards) hits.reverse();
    return { hits, more: found.length > limit };
  }

  async function count({ atMost, ...searched }: Parameters<SearchIndex['count']>[0]): Promise<number | undefined> {
    const plan = planOf(tenant, searched);
    const { request, others = [] } = searched;
    const isAll = [{ request }, ...others].every((each) => each.request.filters.length === 0);
    if (!plan.exact) return undefined;
    const opaqueCount = await total(plan.opaque, 1);
    if (opaqueCount > 0 && !isAll) return undefined;
    const found = await total(isAll ? plan.query : plan.decided, atMost + 1);
    return found > atMost ? undefined : found;
  }

  /** How many documents there are; `atMost` when there are more. */
  async function total(query: QueryDsl, atMost: number): Promise<number> {
    const { body } = await client.search({
      index: alias,
      allow_partial_search_results: false,
      body: { query, size: 0, track_total_hits: Number.isFinite(atMost) ? atMost : true },
    });
    const { total: found } = body.hits;
    return typeof found === 'object' ? Math.min(found.value, atMost) : (found ?? 0);
  }

  async function put(changes: readonly Indexable[], { visible = true }: { visible?: boolean } = {}): Promise<void> {
    const wanted = newest(changes);
    const refreshing = !visible ? false : refresh === 'now' ? true : 'wait_for';
    const puts = wanted.map((change) => ({
      id: `${tenant}#${change.type}#${change.id}`,
      version: change.versionId,
      document: documentOf(tenant, definitions, change),
    }));
    const refused = await putDocuments(client, alias, puts, refreshing);
    if (refused.length === 0) return;
    const opaque = refused.map((each) => {
      const change = wanted[puts.indexOf(each)];
      if (change === undefined) throw new Error('OpenSearch refused a document it was not given');
      return { ...each, document: opaqueDocument(tenant, change) };
    });
    const left = await putDocuments(client, alias, opaque, refreshing);
    if (left.length > 0) throw new Error(`OpenSearch refuses ${String(left.length)} documents`);
  }

  return { search, count, put };
}

/** Places in an order as positions: text that only this adapter reads. */
const positionOf = (values: readonly unknown[]): Position => JSON.stringify(values);
const valuesOf = (position: Position): (string | null)[] => JSON.parse(position) as (string | null)[];

function hitOf({ id: documentId, version, sort, opaque }: FoundDocument, exact: boolean): IndexHit {
  const [, type = '', id = ''] = documentId.split('#');
  const hit = { type, id, position: positionOf(sort) };
  return exact && !opaque ? { ...hit, exactVersion: version } : hit;
}
