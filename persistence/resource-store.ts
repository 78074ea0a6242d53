import type { ResourceKey } from '../fhir/resource.js';
import type { StoredVersion } from './stored-version.js';
import type { ItemKey } from './table.js';
import type { UnreadableVersion } from './unreadable-version.js';

export type { StoredVersion, WriteMethod } from './stored-version.js';

/** One write of a commit. `previous` is the version it replaces, as it was read; absent when nothing was there before. */
export type ResourceWrite =
  | { readonly kind: 'put'; readonly next: StoredVersion; readonly previous?: StoredVersion }
  /** The resource must still be at this version (0: must not exist): what a conditional reference was decided by. */
  | { readonly kind: 'check'; readonly key: ResourceKey; readonly versionId: number }
  /**
   * The canonical criteria of a conditional create, claimed for a resource in the same commit. `previous` is the
   * target the claim was read to have; absent when there was no claim.
   */
  | {
      readonly kind: 'claim';
      readonly criteria: string;
      readonly target: ResourceKey;
      readonly previous?: ResourceKey;
    };

/** What came of a commit: everything written, or nothing, with the places of the writes that met another one. */
export type CommitResult =
  { readonly committed: true } | { readonly committed: false; readonly conflicts: readonly number[] };

/** One version of a resource. */
export interface VersionKey extends ResourceKey {
  readonly versionId: number;
}

/** A part of the history of one or more types. */
export interface TypesHistory {
  readonly types: readonly string[];
  readonly oldestFirst: boolean;
  /** Instants in UTC with milliseconds, both inclusive. */
  readonly from?: string;
  readonly to?: string;
  /** The `last` of the page before. */
  readonly after?: string;
  /** ≥ 1 */
  readonly count: number;
}

/** A page of the history of types. */
export interface TypesHistoryPage {
  readonly versions: readonly StoredVersion[];
  /** The place of the last version, to go on behind it; absent on an empty page. */
  readonly last?: string;
  readonly more: boolean;
  /** The instant up to which everything written is shown; what is later comes later. */
  readonly end: string;
}

/** A part of the history of a resource: at most `count` versions, newer than version `after`, older than `before`. */
export interface InstanceHistory {
  readonly count: number;
  readonly before?: number;
  readonly after?: number;
  readonly oldestFirst?: boolean;
}

/** A part of all resources as they were at an instant that `settled` gave. */
export interface CutScan {
  readonly cut: string;
  /** Which of `segments` disjoint parts of the table, from 0 on. */
  readonly segment: number;
  readonly segments: number;
  /** The greatest number of items looked at, ≥ 1. */
  readonly limit: number;
  /** The `next` of the page before. */
  readonly after?: ItemKey;
}

/** A page of resources as they were; `next` is absent at the end. */
export interface CutPage {
  /** The greatest version at or before the cut of each resource whose current version was met, tombstones included. */
  readonly versions: readonly StoredVersion[];
  /** Those of them that cannot be read: whoever asks must be told of them. */
  readonly unreadable: readonly UnreadableVersion[];
  /** How many items were looked at. */
  readonly items: number;
  readonly next?: ItemKey;
}

/** The versions of all resources of one FHIR version, on a Table. Reads are linearisable per resource. */
export interface ResourceStore {
  /** The current version, a tombstone included; undefined when there never was one. 1 read. */
  read(key: ResourceKey): Promise<StoredVersion | undefined>;
  /** The current versions in the keys' order. 1 read per 100 keys. */
  readMany(keys: readonly ResourceKey[]): Promise<readonly (StoredVersion | undefined)[]>;
  /** One version. At most 2 reads. */
  vread(key: ResourceKey, versionId: number): Promise<StoredVersion | undefined>;
  /** Versions by their numbers, in the keys' order, as the history of types sees them. 1 or 2 reads per 100 keys. */
  vreadMany(keys: readonly VersionKey[]): Promise<readonly (StoredVersion | undefined)[]>;
  /** The versions of a resource, newest first unless told otherwise. 1 read and 1 query. */
  history(key: ResourceKey, page: InstanceHistory): Promise<readonly StoredVersion[]>;
  /**
   * The versions of all resources of types, by when they were written, complete up to `end`.
   * 1 query for open transactions, 1 per type in use and shard, 1 or 2 reads per 100 versions; 1 query for the types
   * in use when several are asked for.
   */
  historyOfTypes(request: TypesHistory): Promise<TypesHistoryPage>;
  /** How many versions there are in it. */
  countHistory(request: Omit<TypesHistory, 'count'>): Promise<number>;
  /**
   * The instant up to which everything written is there, and no more will come: what was answered before is in it, as
   * far as the history index tells.
   */
  settled(): Promise<string>;
  /** Resources as they were at a cut. 1 scan, and 1 query per resource written since. */
  scanAt(request: CutScan): Promise<CutPage>;
  /** The resource that holds a claim. */
  claimed(criteria: string): Promise<ResourceKey | undefined>;
  /** Writes all or nothing, however many. A resource may stand in one put only. */
  commit(writes: readonly ResourceWrite[]): Promise<CommitResult>;
  /** Ends a transaction that a process may have left, by its id (`decidedTransaction` of stream.ts). */
  readonly recover: (transaction: string) => Promise<void>;
  /** Ends all transactions that processes have left: to be called every minute where several processes write. */
  readonly sweep: () => Promise<number>;
}
