import type { Tenant } from '../fhir/tenant.js';
import { createHash, randomUUID } from 'node:crypto';
import type { ResourceKey } from '../fhir/resource.js';
import { commitActions, type CommitActions } from './commit.js';
import { scanAt, settled } from './cut.js';
import { countHistory, historyOfTypes, readVersions } from './history.js';
import type { BodyStore } from './body-store.js';
import { claimTarget } from './item.js';
import { archiveKey, claimKey, claimPartitionKey, currentKey, defaultTenant, partitionKey } from './keys.js';
import { loadVersion, loadVersions } from './load-version.js';
import type { CommitResult, InstanceHistory, ResourceStore, ResourceWrite, StoredVersion } from './resource-store.js';
import type { Item, ItemKey, Table, WriteAction, WriteResult } from './table.js';
import { commitInSteps } from './transaction/commit.js';
import { lockOf, type TransactionSpace } from './transaction/record.js';
import { recover, recoverLocks, sweep } from './transaction/recover.js';
import { resolve, type Counting } from './transaction/resolve.js';
import { fitsOneWrite } from './transaction/writes.js';
import { announceType } from './tenants.js';
import { underWayOf } from './under-way.js';

/** What a store may be told. */
export interface StoreOptions {
  /** Whose resources; those of a deployment without tenants without it. */
  readonly tenant?: Tenant;
  /** Makes an id no other commit has; random without it. */
  readonly newCommitId?: () => string;
  /** Where bodies of more than `inlineLimit` bytes go; without it all are in their items, whatever their size. */
  readonly bodies?: BodyStore;
  /** Bytes of a body in UTF-8; 350,000 without it: DynamoDB takes items of 400 KB, keys and envelope included. */
  readonly inlineLimit?: number;
  /** The clock, in milliseconds since 1970, by which versions are stamped as well. */
  readonly now?: () => number;
  /** How long a commit in several steps may take, in milliseconds: longer than a Lambda runs; one minute without it. */
  readonly transactionExpiry?: number;
}

