import { historyPartition, placeOf, typesPartition, type HistoryPlace } from './history-keys.js';
import { archiveKey, currentKey, partitionKey } from './keys.js';
import { loadVersions } from './load-version.js';
import type { StoredVersion, TypesHistory, TypesHistoryPage, VersionKey } from './resource-store.js';
import type { HistoryEntry, Item, ItemKey } from './table.js';
import { idOfOpen, openPartition, type TransactionSpace } from './transaction/record.js';
import { recover } from './transaction/recover.js';
import { underWayOf } from './under-way.js';

// The versions of one or more types in the order they were written, from the history index: a partition per type and
// shard, merged. Two entries may name one version: the index says `current` and the archive for a moment. An entry's
// version is read by its number, wherever it is now.

/** The greatest number of entries one query asks for. */
const mostOfQuery = 1_000;

/** A page of the versions of types. 1 query of the index per type and shard and 1 for open transactions; then as `readVersions`. */
export async function historyOfTypes(space: TransactionSpace, request: TypesHistory): Promise<TypesHistoryPage> {
  const end = await historyEnd(space);
  const streams = await streamsOf(space, request, end);
  const found: HistoryEntry[] = [];
  while (found.length <= request.count) {
    await Promise.all(streams.map((stream) => stream.fill()));
    const next = firstOf(streams, request.oldestFirst);
    if (next === undefined) break;
    found.push(next);
    for (const stream of streams) stream.drop(next.hs);
  }
  const entries = found.slice(0, request.count);
  const last = entries.at(-1)?.hs;
  const versions = await readEntries(space, entries);
  return { versions, more: found.length > entries.length, end, ...(last === undefined ? {} : { last }) };
}

/** How many versions `historyOfTypes` would give in all. 1 query per 1,000 versions, type and shard. */
export async function countHistory(space: TransactionSpace, request: Omit<TypesHistory, 'count'>): Promise<number> {
  const streams = await streamsOf(space, { ...request, count: mostOfQuery }, await historyEnd(space));
  const counts = await Promise.all(streams.map((stream) => stream.count()));
  return counts.reduce((sum, count) => sum + count, 0);
}

/**
 * The last instant of which the history of types is complete: the index lags and clocks differ by less than the
 * horizon, and an open transaction may still commit versions with instants from when it started. Reading up to here
 * and later on from here misses nothing.
 * @param now what it is asked for, in milliseconds since 1970: not later than the clock.
 */
export async function historyEnd(space: TransactionSpace, now = space.now()): Promise<string> {
  const { table, tenant, expiry } = space;
  const settled = now - table.historyHorizon;
  const oldest = async (): Promise<HistoryEntry | undefined> =>
    (await table.queryHistory({ pk: openPartition(tenant), limit: 1 }))[0];
  let open = await oldest();
  if (open !== undefined && startOf(open) + expiry < now) {
    await recover(space, idOfOpen(open.hs)); // left by a process that ended
    open = await oldest();
  }
  const end = open === undefined ? settled : Math.min(settled, startOf(open) - 1);
  return new Date(table.historyHorizon > 0 ? end : underWayOf(table, tenant).complete(end)).toISOString();
}

const startOf = ({ hs }: HistoryEntry): number => Date.parse(hs.slice(0, hs.indexOf('|')));

/** One partition's entries, read in parts as they are needed. */
interface Stream {
  readonly head: () => HistoryEntry | undefined;
  /** Reads on when it is empty and not at its end. */
  fill(): Promise<void>;
  /** Passes over entries of this place: the next ones may name the same version. */
  drop(hs: string): void;
  /** Counts places to the end. */
  count(): Promise<number>;
}

async function streamsOf(space: TransactionSpace, request: TypesHistory, end: string): Promise<Stream[]> {
  const types = request.types.length > 1 ? await inUse(space, request.types) : request.types;
  const shards = Array.from({ length: space.table.historyShards }, (_, shard) => shard);
  const partitions = types.flatMap((type) => shards.map((shard) => historyPartition(space.tenant, type, shard)));
  // Twice its share of the page, so that one query is mostly enough; two more, since a place may stand there twice.
  const limit = Math.min(mostOfQuery, Math.ceil((2 * request.count) / Math.max(1, partitions.length)) + 4);
  return partitions.map((pk) => streamOf(space, pk, request, end, partitions.length === 1 ? request.count + 2 : limit));
}

