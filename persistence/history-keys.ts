import type { Tenant } from '../fhir/tenant.js';
import { archiveKey } from './keys.js';
import { partOf } from './partition.js';
import type { Item } from './table.js';

// The history index is sorted by when, then type, id and version: `2026-01-01T00:00:00.000Z|Patient|1|0000000000000002`.
// No part holds a `|`, and `|` sorts behind every character of an id, so the texts sort alike whatever their lengths.

/** What names a version in the history index. */
export interface HistoryPlace {
  readonly type: string;
  readonly id: string;
  readonly versionId: number;
  /** An instant in UTC with milliseconds. */
  readonly lastUpdated: string;
}

/** The partition of the history index (column `hp`) for a type's resources whose id is in this shard. */
export const historyPartition = (tenant: Tenant, type: string, shard: number): string =>
  `${tenant}#${type}#${String(shard)}`;

/** The columns that put a version into the history index. */
export const historyColumns = (
  tenant: Tenant,
  version: HistoryPlace,
  shards: number,
): { readonly hp: string; readonly hs: string } => ({
  hp: historyPartition(tenant, version.type, partOf(version.id, shards)),
  hs: historySort(version),
});

/** Where a version stands in the history index (column `hs`). */
export const historySort = ({ lastUpdated, type, id, versionId }: HistoryPlace): string =>
  `${lastUpdated}|${type}|${id}|${archiveKey(versionId)}`;

/** The version that stands at a place of the history index. */
export function placeOf(hs: string): HistoryPlace {
  const [lastUpdated = '', type = '', id = '', versionId] = hs.split('|');
  return { lastUpdated, type, id, versionId: Number(versionId) };
}

/** The partition of the types a tenant has or had resources of, one item each: the history of all begins with it. */
export const typesPartition = (tenant: Tenant): string => `${tenant}#types`;

/** The item that says that a tenant has resources of a type. */
export const typeItem = (tenant: Tenant, type: string): Item => ({ pk: typesPartition(tenant), sk: type });
