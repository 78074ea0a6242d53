import type { Client } from '@opensearch-project/opensearch';
import type { FhirDefinitions } from '../fhir/definitions.js';
import { defaultTenant, type Tenant } from '../fhir/tenant.js';
import { newest } from './newest.js';
import { termsFingerprint } from './document.js';
import type { IndexInspection } from './index-inspection.js';
import type { NextIndex } from './next-index.js';
import { type DocumentPut, putDocuments } from './opensearch/bulk.js';
import { countDocuments } from './opensearch/count.js';
import { documentOf, opaqueDocument } from './opensearch/document.js';
import { type FoundDocument, findDocuments, hasNoNumber, type SortValue } from './opensearch/find.js';
import { findLastChanged } from './opensearch/last-changed.js';
import { knownFor, nextAlias, nextIndexWatch, nextOpenSearchIndex } from './opensearch/next-index.js';
import { documentId, indexedTenant } from './opensearch/indexed-tenant.js';
import { openSearchInspection, withDigest } from './opensearch/inspection.js';
import { orderOf, planOf } from './opensearch/plan.js';
import { removeOldTombstones } from './opensearch/tombstones.js';
import type { Indexable, IndexHit, IndexPage, IndexQuery, Position, PutOptions, SearchIndex } from './search-index.js';

/** What an index on OpenSearch is told. */
export interface OpenSearchOptions {
  /**
   * How a put becomes visible when it is asked to: OpenSearch's next refresh is waited for (about a second, cheap),
   * or one is made at once (dear under load; for tests and small deployments).
   */
  readonly refresh?: 'wait' | 'now';
  /**
   * How long a process believes what it knows of an index that is being made anew, in milliseconds, the same in all of
   * them; a second without it.
   */
  readonly believed?: number;
  /** The most to wait between two tries of a put, in milliseconds; three seconds without it. */
  readonly longestPause?: number;
}

