import { createHash, randomUUID } from 'node:crypto';
import { tooCostly } from '../fhir/outcome.js';
import type { ResourceKey } from '../fhir/resource.js';
import { commitActions } from './commit.js';
import type { BodyStore } from './body-store.js';
import { claimTarget } from './item.js';
import { archiveKey, claimKey, claimPartitionKey, currentKey, defaultTenant, partitionKey } from './keys.js';
import { loadVersion } from './load-version.js';
import type { CommitResult, ResourceStore, ResourceWrite, StoredVersion } from './resource-store.js';
import type { Item, ItemKey, Table } from './table.js';

/** What a store may be told. */
export interface StoreOptions {
  /** Letters, digits, `-` and `.`; the one tenant of a deployment without it. */
  readonly tenant?: string;
  /** Makes an id no other commit has; random without it. */
  readonly newCommitId?: () => string;
  /** Where bodies of more than `inlineLimit` bytes go; without it all are in their items, whatever their size. */
  readonly bodies?: BodyStore;
  /** Bytes of a body in UTF-8; 350,000 without it: DynamoDB takes items of 400 KB, keys and envelope included. */
  readonly inlineLimit?: number;
}

/** The versions of resources on a low-level table: one code path for every engine. */
export function createResourceStore(table: Table, options: StoreOptions = {}): ResourceStore {
  const { tenant = defaultTenant, newCommitId = randomUUID, bodies, inlineLimit = 350_000 } = options;
  const versionKey = ({ type, id }: ResourceKey, sk: string): ItemKey => ({ pk: partitionKey(tenant, type, id), sk });
  const claimItemKey = (criteria: string): ItemKey => ({
    pk: claimPartitionKey(tenant, claimDigest(criteria)),
    sk: claimKey,
  });

  const versionIn = async (item: Item | undefined): Promise<StoredVersion | undefined> =>
    item === undefined ? undefined : loadVersion(item, bodies);

  const read = async (key: ResourceKey): Promise<StoredVersion | undefined> =>
    versionIn(await table.get(versionKey(key, currentKey)));

  async function readMany(keys: readonly ResourceKey[]): Promise<readonly (StoredVersion | undefined)[]> {
    const items = await table.batchGet(keys.map((key) => versionKey(key, currentKey)));
    return loadAll(items);
  }

  /** A few bodies at a time: each may be large. */
  async function loadAll(items: readonly (Item | undefined)[]): Promise<readonly (StoredVersion | undefined)[]> {
    if (!items.some((item) => item?.['overflow'] !== undefined)) return Promise.all(items.map(versionIn));
    const versions: (StoredVersion | undefined)[] = [];
    for (let from = 0; from < items.length; from += bodiesAtOnce) {
      versions.push(...(await Promise.all(items.slice(from, from + bodiesAtOnce).map(versionIn))));
    }
    return versions;
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

  async function vread(key: ResourceKey, versionId: number): Promise<StoredVersion | undefined> {
    const current = await read(key);
    if (current === undefined || current.versionId === versionId) return current;
    if (!Number.isSafeInteger(versionId) || versionId < 1 || versionId > current.versionId) return undefined;
    return versionIn(await table.get(versionKey(key, archiveKey(versionId))));
  }

  async function history(
    key: ResourceKey,
    { count, before = Infinity }: { count: number; before?: number },
  ): Promise<readonly StoredVersion[]> {
    // Archives are read below the current version that was read: an update in between adds none there.
    const current = await read(key);
    if (current === undefined || count < 1) return [];
    const newest = current.versionId < before ? [current] : [];
    const below = Math.min(before, current.versionId) - 1;
    const limit = count - newest.length;
    if (limit < 1 || below < 1) return newest;
    const { pk } = versionKey(key, currentKey);
    const items = await table.query({ pk, from: archiveKey(1), to: archiveKey(below), descending: true, limit });
    return [...newest, ...(await loadAll(items)).filter((version) => version !== undefined)];
  }

  async function claimed(criteria: string): Promise<ResourceKey | undefined> {
    const item = await table.get(claimItemKey(criteria));
    return item === undefined ? undefined : claimTarget(item);
  }

  async function commit(asked: readonly ResourceWrite[]): Promise<CommitResult> {
    const commitId = newCommitId();
    const writes = await putBodies(asked, commitId);
    const { actions, places, contradictions } = commitActions(
      { tenant, historyShards: table.historyShards },
      writes,
      commitId,
      claimDigest,
    );
    if (contradictions.length > 0) return { committed: false, conflicts: contradictions };
    if (actions.length === 0) return { committed: true };
    if (actions.length > table.maxActions) {
      throw tooCostly(
        `This takes ${String(actions.length)} database actions; one transaction has at most ${String(table.maxActions)}`,
      );
    }
    const result = await table.write(actions);
    if (result.written || (await wasCommitted(writes, commitId))) return { committed: true };
    const conflicts = result.failures.flatMap(({ action }) => places[action] ?? []);
    return { committed: false, conflicts: [...new Set(conflicts)].toSorted((a, b) => a - b) };
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
    return claim !== undefined && (await table.get(claimItemKey(claim.criteria)))?.['commitId'] === commitId;
  }

  return { maxWrites: table.maxActions, read, readMany, vread, history, claimed, commit };
}

/** Bodies fetched at the same time. */
const bodiesAtOnce = 16;

const claimDigest = (criteria: string): string => createHash('sha256').update(criteria).digest('hex');