/** The versions of resources on a low-level table: one code path for every engine. */
export function createResourceStore(table: Table, options: StoreOptions = {}): ResourceStore {
  const { tenant = defaultTenant, newCommitId = randomUUID, now = Date.now, bodies, inlineLimit = 350_000 } = options;
  const { historyShards } = table;
  const expiry = options.transactionExpiry ?? 60_000;
  const space: TransactionSpace = { table, tenant, historyShards, now, expiry, bodies };
  const versionKey = ({ type, id }: ResourceKey, sk: string): ItemKey => ({ pk: partitionKey(tenant, type, id), sk });
  const claimItemKey = (criteria: string): ItemKey => ({
    pk: claimPartitionKey(tenant, claimDigest(criteria)),
    sk: claimKey,
  });

  const versionIn = async (item: Item | undefined): Promise<StoredVersion | undefined> =>
    item === undefined ? undefined : loadVersion(item, bodies);

  /** What counts under the keys, whatever transactions hold of it. */
  async function counting(keys: readonly ItemKey[]): Promise<readonly Counting[]> {
    const [only, second] = keys;
    const items = only === undefined || second !== undefined ? await table.batchGet(keys) : [await table.get(only)];
    return resolve(space, keys, items);
  }

  const read = async (key: ResourceKey): Promise<StoredVersion | undefined> =>
    versionIn(currentOf((await counting([versionKey(key, currentKey)]))[0]));

  async function readMany(keys: readonly ResourceKey[]): Promise<readonly (StoredVersion | undefined)[]> {
    const found = await counting(keys.map((key) => versionKey(key, currentKey)));
    return loadVersions(found.map(currentOf), bodies);
  }

  /** The newest versions that are in no archive yet: one, or two when a committed one is not rolled forward yet. */
  async function newest(key: ResourceKey): Promise<readonly StoredVersion[]> {
    const [found] = await counting([versionKey(key, currentKey)]);
    const versions = await loadVersions([found?.staged, found?.stored], bodies);
    return versions.filter((version) => version !== undefined);
  }

  async function vread(key: ResourceKey, versionId: number): Promise<StoredVersion | undefined> {
    const heads = await newest(key);
    const head = heads.find((version) => version.versionId === versionId);
    const [current] = heads;
    if (head !== undefined || current === undefined) return head;
    if (!Number.isSafeInteger(versionId) || versionId < 1 || versionId > current.versionId) return undefined;
    return versionIn(await table.get(versionKey(key, archiveKey(versionId))));
  }

  async function history(key: ResourceKey, page: InstanceHistory): Promise<readonly StoredVersion[]> {
    const { count, before = Infinity, after = 0, oldestFirst = false } = page;
    // Archives are read below the current version that was read: an update in between adds none there.
    const heads = await newest(key);
    const oldest = heads.at(-1);
    if (oldest === undefined || count < 1) return [];
    const inside = heads.filter(({ versionId }) => versionId < before && versionId > after);
    const [from, to] = [after + 1, Math.min(before, oldest.versionId) - 1];
    const limit = oldestFirst ? count : count - inside.length;
    const { pk } = versionKey(key, currentKey);
    const range = { pk, from: archiveKey(from), to: archiveKey(to), descending: !oldestFirst, limit };
    const items = limit < 1 || from > to ? [] : await table.query(range);
    const archives = (await loadVersions(items, bodies)).filter((version) => version !== undefined);
    return (oldestFirst ? [...archives, ...inside.toReversed()] : [...inside, ...archives]).slice(0, count);
  }

  async function claimed(criteria: string): Promise<ResourceKey | undefined> {
    const item = (await counting([claimItemKey(criteria)]))[0]?.stored;
    return item === undefined ? undefined : claimTarget(item);
  }

  /** Puts the large bodies of a commit where they belong, before anything refers to them. */
  async function putBodies(writes: readonly ResourceWrite[], commitId: string): Promise<readonly ResourceWrite[]> {
    if (bodies === undefined) return writes;
    const placed: ResourceWrite[] = [];
    for (const write of writes) {
      if (write.kind !== 'put' || Buffer.byteLength(write.next.body) <= inlineLimit) placed.push(write);
      else {
        const { type, id, versionId, body } = write.next;
        await bodies.put({ tenant, type, id, versionId, commitId }, body);
        placed.push({ ...write, next: { ...write.next, overflow: true } });
      }
    }
    return placed;
  }

  async function commit(asked: readonly ResourceWrite[]): Promise<CommitResult> {
    const end = begun(asked);
    if (end === undefined) return { committed: false, conflicts: asked.map((_, place) => place) };
    try {
      return await commitBegun(asked);
    } finally {
      end();
    }
  }

  async function commitBegun(asked: readonly ResourceWrite[]): Promise<CommitResult> {
    const commitId = newCommitId();
    const writes = await putBodies(asked, commitId);
    const planned = commitActions({ tenant, historyShards }, writes, commitId, claimDigest);
    if (planned.contradictions.length > 0) return { committed: false, conflicts: planned.contradictions };
    if (planned.actions.length === 0) return { committed: true };
    await announceTypes(writes);
    if (isTooLate(writes)) return { committed: false, conflicts: writes.map((_, place) => place) };
    const result = fitsOneWrite(table, planned.actions)
      ? await commitAtOnce(planned, isLoneUpdate(writes))
      : await commitInSteps(space, planned, commitId);
    if (result.committed || (await wasCommitted(writes, commitId))) return { committed: true };
    return { committed: false, conflicts: [...new Set(result.conflicts)].toSorted((a, b) => a - b) };
  }

  async function commitAtOnce({ actions, places }: CommitActions, loneUpdate: boolean): Promise<CommitResult> {
    const result = await write(actions, loneUpdate);
    if (result.written) return { committed: true };
    const locks = result.failures.flatMap(({ existing }) => {
      const lock = lockOf(existing);
      return existing === undefined || lock === undefined ? [] : [{ key: { pk: existing.pk, sk: existing.sk }, lock }];
    });
    await recoverLocks(space, locks);
    return { committed: false, conflicts: result.failures.flatMap(({ action }) => places[action] ?? []) };
  }

  /**
   * Where atomicity costs, a lone update puts the archived version first, by itself: it is a copy of what is current,
   * so nobody sees it before the new version stands there, and if that never comes it is what the next update puts.
   */
  async function write(actions: readonly WriteAction[], loneUpdate: boolean): Promise<WriteResult> {
    if (!loneUpdate || !table.atomicWritesCostMore) return table.write(actions);
    for (const [place, action] of actions.entries()) {
      const result = await table.write([action]);
      if (!result.written) {
        return { written: false, failures: result.failures.map((failure) => ({ ...failure, action: place })) };
      }
    }
    return { written: true };
  }

  const announced = new Set<string>();
  /** The types in use are listed before the first version of a type is there: the history of the system begins with them. */
  async function announceTypes(writes: readonly ResourceWrite[]): Promise<void> {
    const types = new Set(writes.flatMap((write) => (write.kind === 'put' ? [write.next.type] : [])));
    for (const type of types) {
      if (announced.has(type)) continue;
      await announceType(table, tenant, type);
      announced.add(type);
    }
  }

  /** Where one process writes alone, its history waits for its writes; others wait for the horizon. */
  function begun(writes: readonly ResourceWrite[]): (() => void) | undefined {
    const instants = writes.flatMap((write) => (write.kind === 'put' ? [Date.parse(write.next.lastUpdated)] : []));
    if (table.historyHorizon > 0 || instants.length === 0) return () => undefined;
    return underWayOf(table, tenant).begin(instants, now());
  }

  /** Where the history index lags, a version is written soon after its instant or not at all: history goes on behind it. */
  function isTooLate(writes: readonly ResourceWrite[]): boolean {
    if (table.historyHorizon === 0) return false;
    const earliest = now() - table.historyHorizon / 2;
    return writes.some((write) => write.kind === 'put' && Date.parse(write.next.lastUpdated) < earliest);
  }

  /**
   * Whether a commit that now fails was done before: an adapter or a network may repeat a write whose answer got
   * lost. All of a commit is done or nothing, so one of its writes tells: it stands there under the commit's id, or
   * in the archive if it has been superseded since.
   */
  async function wasCommitted(writes: readonly ResourceWrite[], commitId: string): Promise<boolean> {
    const put = writes.find((write) => write.kind === 'put');
    if (put !== undefined) return (await vread(put.next, put.next.versionId))?.commitId === commitId;
    const claim = writes.find((write) => write.kind === 'claim');
    if (claim === undefined) return false;
    return (await counting([claimItemKey(claim.criteria)]))[0]?.stored?.['commitId'] === commitId;
  }

  return {
    read,
    readMany,
    vread,
    vreadMany: (keys) => readVersions(space, keys),
    history,
    historyOfTypes: (request) => historyOfTypes(space, request),
    countHistory: (request) => countHistory(space, request),
    settled: () => settled(space),
    scanAt: (request) => scanAt(space, request),
    claimed,
    commit,
    recover: async (transaction) => {
      await recover(space, transaction);
    },
    sweep: () => sweep(space),
  };
}

/** Whether a commit is one new version of a resource that was there, which is two actions. */
const isLoneUpdate = ([write, ...others]: readonly ResourceWrite[]): boolean =>
  others.length === 0 && write?.kind === 'put' && write.previous !== undefined;

const currentOf = (found: Counting | undefined): Item | undefined => found?.staged ?? found?.stored;

const claimDigest = (criteria: string): string => createHash('sha256').update(criteria).digest('hex');
