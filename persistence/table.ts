/** A table's primary key: partition key and sort key. */
export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

/** What an attribute of an item may hold: the subset of DynamoDB's types used here. */
export type AttributeValue = string | number | boolean | readonly string[];

/** An item: its key and its attributes. */
export type Item = ItemKey & Readonly<Record<string, AttributeValue | undefined>>;

/** What must hold of the stored item with an action's key for the action to be done. */
export type Condition =
  | { readonly kind: 'absent' }
  /** An item is there and every named attribute equals the value given; `undefined` means the attribute is not there. */
  | { readonly kind: 'equals'; readonly attributes: Readonly<Record<string, AttributeValue | undefined>> };

/** One action of a write: put the whole item, remove it, or only check it. */
export type WriteAction =
  | { readonly kind: 'put'; readonly item: Item; readonly condition?: Condition }
  | { readonly kind: 'remove'; readonly key: ItemKey; readonly condition?: Condition }
  | { readonly kind: 'check'; readonly key: ItemKey; readonly condition: Condition };

/** What came of a write: all actions done, or none, with each failed condition's place and the item that stood there. */
export type WriteResult =
  | { readonly written: true }
  | { readonly written: false; readonly failures: readonly { readonly action: number; readonly existing?: Item }[] };

/** One partition's items in the order of their sort keys (UTF-8 bytes). */
export interface QueryRequest {
  readonly pk: string;
  /** Inclusive bounds of the sort key. */
  readonly from?: string;
  readonly to?: string;
  readonly descending?: boolean;
  /** The greatest number of items to give, ≥ 1. */
  readonly limit: number;
}

/** An entry of the history index: the key of an item that has the attributes `hp` and `hs`, and its `hs`. */
export interface HistoryEntry extends ItemKey {
  readonly hs: string;
}

/** A page of a scan over the whole table; `next` continues it and is absent at the end. */
export interface ScanPage {
  readonly items: readonly Item[];
  readonly next?: ItemKey;
}

/**
 * One change of an item, in commit order per key. `position` continues reading behind it; it is opaque, and of use
 * only to the consumer that was given it.
 */
export interface ItemChange {
  readonly position: string;
  readonly key: ItemKey;
  readonly before?: Item;
  readonly after?: Item;
}

/**
 * The low-level port of persistence, shaped like the DynamoDB operations used: every read is strongly consistent,
 * a write is atomic over its actions. Adapters: lmdb.ts (embedded), dynamodb.ts.
 */
export interface Table {
  /** The most actions one write takes: 100 on DynamoDB, Infinity on LMDB. */
  readonly maxActions: number;
  /** The most bytes of all items of one write together: 4 MB on DynamoDB, Infinity on LMDB. */
  readonly maxBytes: number;
  /**
   * Over how many partitions of the history index the versions of one type are spread: a partition takes so many
   * writes a second on DynamoDB; 1 on LMDB. It stays what it was when the table was made.
   */
  readonly historyShards: number;
  /**
   * Milliseconds: more than twice what the history index is behind the items, the clocks of writers are apart, and a
   * write may take, each. 0 where the index is written with the item and there is one writer.
   */
  readonly historyHorizon: number;
  /** Whether a write of two actions costs more than two writes of one: DynamoDB doubles the units of the former. */
  readonly atomicWritesCostMore: boolean;
  get(key: ItemKey): Promise<Item | undefined>;
  /** The items of the keys, in the keys' order, `undefined` where there is none; keys may repeat. */
  batchGet(keys: readonly ItemKey[]): Promise<readonly (Item | undefined)[]>;
  query(request: QueryRequest): Promise<readonly Item[]>;
  /**
   * One partition of the history index, a keys-only secondary index (`history`) over the items that have both of the
   * string attributes `hp`, its partition key, and `hs`, its sort key; neither holds a zero character. `pk` is a value
   * of `hp`, the bounds are of `hs`. Entries with equal `hs` come in any order, `limit` counts each of them. On
   * DynamoDB it is eventually consistent: an entry may be missing for a while, or still stand there for an item that
   * changed.
   */
  queryHistory(request: QueryRequest): Promise<readonly HistoryEntry[]>;
  /** Does all actions or none. A key may stand in one action only. Resolves once the write is durable. */
  write(actions: readonly WriteAction[]): Promise<WriteResult>;
  /** Reads one of `segments` disjoint parts of the table; `after` is the `next` of the page before. */
  scan(request: { segment: number; segments: number; limit: number; after?: ItemKey }): Promise<ScanPage>;
  /** About how many items there are; absent where nobody knows without reading them. */
  countItems?(): Promise<number | undefined>;
  /**
   * Changes behind the position `after` (from the feed's start without one), at most `limit`: those of one key in the
   * order they were made in. None means none for now. A put that changes nothing of an item may be none. One consumer.
   * @throws StoreError when changes behind `after` are no longer kept.
   */
  changes(request: { after?: string; limit: number }): Promise<readonly ItemChange[]>;
}
