import type { Database, RootDatabase } from 'lmdb';
import { Remembered } from '../fhir/remembered.js';
import { commitsOf } from '../lmdb/commits.js';
import { changeLog } from './lmdb-changes.js';
import { historyIndex } from './lmdb-history.js';
import { attributesOf, keyOf, lowerBound, storedKey, upperBound, type Attributes } from './lmdb-key.js';
import { holds } from './condition.js';
import { textOf } from './key-text.js';
import { jobsPartition, tenantOf } from './keys.js';
import { partOf } from './partition.js';
import type { Item, ItemChange, ItemKey, QueryRequest, ScanPage, Table, WriteAction, WriteResult } from './table.js';

/** What an embedded table does besides keeping items. */
export interface LmdbTableOptions {
  /**
   * Called in a write's commit when all its conditions hold, before anything is put: may read and prepare.
   * The function it returns is called after the puts, and what it puts into collected databases is in the same
   * transaction. If either throws, nothing of the write is done. Both may be called again for a write that is done again.
   */
  readonly inTransaction?: (changes: readonly ItemChange[]) => () => void;
  /** Called once a write that changed something is on disk, before it is answered. */
  readonly onCommitted?: () => void;
  /** How many of the latest changes the feed keeps, at least 1; 10,000 without it. */
  readonly changesKept?: number;
  /**
   * How far a reader of the feed has come that may miss nothing, undefined when it has not begun: changes behind that stay,
   * up to `mostUnread`. Without it only `changesKept` counts.
   */
  readonly readUpTo?: () => string | undefined;
  /** How many changes stay at most for that reader, which is told that it missed some once it has begun; a million without it. */
  readonly mostUnread?: number;
}

/** A table whose feed tells, without reading it, how far it goes. */
export interface LmdbTable extends Table {
  /** The position of the last change; undefined when there never was one. */
  lastPosition(): string | undefined;
}

/** Of what was read lately so many characters of bodies are kept decoded. */
const charactersKept = 4_000_000;

/**
 * A table in an LMDB environment: three databases, `name` for the items, `name:changes` for the change feed and
 * `name:history` for the history index.
 * The writes that wait when the one before is on disk share one LMDB transaction and one flush to disk.
 * @param root as `openRoot` gives it; it must flush on commit (no `overlappingSync`), or writes are not durable.
 */
