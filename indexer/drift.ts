import type { ResourceKey } from '../fhir/resource.js';
import type { Tenant } from '../fhir/tenant.js';
import type { BodyStore } from '../persistence/body-store.js';
import { currentKey, isCurrent, partitionKey } from '../persistence/keys.js';
import { partOf } from '../persistence/partition.js';
import { scanPages } from '../persistence/scan-pages.js';
import type { Item, Table } from '../persistence/table.js';
import { UnreadableVersion } from '../persistence/unreadable-version.js';
import type { IndexDifference, IndexedKey, IndexInspection } from '../search/index-inspection.js';
import type { Indexable, SearchIndex } from '../search/search-index.js';
import { readIndexable } from './index-change.js';

/** What is compared: a table and its index, which all tenants share. */
export interface DriftSpace {
  readonly table: Pick<Table, 'scan' | 'batchGet'>;
  readonly bodies: BodyStore | undefined;
  readonly index: Pick<SearchIndex, 'put'>;
  readonly inspection: IndexInspection;
  /** How many of a hundred parts of the store, and of the index, are looked at: all, unless it is less than 100. */
  readonly sample?: number;
  /** Waits until a stream may have brought what was written meanwhile. */
  readonly settle: () => Promise<void>;
  /** Is told how many resources of the store, and of the index, are compared so far. */
  readonly onProgress?: (stored: number, indexed: number) => void;
}

/** A resource, and whose it is. */
interface TenantKey extends ResourceKey {
  readonly tenant: Tenant;
}

/** A resource whose index entry is not what the store says; `surplus`: the store has no such resource. */
export interface Drift extends TenantKey {
  readonly what: Exclude<IndexDifference, 'unknown'> | 'surplus';
  /** The version in the store, as an index should have it; absent where there is none. */
  readonly stored?: Indexable;
  /** The version in the index, of a surplus one. */
  readonly indexed?: number;
}

/** What came of comparing. */
export interface DriftReport {
  /** How many current versions were compared, tombstones among them, and how many entries of the index. */
  readonly stored: number;
  readonly indexed: number;
  /** Of how many nobody knows by which terms they are indexed: `$reindex` makes that known. */
  readonly unknown: number;
  readonly drifts: readonly Drift[];
  /** What of the store cannot be read, so that nobody knows what should be indexed of it. */
  readonly unreadable: readonly UnreadableVersion[];
}

const parts = 100;
const pageSize = 500;

/**
 * Compares a store with its search index, both ways. What differs is looked at again after what is under way has settled, so
 * that writes meanwhile are no drift.
 */
export async function findDrift(space: DriftSpace): Promise<DriftReport> {
  const { sample = parts, settle, onProgress = () => undefined } = space;
  const first = Math.floor(Math.random() * parts);
  const isSampled = (part: number): boolean => (part - first + parts) % parts < sample;
  const suspects = new Map<string, TenantKey>();
  const unreadable = new Map<string, UnreadableVersion>();
  const counts = { stored: 0, indexed: 0, unknown: 0 };
  for await (const versions of storedVersions(space, sample < parts ? isSampled : undefined, unreadable)) {
    const found = await space.inspection.compare(versions);
    for (const [at, { tenant, type, id }] of versions.entries()) {
      if (found[at] === 'unknown') counts.unknown += 1;
      else if (found[at] !== undefined) suspects.set(partitionKey(tenant, type, id), { tenant, type, id });
    }
    counts.stored += versions.length;
    onProgress(counts.stored, counts.indexed);
  }
  const surplus = new Map<string, IndexedKey>();
  for await (const keys of space.inspection.keys()) {
    const wanted = keys.filter(({ tenant, type, id }) => isSampled(partOf(partitionKey(tenant, type, id), parts)));
    const there = await currentItems(space, wanted);
    for (const [at, key] of wanted.entries()) {
      if (there[at] === undefined) surplus.set(partitionKey(key.tenant, key.type, key.id), key);
    }
    counts.indexed += wanted.length;
    onProgress(counts.stored, counts.indexed);
  }
  if (suspects.size + surplus.size > 0) await settle();
  const drifts: Drift[] = [];
  for (const keys of chunks([...suspects.values()])) drifts.push(...(await stillDifferent(space, keys, unreadable)));
  for (const keys of chunks([...surplus.values()])) {
    const there = await currentItems(space, keys);
    for (const [at, { tenant, type, id, versionId }] of keys.entries()) {
      if (there[at] === undefined) drifts.push({ tenant, type, id, what: 'surplus', indexed: versionId });
    }
  }
  return { ...counts, drifts, unreadable: [...unreadable.values()] };
}

