import { holds } from '../../persistence/condition.js';
import { textOf } from '../../persistence/key-text.js';
import { partOf } from '../../persistence/partition.js';
import type {
  HistoryEntry,
  Item,
  ItemChange,
  ItemKey,
  QueryRequest,
  Table,
  WriteResult,
} from '../../persistence/table.js';

const byBytes = (a: string, b: string): number => (a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b)));

/**
 * The low-level port of persistence in the memory of one process: what another database has to do, in one page. It forgets
 * all when the process ends, and its feed grows without end.
 */
export function memoryTable(): Table {
  const partitions = new Map<string, Map<string, Item>>();
  const indexed = new Map<string, Map<string, Item>>();
  const itemAt = ({ pk, sk }: ItemKey): Item | undefined => partitions.get(pk)?.get(sk);
  const log: ItemChange[] = [];

  const part = (all: { order: string; item: Item }[], { from = '', to, descending = false, limit }: QueryRequest) =>
    all
      .filter(({ order }) => byBytes(order, from) >= 0 && (to === undefined || byBytes(order, to) <= 0))
      .sort((a, b) => byBytes(a.order, b.order) * (descending ? -1 : 1))
      .slice(0, limit);

  function write(actions: Parameters<Table['write']>[0]): WriteResult {
    const keys = actions.map((action) => (action.kind === 'put' ? action.item : action.key));
    if (new Set(keys.map(textOf)).size < keys.length) throw new Error('A key stands in two actions of one write');
    const failures = actions.flatMap(({ condition }, action) => {
      const existing = itemAt(keys[action] ?? { pk: '', sk: '' });
      if (condition === undefined || holds(condition, existing)) return [];
      return [{ action, ...(existing === undefined ? {} : { existing }) }];
    });
    if (failures.length > 0) return { written: false, failures };
    for (const [place, action] of actions.entries()) {
      const { pk, sk } = keys[place] ?? { pk: '', sk: '' };
      const before = itemAt({ pk, sk });
      if (action.kind === 'check' || (action.kind === 'remove' && before === undefined)) continue;
      const after = action.kind === 'put' ? withoutUndefined(action.item) : undefined;
      replace(partitions, before?.pk, sk, undefined);
      replace(partitions, after?.pk, sk, after);
      replace(indexed, before?.['hp'], textOf({ pk, sk }), undefined);
      replace(indexed, after?.['hp'], textOf({ pk, sk }), after);
      log.push({
        position: String(log.length + 1).padStart(16, '0'),
        key: { pk, sk },
        ...(before === undefined ? {} : { before }),
        ...(after === undefined ? {} : { after }),
      });
    }
    return { written: true };
  }

  const entries = (request: QueryRequest): HistoryEntry[] => {
    const all = [...(indexed.get(request.pk)?.values() ?? [])].flatMap((item) => {
      const { hs } = item;
      return typeof hs === 'string' ? [{ order: hs, item }] : [];
    });
    return part(all, request).map(({ order: hs, item: { pk, sk } }) => ({ pk, sk, hs }));
  };

  return {
    maxActions: Infinity,
    maxBytes: Infinity,
    historyShards: 1,
    historyHorizon: 0,
    atomicWritesCostMore: false,
    get: (key) => Promise.resolve(itemAt(key)),
    batchGet: (keys) => Promise.resolve(keys.map(itemAt)),
    query(request) {
      const all = [...(partitions.get(request.pk)?.values() ?? [])].map((item) => ({ order: item.sk, item }));
      return Promise.resolve(part(all, request).map(({ item }) => item));
    },
    queryHistory: (request) => Promise.resolve(entries(request)),
    write: (actions) =>
      new Promise((resolve) => {
        resolve(write(actions));
      }),
    scan({ segment, segments, limit, after }) {
      const rest = [...partitions.values()]
        .flatMap((partition) => [...partition.values()])
        .filter(({ pk }) => partOf(pk, segments) === segment)
        .sort((a, b) => byBytes(textOf(a), textOf(b)))
        .filter((item) => after === undefined || byBytes(textOf(item), textOf(after)) > 0);
      const found = rest.slice(0, limit);
      const last = found.at(-1);
      return Promise.resolve(
        rest.length > limit && last ? { items: found, next: { pk: last.pk, sk: last.sk } } : { items: found },
      );
    },
    changes: ({ after = '', limit }) => Promise.resolve(log.filter(({ position }) => position > after).slice(0, limit)),
  };
}

function replace(parts: Map<string, Map<string, Item>>, part: unknown, key: string, item: Item | undefined): void {
  if (typeof part !== 'string') return;
  const known = parts.get(part) ?? new Map<string, Item>();
  parts.set(part, known);
  if (item === undefined) known.delete(key);
  else known.set(key, item);
}

const withoutUndefined = (item: Item): Item => {
  const attributes = Object.entries(item).filter(([, value]) => value !== undefined);
  return Object.fromEntries(attributes) as Item;
};