export function lmdbTable(root: RootDatabase, name: string, options: LmdbTableOptions = {}): LmdbTable {
  const items: Database<Attributes, Uint8Array> = root.openDB({ name, keyEncoding: 'binary', cache: false });
  const commits = commitsOf(root);
  const collected = commits.database(items);
  const history = historyIndex(root, `${name}:history`);
  const { changesKept = 10_000, mostUnread = 1_000_000, readUpTo } = options;
  const log = changeLog(
    root,
    `${name}:changes`,
    changesKept,
    mostUnread,
    readUpTo && ((): number => Number(readUpTo() ?? 0)),
  );
  const prepare = options.inTransaction ?? (() => () => undefined);

  const read = (key: ItemKey): Item | undefined => {
    const attributes = collected.get(storedKey(key));
    return attributes === undefined ? undefined : { pk: key.pk, sk: key.sk, ...attributes };
  };

  const lately = new Remembered<Item>(charactersKept);
  /**
   * As `read`; the same frozen item while nothing else is written there, on which others may keep what they make of it.
   * Nobody but this table writes its items, and nobody reads so while a commit is collected, which may be undone.
   */
  const readLately = (key: ItemKey): Item | undefined => {
    if (collected.isUnderWay(() => storedKey(key))) return read(key); // what is known in a moment may be another
    const text = textOf(key);
    const known = lately.get(text);
    if (known !== undefined) return known;
    const item = read(key);
    if (item === undefined) return undefined;
    const { body } = frozen(item);
    lately.set(text, item, 500 + (typeof body === 'string' ? body.length : 0));
    return item;
  };

  function apply(actions: readonly WriteAction[]): WriteResult & { readonly changed: boolean } {
    const before = actions.map((action) => read(keyOfAction(action)));
    const failures = actions.flatMap((action, place) => {
      const existing = before[place];
      if (action.condition === undefined || holds(action.condition, existing)) return [];
      return [{ action: place, ...(existing === undefined ? {} : { existing }) }];
    });
    if (failures.length > 0) return { written: false, failures, changed: false };
    const changes = log.number(actions.flatMap((action, place) => changeOf(action, before[place])));
    const finish = prepare(changes);
    for (const { key, after } of changes) {
      lately.forget(textOf(key));
      if (after === undefined) collected.remove(storedKey(key));
      else collected.put(storedKey(key), attributesOf(after));
    }
    history.follow(changes);
    log.append(changes);
    finish();
    return { written: true, changed: changes.length > 0 };
  }

  async function write(actions: readonly WriteAction[]): Promise<WriteResult> {
    requireDistinct(actions);
    const { changed, ...result } = await (actions.every(makesRoom)
      ? commits.commitSmall(() => apply(actions))
      : commits.commit(() => apply(actions)));
    if (changed) options.onCommitted?.();
    return result;
  }

  function query({ pk, from, to, descending = false, limit }: QueryRequest): readonly Item[] {
    const low = lowerBound(pk, from);
    const high = upperBound(pk, to);
    const found: Item[] = [];
    for (const { key, value } of items.getRange({ start: descending ? high : low, reverse: descending })) {
      if (descending && Buffer.compare(key, high) >= 0) continue; // the start of a range counts, the upper bound does not
      if (found.length >= limit || Buffer.compare(key, low) < 0 || Buffer.compare(key, high) >= 0) break;
      const { pk, sk } = keyOf(key);
      found.push({ pk, sk, ...value });
    }
    return found;
  }

  function scan({ segment, segments, limit, after }: Parameters<Table['scan']>[0]): ScanPage {
    const found: Item[] = [];
    const start = after === undefined ? undefined : Buffer.concat([storedKey(after), Buffer.of(0)]);
    for (const stored of items.getKeys(start === undefined ? {} : { start })) {
      const key = keyOf(stored);
      if (segments > 1 && partOf(key.pk, segments) !== segment) continue;
      const last = found[limit - 1];
      if (last !== undefined) return { items: found, next: { pk: last.pk, sk: last.sk } };
      const item = read(key);
      if (item !== undefined) found.push(item);
    }
    return { items: found };
  }

  return {
    maxActions: Infinity,
    maxBytes: Infinity,
    historyShards: 1,
    historyHorizon: 0,
    atomicWritesCostMore: false,
    get: (key) => attempt(() => readLately(key)),
    batchGet: (keys) => attempt(() => keys.map(readLately)),
    query: (request) => attempt(() => query(request)),
    queryHistory: async (request) => {
      // What waits to be committed has its instant already: whoever reads up to now must see it.
      await commits.settled();
      return history.query(request);
    },
    write,
    scan: (request) => attempt(() => scan(request)),
    countItems: () => attempt(() => (items.getStats() as { entryCount: number }).entryCount),
    changes: (request) => attempt(() => log.read(request)),
    lastPosition: () => log.end(),
  };
}

function frozen(item: Item): Item {
  for (const value of Object.values(item)) if (Array.isArray(value)) Object.freeze(value);
  return Object.freeze(item);
}

/** LMDB reads are synchronous: a promise of one, rejected by what it throws. */
const attempt = <T>(action: () => T): Promise<T> =>
  new Promise((resolve) => {
    resolve(action());
  });

/** Whether an action ends or removes a job: whose files fill a disk that is full must not need room for that. */
const makesRoom = (action: WriteAction): boolean =>
  action.kind === 'remove' || (action.kind === 'put' && action.item.pk === jobsPartition(tenantOf(action.item.pk)));

const keyOfAction = (action: WriteAction): ItemKey => (action.kind === 'put' ? action.item : action.key);

function changeOf(action: WriteAction, before: Item | undefined): readonly Omit<ItemChange, 'position'>[] {
  if (action.kind === 'check' || (action.kind === 'remove' && before === undefined)) return [];
  const { pk, sk } = keyOfAction(action);
  return [
    {
      key: { pk, sk },
      ...(before === undefined ? {} : { before }),
      ...(action.kind === 'put' ? { after: action.item } : {}),
    },
  ];
}

/** As DynamoDB does, refuses a write with two actions on one key; and keys that LMDB cannot hold. */
function requireDistinct(actions: readonly WriteAction[]): void {
  const seen = new Set<string>();
  for (const action of actions) {
    const text = storedKey(keyOfAction(action)).toString('latin1');
    if (seen.has(text)) throw new Error('A key stands in two actions of one write');
    seen.add(text);
  }
}