/** The search index on OpenSearch, as a deployment without tenants has it, and what keeps it in order. */
export interface OpenSearchIndex extends SearchIndex {
  /** The index of a tenant: searches find only what is theirs. */
  of(tenant: Tenant): SearchIndex;
  /** How it is made anew. */
  readonly next: NextIndex;
  readonly inspection: IndexInspection;
  /**
   * Removes the tombstones of what was deleted 48 hours before, unless the index is being made anew.
   * @param now milliseconds since 1970.
   * @returns how many.
   */
  removeTombstones(now: number): Promise<number>;
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
  { refresh = 'wait', believed = knownFor, longestPause }: OpenSearchOptions = {},
): OpenSearchIndex {
  const isMadeAnew = nextIndexWatch(client, alias, believed);
  /** Until when the index counts as one of an older program, which is being made anew: it has no `order`. */
  let withoutNumberUntil = -Infinity;

  async function search(tenant: Tenant, query: IndexQuery): Promise<IndexPage> {
    const { request, limit, after, backwards = false, skip = 0, countTo } = query;
    const plan = planOf(indexedTenant(tenant), query);
    const values = after === undefined ? undefined : valuesOf(after);
    // Opaque documents stand at the head of the order without rules: where there is none, all is decided by the index.
    const isFirst = values === undefined && skip === 0 && !backwards;
    const counts = countTo !== undefined && isFirst && request.sort.length === 0;
    const [rule] = request.sort;
    const findOrdered =
      rule?.parameter.code === '_lastUpdated' && rule.descending !== backwards ? findLastChanged : findDocuments;
    const find = (byNumber: boolean): ReturnType<typeof findDocuments> =>
      findOrdered(client, alias, {
        query: plan.query,
        sort: orderOf(request.sort, backwards, byNumber),
        limit: limit + 1,
        skip,
        ...(values === undefined ? {} : { after: values }),
        ...(counts && byNumber ? { countTo } : {}),
      });
    // A page goes on in the order it was begun in: links last longer than an index.
    let byNumber =
      values === undefined ? performance.now() >= withoutNumberUntil : values.length > request.sort.length + 2;
    const { found, counted } = await find(byNumber).catch((error: unknown) => {
      if (!byNumber || values !== undefined || !hasNoNumber(error)) throw error;
      withoutNumberUntil = performance.now() + withoutNumberFor;
      byNumber = false;
      return find(false);
    });
    const isCounted = counts && byNumber && plan.exact && found[0]?.opaque !== true;
    const hits = found.slice(0, limit).map((document) => hitOf(document, plan.exact));
    if (backwards) hits.reverse();
    return {
      hits,
      more: found.length > limit,
      ...(isCounted ? { counted: { total: counted > countTo ? undefined : counted } } : {}),
    };
  }

  async function count(
    tenant: Tenant,
    { atMost, ...searched }: Parameters<SearchIndex['count']>[0],
  ): Promise<number | undefined> {
    const plan = planOf(indexedTenant(tenant), searched);
    const { request, others = [] } = searched;
    const isAll = [{ request }, ...others].every((each) => each.request.filters.length === 0);
    if (!plan.exact) return undefined;
    const asking = [
      { query: plan.opaque, atMost: 1 },
      { query: isAll ? plan.query : plan.decided, atMost: atMost + 1 },
    ];
    const [opaque = 0, found = 0] = await countDocuments(client, alias, asking);
    return (opaque > 0 && !isAll) || found > atMost ? undefined : found;
  }

  async function put(changes: readonly Indexable[], { visible = true, again = false }: PutOptions = {}): Promise<void> {
    const refreshing = !visible ? false : refresh === 'now' ? true : 'wait_for';
    const puts = newest(changes).map((change) => ({ ...putOf(change), ...(again ? { again } : {}) }));
    if (puts.length === 0) return;
    // Asked after the versions were committed: whoever makes an index reads the table later than this counts.
    const isMade = await isMadeAnew();
    await requirePut(alias, puts, refreshing);
    if (!isMade || (await putAll(nextAlias(alias), puts, refreshing))) return;
    await requirePut(alias, puts, refreshing); // it serves meanwhile, or was given up
  }

  /** @returns false when there is no such alias. */
  async function putAll(to: string, puts: readonly ChangePut[], refreshing: boolean | 'wait_for'): Promise<boolean> {
    const { refused, isGone } = await putDocuments(client, to, puts, refreshing, longestPause);
    if (isGone || refused.length === 0) return !isGone;
    const bare = refused.map(({ opaque, ...each }) => ({ ...each, document: opaque() }));
    const left = await putDocuments(client, to, bare, refreshing, longestPause);
    if (left.refused.length > 0) throw new Error(`OpenSearch refuses ${String(left.refused.length)} documents`);
    return !left.isGone;
  }

  async function requirePut(to: string, puts: readonly ChangePut[], refreshing: boolean | 'wait_for'): Promise<void> {
    if (!(await putAll(to, puts, refreshing))) throw new Error(`There is no index ${to}`);
  }

  async function newestIndexed(tenant: Tenant): Promise<string | undefined> {
    const { found } = await findLastChanged(client, alias, {
      query: { term: { tenant: indexedTenant(tenant) } },
      sort: [{ lastUpdated: 'desc' }],
      limit: 1,
      skip: 0,
    });
    const instant = found[0]?.sort[0];
    return typeof instant === 'number' ? new Date(instant).toISOString() : undefined;
  }

  const putOf = (change: Indexable): ChangePut => ({
    id: documentId(change),
    version: change.versionId,
    document: withDigest(documentOf(indexedTenant(change.tenant), definitions, change)),
    opaque: () => withDigest(opaqueDocument(indexedTenant(change.tenant), change)),
  });

  const next = nextOpenSearchIndex(client, alias, {
    terms: () => termsFingerprint(definitions),
    believed,
    put: (changes) => {
      const puts = newest(changes).map((change) => ({ ...putOf(change), again: true }));
      return requirePut(nextAlias(alias), puts, false);
    },
  });
  const removeTombstones = (now: number): Promise<number> => removeOldTombstones(client, alias, now);

  const of = (tenant: Tenant): SearchIndex => ({
    search: (query) => search(tenant, query),
    count: (query) => count(tenant, query),
    newest: () => newestIndexed(tenant),
    put,
  });
  const inspection = openSearchInspection(client, alias, definitions);
  return { ...of(defaultTenant), of, next, inspection, removeTombstones };
}

/** How long it is until an index without numbers to order by is asked again whether it has them, in milliseconds. */
const withoutNumberFor = 60_000;

/** A version as it is put. */
type ChangePut = DocumentPut & Required<Pick<DocumentPut, 'opaque'>>;

/** Places in an order as positions: text that only this adapter reads. */
const positionOf = (values: readonly unknown[]): Position => JSON.stringify(values);
const valuesOf = (position: Position): SortValue[] => JSON.parse(position) as SortValue[];

function hitOf({ type, id, version, sort, opaque }: FoundDocument, exact: boolean): IndexHit {
  const hit = { type, id, position: positionOf(sort) };
  return exact && !opaque ? { ...hit, exactVersion: version } : hit;
}
