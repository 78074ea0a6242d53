import { isDeepStrictEqual } from 'node:util';
import type {
  Condition,
  HistoryEntry,
  Item,
  ItemChange,
  ItemKey,
  QueryRequest,
  Table,
  WriteAction,
  WriteResult,
} from '../../persistence/table.js';

/** Sort keys stand in the order of their UTF-8 bytes. */
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

const keyText = ({ pk, sk }: ItemKey): string => JSON.stringify([pk, sk]);
const keyOf = (action: WriteAction): ItemKey => (action.kind === 'put' ? action.item : action.key);

/** Attributes that are undefined are not there. */
const kept = (item: Item): Item =>
  Object.fromEntries(Object.entries(item).filter(([, value]) => value !== undefined)) as Item;

const meets = (existing: Item | undefined, condition: Condition | undefined): boolean => {
  if (condition === undefined) return true;
  if (condition.kind === 'absent') return existing === undefined;
  if (existing === undefined) return false;
  return Object.entries(condition.attributes).every(([name, value]) => isDeepStrictEqual(existing[name], value));
};

/**
 * The low-level port of persistence in the memory of one process: what another database has to do, in one page. It forgets
 * all when the process ends, and its feed grows without end.
 */
export function memoryTable(): Table {
  const items = new Map<string, Item>();
  const feed: ItemChange[] = [];

  /** One action of a write that is done; the feed tells of it if it changes something. */
  const apply = (action: WriteAction): void => {
    if (action.kind === 'check') return;
    const { pk, sk } = keyOf(action);
    const text = keyText({ pk, sk });
    const before = items.get(text);
    const after = action.kind === 'put' ? kept(action.item) : undefined;
    if (after === undefined) items.delete(text);
    else items.set(text, after);
    if (before === undefined && after === undefined) return;
    const position = String(feed.length);
    feed.push({
      position,
      key: { pk, sk },
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
    });
  };

  /** All of it in one step of the process: no other write and no read comes between. */
  function writeNow(actions: readonly WriteAction[]): WriteResult {
    if (new Set(actions.map(keyOf).map(keyText)).size < actions.length) throw new Error('Two actions are on one key');
    const failures = actions.flatMap((action, at) => {
      const existing = items.get(keyText(keyOf(action)));
      if (meets(existing, action.condition)) return [];
      return [{ action: at, ...(existing === undefined ? {} : { existing }) }];
    });
    if (failures.length > 0) return { written: false, failures };
    for (const action of actions) apply(action);
    return { written: true };
  }

  /** What stands in a partition, in order, between the bounds. */
  function within<Entry>(entries: readonly (readonly [sort: string, entry: Entry])[], request: QueryRequest): Entry[] {
    const { from, to, descending = false, limit } = request;
    return entries
      .filter(
        ([sort]) => (from === undefined || byBytes(sort, from) >= 0) && (to === undefined || byBytes(sort, to) <= 0),
      )
      .sort(([a], [b]) => byBytes(a, b) * (descending ? -1 : 1))
      .slice(0, limit)
      .map(([, entry]) => entry);
  }

  return {
    maxActions: Infinity,
    maxBytes: Infinity,
    historyShards: 1,
    historyHorizon: 0,
    atomicWritesCostMore: false,
    get: (key) => Promise.resolve(items.get(keyText(key))),
    batchGet: (keys) => Promise.resolve(keys.map((key) => items.get(keyText(key)))),
    query: (request) =>
      Promise.resolve(
        within(
          [...items.values()].filter(({ pk }) => pk === request.pk).map((item) => [item.sk, item] as const),
          request,
        ),
      ),
    queryHistory: (request) =>
      Promise.resolve(
        within(
          [...items.values()].flatMap(({ pk, sk, hp, hs }) =>
            hp === request.pk && typeof hs === 'string' ? [[hs, { pk, sk, hs }] as const] : [],
          ) as readonly (readonly [string, HistoryEntry])[],
          request,
        ),
      ),
    write: async (actions) => {
      await Promise.resolve(); // what is thrown is a promise that rejects
      return writeNow(actions);
    },
    scan({ segment, segments, limit, after }) {
      const own = [...items.values()]
        .filter(({ pk }) => segmentOf(pk, segments) === segment)
        .sort((a, b) => byBytes(keyText(a), keyText(b)));
      const rest = after === undefined ? own : own.filter((item) => byBytes(keyText(item), keyText(after)) > 0);
      const page = rest.slice(0, limit);
      const last = page.at(-1);
      const next = rest.length > limit && last !== undefined ? { next: { pk: last.pk, sk: last.sk } } : {};
      return Promise.resolve({ items: page, ...next });
    },
    countItems: () => Promise.resolve(items.size),
    changes: ({ after, limit }) => {
      const from = after === undefined ? 0 : Number(after) + 1;
      return Promise.resolve(feed.slice(from, from + limit));
    },
  };
}

/** Which of the parts of a scan a partition is in. */
function segmentOf(pk: string, segments: number): number {
  let sum = 0;
  for (const byte of Buffer.from(pk)) sum = (sum * 31 + byte) % 2_147_483_647;
  return sum % segments;
}
