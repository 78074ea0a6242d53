import type { Tenant } from '../fhir/tenant.js';
import type { ResourceKey } from '../fhir/resource.js';
import { overflowText } from './body-store.js';
import { historyColumns } from './history-keys.js';
import { archiveKey, claimKey, claimPartitionKey, currentKey, partitionKey } from './keys.js';
import type { StoredVersion, WriteMethod } from './resource-store.js';
import type { AttributeValue, Item } from './table.js';

/*
 * One item per version. The envelope stands in columns of its own, so that a resolver can decide by them alone;
 * the resource is text in `body`, never mixed with them.
 *
 * | Column        | Holds                                                                                        |
 * | ------------- | -------------------------------------------------------------------------------------------- |
 * | `pk`, `sk`    | tenant, type and id; `current` or the archived version's number (keys.ts)                    |
 * | `type`, `id`  | what names the resource                                                                      |
 * | `versionId`   | number; 0 is a staged version that does not count yet                                        |
 * | `lastUpdated` | instant in UTC with milliseconds                                                             |
 * | `method`      | `POST`, `PUT`, `PATCH` or `DELETE`                                                           |
 * | `deleted`     | whether this version is a tombstone                                                          |
 * | `compartments`| the compartments the version is in, as `Patient/1`                                           |
 * | `children`    | whether there are resources inside (`contained`, entries) whose types GraphQL must name      |
 * | `commitId`    | the commit that wrote it                                                                     |
 * | `lock`        | the transaction that holds the resource; absent when none does                               |
 * | `created`     | whether nothing was there before: the first version, or one after a deletion                 |
 * | `author`      | who wrote it, where their rights count later (Subscriptions)                                 |
 * | `hp`, `hs`    | its place in the history index (history-keys.ts); a staged version has none                  |
 * | `body`        | the resource's JSON text, with `id` and `meta`; empty for a tombstone                        |
 * | `overflow`    | in place of `body`: version and commit that name it in the body store (body-store.ts)        |
 */

/** The tenant whose items a store writes, and over how many partitions of the history index. */
export interface ItemSpace {
  readonly tenant: Tenant;
  readonly historyShards: number;
}

/** The item of a version, under `current` or, once it is superseded, under its archive key. */
export function versionItem(
  { tenant, historyShards }: ItemSpace,
  version: StoredVersion,
  place: 'current' | 'archive',
): Item {
  return {
    pk: partitionKey(tenant, version.type, version.id),
    sk: place === 'current' ? currentKey : archiveKey(version.versionId),
    type: version.type,
    id: version.id,
    versionId: version.versionId,
    lastUpdated: version.lastUpdated,
    method: version.method,
    deleted: version.deleted,
    compartments: version.compartments,
    children: version.resourceChildren,
    ...(version.created === undefined ? {} : { created: version.created }),
    ...(version.author === undefined ? {} : { author: version.author }),
    commitId: version.commitId,
    ...historyColumns(tenant, version, historyShards),
    ...(version.overflow === true
      ? { overflow: overflowText({ versionId: version.versionId, commitId: version.commitId ?? '' }) }
      : { body: version.body }),
  };
}

/** The item of a version with its place in the history index, which it has not while it is staged. */
export function withHistory({ tenant, historyShards }: ItemSpace, item: Item): Item {
  const version = versionOf({ body: '', ...item }); // its body may be elsewhere
  return version === undefined ? item : { ...item, ...historyColumns(tenant, version, historyShards) };
}

/**
 * The version an item holds.
 * @returns undefined for a staged version (0), which does not count yet.
 * @throws Error when a column is missing or of another kind: the item is no version, or its body is not in it.
 */
export function versionOf(item: Item): StoredVersion | undefined {
  const known = ofFrozen.get(item);
  if (known !== undefined) return known;
  const version = versionIn(item);
  if (version === undefined || !Object.isFrozen(item)) return version;
  ofFrozen.set(item, Object.freeze(version));
  return version;
}

/** The versions of items that cannot change: whoever gives an item again (the embedded table) gets the same version for it. */
const ofFrozen = new WeakMap<Item, StoredVersion>();

function versionIn(item: Item): StoredVersion | undefined {
  const versionId = column(item, 'versionId', 'number');
  if (versionId === 0) return undefined;
  const { commitId, created, author } = item;
  return {
    type: column(item, 'type', 'string'),
    id: column(item, 'id', 'string'),
    versionId,
    lastUpdated: column(item, 'lastUpdated', 'string'),
    method: methodOf(column(item, 'method', 'string')),
    deleted: column(item, 'deleted', 'boolean'),
    compartments: listColumn(item, 'compartments'),
    resourceChildren: column(item, 'children', 'boolean'),
    ...(typeof created === 'boolean' ? { created } : {}),
    ...(typeof author === 'string' ? { author } : {}),
    ...(typeof commitId === 'string' ? { commitId } : {}),
    body: column(item, 'body', 'string'),
  };
}

/** The item that says which resource a conditional create's criteria were claimed for. */
export const claimItem = (tenant: Tenant, digest: string, target: ResourceKey, commitId: string): Item => ({
  pk: claimPartitionKey(tenant, digest),
  sk: claimKey,
  type: target.type,
  id: target.id,
  commitId,
});

/** The resource a claim's item names; undefined for a claim that does not count yet. */
export const claimTarget = (item: Item): ResourceKey | undefined =>
  item['type'] === undefined ? undefined : { type: column(item, 'type', 'string'), id: column(item, 'id', 'string') };

interface Kinds {
  string: string;
  number: number;
  boolean: boolean;
}

function column<K extends keyof Kinds>(item: Item, name: string, kind: K): Kinds[K] {
  const value: AttributeValue | undefined = item[name];
  if (typeof value !== kind) throw new Error(`The item ${item.pk} ${item.sk} has no ${kind} in its column ${name}`);
  return value as Kinds[K];
}

function listColumn(item: Item, name: string): readonly string[] {
  const value = item[name];
  if (typeof value !== 'object') throw new Error(`The item ${item.pk} ${item.sk} has no list in its column ${name}`);
  return value;
}

const methods: readonly string[] = ['POST', 'PUT', 'PATCH', 'DELETE'] satisfies WriteMethod[];

function methodOf(text: string): WriteMethod {
  if (!methods.includes(text)) throw new Error(`${text} is no method of a write`);
  return text as WriteMethod;
}
