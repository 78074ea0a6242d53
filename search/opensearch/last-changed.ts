import type { Client } from '@opensearch-project/opensearch';
import { allOf, type QueryDsl } from './condition.js';
import { countDocuments } from './count.js';
import { type FindRequest, findDocuments } from './find.js';
import { asked } from './retry.js';

/** So many documents are put in order without a look at when they were made: OpenSearch takes some 2 ms for a thousand. */
const standardFew = 20_000;
/** So many are not worth looking on for a later time. */
const notMany = 2_000;
/** The stretches that are looked into, in milliseconds: four times as long each, from a second to some 30 years. */
const stretches = Array.from({ length: 16 }, (_, i) => 1_000 * 4 ** i);
/** Queries of more characters, with the many ids of a chain, are not asked again and again. */
const longestQuery = 100_000;

/**
 * `findDocuments` in an order that begins with the last changed. Documents stand in an index as they were made, so in this
 * order each is ahead of all before it, and OpenSearch passes none over: it would put all in order that satisfy the query. A
 * time is looked for since which there are enough and not many, by counting, which ends early.
 * @param request ordered by `lastUpdated` first, the latest in front.
 * @param few so many are put in order without that; 20,000 without it.
 * @see docs/adr/0092-the-last-changed-are-looked-for-by-time.md
 */
export async function findLastChanged(
  client: Client,
  index: string,
  request: FindRequest,
  few = standardFew,
): ReturnType<typeof findDocuments> {
  const isShort = JSON.stringify(request.query).length <= longestQuery;
  const since = isShort ? await enoughSince(client, index, request, few) : undefined;
  if (since === undefined) return findDocuments(client, index, request);
  const found = await findDocuments(client, index, { ...request, query: madeSince(request.query, since) });
  // Some of those counted were changed or deleted meanwhile: there may be others before them.
  return found.found.length < request.limit ? findDocuments(client, index, request) : found;
}

/** A time since which enough documents were made and not many; undefined where all are few. In milliseconds since 1970. */
async function enoughSince(
  client: Client,
  index: string,
  { query, after, skip, limit }: FindRequest,
  few: number,
): Promise<number | undefined> {
  const wanted = skip + limit;
  const last = after?.[0];
  const upTo = typeof last === 'number' ? allOf([query, { range: { lastUpdated: { lte: last } } }]) : query;
  const enough = Math.max(Math.min(few, notMany), 2 * wanted);
  const many = Math.max(few, enough);
  const count = async (counted: QueryDsl, atMost: number): Promise<number> =>
    (await countDocuments(client, index, [{ query: counted, atMost }]))[0] ?? 0;
  if ((await count(upTo, many)) < many) return undefined;
  const newest = typeof last === 'number' ? last : await newestIn(client, index);
  if (newest === undefined) return undefined;

  const timeOf = (stretch: number): number => Math.max(0, newest - (stretches[stretch] ?? 0));
  let found = 0;
  let [short, long] = [0, stretches.length];
  while (short < long) {
    const middle = (short + long) >>> 1;
    const counted = await count(madeSince(upTo, timeOf(middle)), enough);
    if (counted < wanted) short = middle + 1;
    else [long, found] = [middle, counted];
  }
  if (long === stretches.length) return undefined;
  let [near, since] = [long === 0 ? newest : timeOf(long - 1), timeOf(long)];
  while (found >= enough && near - since > 1) {
    const middle = Math.floor((near + since) / 2);
    const counted = await count(madeSince(upTo, middle), enough);
    if (counted < wanted) near = middle;
    else [since, found] = [middle, counted];
  }
  return since;
}

const madeSince = (query: QueryDsl, time: number): QueryDsl =>
  allOf([query, { range: { lastUpdated: { gte: time } } }]);

/** When the last document was made; OpenSearch knows it without a look at documents. Undefined in an empty index. */
async function newestIn(client: Client, index: string): Promise<number | undefined> {
  const { body } = await asked(
    client.search({
      index,
      allow_partial_search_results: false,
      body: { size: 0, track_total_hits: false, aggs: { newest: { max: { field: 'lastUpdated' } } } },
    } as Parameters<Client['search']>[0]),
  );
  const { value } = (body.aggregations?.['newest'] ?? {}) as { value?: number | null };
  return value ?? undefined;
}