async function inUse({ table, tenant }: TransactionSpace, types: readonly string[]): Promise<readonly string[]> {
  const items = await table.query({ pk: typesPartition(tenant), limit: mostOfQuery });
  const used = new Set(items.map(({ sk }) => sk));
  return types.filter((type) => used.has(type));
}

function streamOf(
  { table }: TransactionSpace,
  pk: string,
  { oldestFirst, from, to, after }: TypesHistory,
  end: string,
  first: number,
): Stream {
  let low = from ?? '';
  let high = through(to === undefined || end < to ? end : to);
  let buffer: readonly HistoryEntry[] = [];
  let place = 0;
  let limit = first;
  let atEnd = false;
  const goOnBehind = (hs: string): void => {
    if (oldestFirst) low = behind(hs) > low ? behind(hs) : low;
    else high = before(hs) < high ? before(hs) : high;
  };
  if (after !== undefined) goOnBehind(after);

  async function fill(): Promise<void> {
    if (place < buffer.length || atEnd) return;
    const range = { pk, to: high, descending: !oldestFirst, limit };
    buffer = low > high ? [] : await table.queryHistory(low === '' ? range : { ...range, from: low });
    atEnd = buffer.length < limit;
    place = 0;
    limit = Math.min(mostOfQuery, limit * 4);
    const last = buffer.at(-1);
    if (last !== undefined) goOnBehind(last.hs);
  }

  const drop = (hs: string): void => {
    while (buffer[place]?.hs === hs) place += 1;
  };

  return {
    head: () => buffer[place],
    fill,
    drop,
    async count() {
      let counted = 0;
      for (;;) {
        await fill();
        const head = buffer[place];
        if (head === undefined) return counted;
        drop(head.hs);
        counted += 1;
      }
    },
  };
}

function firstOf(streams: readonly Stream[], oldestFirst: boolean): HistoryEntry | undefined {
  let first: HistoryEntry | undefined;
  for (const stream of streams) {
    const head = stream.head();
    if (head === undefined) continue;
    if (first === undefined || (oldestFirst ? head.hs < first.hs : head.hs > first.hs)) first = head;
  }
  return first;
}

// Bounds beside a place of the index, none of which is a place: see history-keys.ts for the order of the characters.
const through = (instant: string): string => `${instant}~`;
const behind = (hs: string): string => `${hs}~`;
const before = (hs: string): string => hs.slice(0, -archiveKey(0).length);

/** The versions that entries name, in their order; what is no longer there is left out. */
async function readEntries(space: TransactionSpace, entries: readonly HistoryEntry[]): Promise<StoredVersion[]> {
  const keys = entries.map((entry) => ({ ...placeOf(entry.hs), archived: entry.sk !== currentKey }));
  const versions = await readNumbered(space, keys);
  return versions.filter((version) => version !== undefined);
}

/**
 * Versions by their numbers, in the keys' order. 1 read per 100 keys, a second where they are no longer current.
 * What a transaction holds does not count before it is rolled forward.
 */
export const readVersions = (
  space: TransactionSpace,
  keys: readonly VersionKey[],
): Promise<readonly (StoredVersion | undefined)[]> =>
  readNumbered(
    space,
    keys.map((key) => ({ ...key, archived: false })),
  );

async function readNumbered(
  { table, tenant, bodies }: TransactionSpace,
  keys: readonly (Pick<HistoryPlace, 'type' | 'id' | 'versionId'> & { readonly archived: boolean })[],
): Promise<readonly (StoredVersion | undefined)[]> {
  if (keys.length === 0) return [];
  const archive = (key: VersionKey): ItemKey => ({
    pk: partitionKey(tenant, key.type, key.id),
    sk: archiveKey(key.versionId),
  });
  const items: (Item | undefined)[] = [
    ...(await table.batchGet(keys.map((key) => (key.archived ? archive(key) : { ...archive(key), sk: currentKey })))),
  ];
  const moved = keys.flatMap((key, place) => {
    const versionId = items[place]?.['versionId'];
    return !key.archived && typeof versionId === 'number' && versionId > key.versionId ? [{ key, place }] : [];
  });
  if (moved.length > 0) {
    const archives = await table.batchGet(moved.map(({ key }) => archive(key)));
    moved.forEach(({ place }, at) => (items[place] = archives[at]));
  }
  const named = items.map((item, place) => (item?.['versionId'] === keys[place]?.versionId ? item : undefined));
  return loadVersions(named, bodies);
}
