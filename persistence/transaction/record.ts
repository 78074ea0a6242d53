import type { Tenant } from '../../fhir/tenant.js';
import type { AttributeValue, Item, ItemKey, Table } from '../table.js';
import type { BodyStore } from '../body-store.js';
import type { ItemSpace } from '../item.js';
import { currentKey } from '../keys.js';

/*
 * A commit that is too large for one write of the table, by intents (docs/adr/0020-commits-in-steps.md):
 *
 *   begin         the record, pending, and which items take part
 *   stage         each item locked, its next version beside it, or in it where nothing was before
 *   flip          the record committed: the one write that decides
 *   roll-forward  each next version becomes current, its lock goes
 *   finish        the record goes
 *
 * unlock undoes stage; resolve tells readers what counts; recover ends what others left.
 *
 * | Item                 | Partition key                | Sort key            | Holds                                      |
 * | -------------------- | ---------------------------- | ------------------- | ------------------------------------------ |
 * | record               | `tenant#transaction#<id>`    | `record`            | `state`, `expires`, `chunks`; open: `hp`, `hs` |
 * | participants         | the same                     | `chunk-0000`, …     | `keys`: partition and sort keys            |
 * | staged next version  | the resource's               | `staged#<id>`       | a version's columns                        |
 * | locked resource      | the resource's               | `current`           | `lock`                                     |
 * | locked new resource  | the resource's               | `current`           | `lock`, version 0, `nextVersionId`: the next version's columns but for its number and its place in the history |
 * | locked claim         | the claim's                  | `claim`             | `lock`, `nextType`, `nextId`               |
 */

/** What the steps of a transaction work on. */
export interface TransactionSpace extends ItemSpace {
  readonly table: Table;
  /** The clock, in milliseconds since 1970. */
  readonly now: () => number;
  /** How long a transaction may take until its flip, in milliseconds; whoever meets it later ends it. */
  readonly expiry: number;
  /** Where bodies are that are too large for their items; undefined where none is. */
  readonly bodies: BodyStore | undefined;
}

/** What became of a transaction; its record is pending until it is decided. */
export type TransactionState = 'pending' | 'committed' | 'aborted';

/** A transaction's record. */
export interface TransactionRecord {
  readonly id: string;
  readonly state: TransactionState;
  /** Milliseconds since 1970: still pending then, it is over. */
  readonly expires: number;
  /** How many items name its participants. */
  readonly chunks: number;
  /** The earliest instant its versions carry: the history of types ends there while it is open. */
  readonly started: string;
  /** Milliseconds since 1970: nothing is left to do since then, but the history index may not have shown all of it yet. */
  readonly ended?: number;
}

/** The partition of the history index that holds the records of all open transactions, oldest first. */
export const openPartition = (tenant: Tenant): string => `${tenant}#open`;

/** The key of a transaction's record. No resource has its partition: types begin with a capital letter. */
export const recordKey = (tenant: Tenant, id: string): ItemKey => ({
  pk: `${tenant}#transaction#${id}`,
  sk: 'record',
});

/** The key of an item that names participants. */
export const chunkKey = (tenant: Tenant, id: string, chunk: number): ItemKey => ({
  pk: recordKey(tenant, id).pk,
  sk: `chunk-${String(chunk).padStart(4, '0')}`,
});

/** The key of the next version that a transaction has ready for a resource. */
export const stagedKey = (pk: string, id: string): ItemKey => ({ pk, sk: `staged#${id}` });

/** A version that nothing was before, locked: a transaction has it ready, and it does not count yet. */
export const lockedNew = (next: Item, id: string): Item => ({
  ...next,
  versionId: 0,
  nextVersionId: next['versionId'],
  lock: id,
  hp: undefined,
  hs: undefined,
});

/** The version that a locked item has ready in it; undefined for one whose next version is beside it, or that has none. */
export function stagedWithin(locked: Item): Item | undefined {
  const { nextVersionId } = locked;
  if (typeof nextVersionId !== 'number') return undefined;
  return { ...locked, versionId: nextVersionId, nextVersionId: undefined, lock: undefined };
}

/** The item of a transaction's record. */
export const recordItem = (tenant: Tenant, record: TransactionRecord): Item => ({
  ...recordKey(tenant, record.id),
  transaction: record.id,
  state: record.state,
  expires: record.expires,
  chunks: record.chunks,
  started: record.started,
  ...(record.ended === undefined ? {} : { ended: record.ended }),
  hp: openPartition(tenant),
  hs: `${record.started}|${record.id}`,
});

/** @returns undefined for an item that is no record, or none. */
export function recordOf(item: Item | undefined): TransactionRecord | undefined {
  if (item === undefined) return undefined;
  const { transaction: id, state, expires, chunks, started, ended } = item;
  if (typeof id !== 'string' || typeof expires !== 'number' || typeof chunks !== 'number') return undefined;
  if (typeof started !== 'string' || !isState(state)) return undefined;
  return { id, state, expires, chunks, started, ...(typeof ended === 'number' ? { ended } : {}) };
}

const isState = (value: AttributeValue | undefined): value is TransactionState =>
  value === 'pending' || value === 'committed' || value === 'aborted';

/** The id of an open transaction by its place in the history index. */
export const idOfOpen = (hs: string): string => hs.slice(hs.indexOf('|') + 1);

/** So many participants one item names: far below the size of an item. */
const participantsInChunk = 1_000;

/** The items that name the participants. */
export function chunkItems(tenant: Tenant, id: string, participants: readonly ItemKey[]): Item[] {
  const items: Item[] = [];
  for (let start = 0; start < participants.length; start += participantsInChunk) {
    const keys = participants.slice(start, start + participantsInChunk).flatMap(({ pk, sk }) => [pk, sk]);
    items.push({ ...chunkKey(tenant, id, items.length), keys });
  }
  return items;
}

/** The participants that an item names. */
export function participantsOf(item: Item | undefined): ItemKey[] {
  const keys = item?.['keys'];
  if (typeof keys !== 'object') return [];
  return keys.flatMap((pk, place) => (place % 2 === 0 ? [{ pk, sk: keys[place + 1] ?? currentKey }] : []));
}

/** The transaction that holds an item; undefined when none does. */
export function lockOf(item: Item | undefined): string | undefined {
  const lock = item?.['lock'];
  return typeof lock === 'string' ? lock : undefined;
}
