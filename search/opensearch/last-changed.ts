import type { Client } from '@opensearch-project/opensearch';
import { allOf, type QueryDsl } from './condition.js';
import { countDocuments } from './count.js';
import { type FindRequest, findDocuments } from './find.js';
import { asked } from './retry.js';

/** So many documents are put in order without a look at when they were made. */
const standardFew = 2_000;
/** Into so many parts a stretch of time is parted at a time. */
const parts = 16;
/** The first stretches that are looked into, in milliseconds: four times as long each, from a second to some 30 years. */
const stretches = Array.from({ length: 16 }, (_, i) => 1_000 * 4 ** i);
/** Queries of more characters, with the many ids of a chain, are not asked sixteen times in one request: domains take 10 MiB. */
const longestQuery = 100_000;
/** So often a stretch is parted: one of a year comes down to two seconds. */
const mostPartings = 6;

/**
 * `findDocuments` in an order that begins with the last changed. Documents stand in an index as they were made, so in this
 * order each is ahead of all before it, and OpenSearch passes none over: it would put all in order that satisfy the query. A
 * time is looked for since which there are enough and not many, by counting, which ends early.
 * @param request ordered by `lastUpdated` first, the latest in front.
 * @param few so many are put in order without that; 2,000 without it.
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
  const enough = Math.max(few, 2 * wanted);
  const [all = 0] = await countDocuments(client, index, [{ query: upTo, atMost: enough }]);
  const newest = typeof last === 'number' ? last : all < enough ? undefined : await newestIn(client, index);
  if (all < enough || newest === undefined) return undefined;

  let near = newest;
  let since: number | undefined;
  let times: readonly number[] = stretches.map((length) => Math.max(0, newest - length));
  for (let partings = 0; partings <= mostPartings; partings += 1) {
    const requests = times.map((time) => ({ query: madeSince(upTo, time), atMost: enough }));
    const counts = await countDocuments(client, index, requests);
    const first = counts.findIndex((count) => count >= wanted);
    if (first < 0) return since;
    since = times[first];
    if (since === undefined || (counts[first] ?? 0) < enough) return since;
    near = times[first - 1] ?? near;
    const part = (near - since) / parts;
    if (part < 1) return since;
    const [from, to] = [near, since];
    times = Array.from({ length: parts }, (_, i) => (i === parts - 1 ? to : Math.ceil(from - part * (i + 1))));
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
