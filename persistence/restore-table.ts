import { isDeepStrictEqual } from 'node:util';
import { type BodyKey, overflowOf } from './body-store.js';
import { secretPartition, tenantOf } from './keys.js';
import { scanPages } from './scan-pages.js';
import type { Item, ItemKey, Table, WriteAction } from './table.js';

/** What a table is brought back to, and what is asked for on the way. */
export interface Restoring {
  /** The table as it was: restored from a backup or to a moment, beside the one in use. Nothing is written to it. */
  readonly from: Pick<Table, 'scan' | 'batchGet'>;
  /** The table in use. Nobody else writes to it meanwhile. */
  readonly to: Pick<Table, 'scan' | 'batchGet' | 'write'>;
  /** Whether a body that an item refers to is there; all are without it. */
  readonly hasBody?: (key: BodyKey) => Promise<boolean>;
  /** Whether nothing is to be written, but counted. */
  readonly dryRun?: boolean;
}

/** What was, or would be, done. */
export interface Restored {
  /** Items of the table as it was. */
  readonly items: number;
  /** Those that were put back, and those of later that were removed. */
  readonly put: number;
  readonly removed: number;
  /** The resources whose bodies are gone, as `Patient/1/_history/2`. */
  readonly lost: readonly string[];
}

const segments = 8;
const pageSize = 100;

/**
 * Makes a table what it was: its name, stream, keys and alarms stay, and what is equal is not written. A second call goes on
 * where one was interrupted. The search index is behind afterwards, since no index goes back: `$reindex` makes it anew. The
 * secrets of a deployment (page.key) are not among what was: those in use stay.
 */
export async function restoreTable({ from, to, hasBody = allThere, dryRun = false }: Restoring): Promise<Restored> {
  const done = { items: 0, put: 0, removed: 0 };
  const lost: string[] = [];
  const write = async (actions: readonly WriteAction[]): Promise<void> => {
    if (!dryRun) await Promise.all(actions.map((action) => to.write([action])));
  };
  await eachPage(from, async (items) => {
    const there = await to.batchGet(items.map(keyOf));
    const changed = items.filter((item, at) => !isSecret(item) && !isDeepStrictEqual(item, there[at]));
    for (const item of items) {
      const body = bodyOf(item);
      if (body === undefined || (await hasBody(body))) continue;
      lost.push(`${body.type}/${body.id}/_history/${String(body.versionId)}`);
    }
    await write(changed.map((item) => ({ kind: 'put', item })));
    done.items += items.length;
    done.put += changed.length;
  });
  await eachPage(to, async (items) => {
    const were = await from.batchGet(items.map(keyOf));
    const later = items.filter((item, at) => !isSecret(item) && were[at] === undefined);
    await write(later.map((item) => ({ kind: 'remove', key: keyOf(item) })));
    done.removed += later.length;
  });
  return { ...done, lost };
}

const allThere = (): Promise<boolean> => Promise.resolve(true);

const keyOf = ({ pk, sk }: Item): ItemKey => ({ pk, sk });

const isSecret = ({ pk }: Item): boolean => pk === secretPartition(tenantOf(pk));

/** The body that an item refers to; undefined for one that holds its own, or none. */
function bodyOf({ pk, type, id, overflow }: Item): BodyKey | undefined {
  if (typeof overflow !== 'string' || typeof type !== 'string' || typeof id !== 'string') return undefined;
  return { tenant: tenantOf(pk), type, id, ...overflowOf(overflow) };
}

/** Reads all items, some segments at a time. */
async function eachPage(table: Pick<Table, 'scan'>, take: (items: readonly Item[]) => Promise<void>): Promise<void> {
  const read = async (segment: number): Promise<void> => {
    for await (const items of scanPages(table, { segment, segments, limit: pageSize })) await take(items);
  };
  await Promise.all(Array.from({ length: segments }, (_, segment) => read(segment)));
}