/**
 * Indexes anew what differs, and takes out what the store does not have. What is indexed as a newer version than the
 * store has stays as it is: no index goes back. `$reindex` makes another one.
 * @returns what still differs.
 */
export async function fixDrift(space: DriftSpace, drifts: readonly Drift[]): Promise<readonly Drift[]> {
  const left: Drift[] = drifts.filter(({ what }) => what === 'newer');
  for (const some of chunks(drifts.filter(({ what }) => what !== 'newer'))) {
    const changes = some.map(({ tenant, type, id, stored, indexed = 0 }): Indexable => {
      const removed = { tenant, type, id, versionId: indexed, lastUpdated: new Date().toISOString(), compartments: [] };
      return stored ?? removed;
    });
    await space.index.put(changes, { again: true });
    const ofStore = some.filter(({ what }) => what !== 'surplus').map(({ tenant, type, id }) => ({ tenant, type, id }));
    left.push(...(await stillDifferent(space, ofStore, new Map())));
  }
  return left;
}

function* chunks<Each>(all: readonly Each[]): Generator<readonly Each[]> {
  for (let at = 0; at < all.length; at += 100) yield all.slice(at, at + 100);
}

async function stillDifferent(
  space: DriftSpace,
  keys: readonly TenantKey[],
  unreadable: Map<string, UnreadableVersion>,
): Promise<Drift[]> {
  const items = await currentItems(space, keys);
  const changes = await indexablesOf(space, items, unreadable);
  const found = await space.inspection.compare(changes);
  return changes.flatMap((stored, at): Drift[] => {
    const what = found[at];
    return what === undefined || what === 'unknown'
      ? []
      : [{ tenant: stored.tenant, type: stored.type, id: stored.id, what, stored }];
  });
}

const currentItems = ({ table }: DriftSpace, keys: readonly TenantKey[]): Promise<readonly (Item | undefined)[]> =>
  keys.length === 0
    ? Promise.resolve([])
    : table.batchGet(keys.map(({ tenant, type, id }) => ({ pk: partitionKey(tenant, type, id), sk: currentKey })));

/** What items have an index hold; what cannot be read is kept apart. */
async function indexablesOf(
  { bodies }: DriftSpace,
  items: readonly (Item | undefined)[],
  unreadable: Map<string, UnreadableVersion>,
): Promise<Indexable[]> {
  const load = async (item: Item | undefined): Promise<readonly Indexable[]> => {
    const read = item === undefined ? undefined : await readIndexable(item, bodies);
    if (read === undefined) return [];
    if (!(read instanceof UnreadableVersion)) return [read.change];
    unreadable.set(read.key.pk, read);
    return [];
  };
  const found: Indexable[] = [];
  for (let from = 0; from < items.length; from += bodiesAtOnce) {
    found.push(...(await Promise.all(items.slice(from, from + bodiesAtOnce).map(load))).flat());
  }
  return found;
}

/** Bodies fetched at the same time: each may be large. */
const bodiesAtOnce = 16;

async function* storedVersions(
  space: DriftSpace,
  isSampled: ((part: number) => boolean) | undefined,
  unreadable: Map<string, UnreadableVersion>,
): AsyncGenerator<readonly Indexable[]> {
  const segments = isSampled === undefined ? 1 : parts;
  for (let segment = 0; segment < segments; segment += 1) {
    if (isSampled?.(segment) === false) continue;
    for await (const items of scanPages(space.table, { segment, segments, limit: pageSize })) {
      yield await indexablesOf(space, items.filter(isCurrent), unreadable);
    }
  }
}
