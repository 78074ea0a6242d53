import { currentKey } from '../keys.js';
import type { Condition, Item, ItemKey, WriteAction } from '../table.js';
import { lockOf, stagedKey, stagedWithin, type TransactionSpace } from './record.js';
import { packed } from './writes.js';

/** The item as it is without what a lock puts on it. */
export const withoutLock = (item: Item): Item => ({
  ...item,
  lock: undefined,
  hold: undefined,
  nextVersionId: undefined,
  nextType: undefined,
  nextId: undefined,
});

/** The condition of every action that takes a lock away: it is still this transaction's. */
export const lockedBy = (id: string): Condition => ({ kind: 'equals', attributes: { lock: id } });

/** So often nothing can be done about a lock before something is wrong with the store. */
const mostIdleRounds = 5;

/**
 * Takes a transaction's locks away, as many in a write as the table takes. Others may do the same at the same time:
 * whoever comes second finds the lock gone and goes on.
 * @param release the actions for a locked item, each of them conditional on the lock, or in a write with one that is;
 * `staged` is the next version, where it has one. None when somebody else has just released it.
 */
export async function releaseAll(
  { table }: TransactionSpace,
  id: string,
  keys: readonly ItemKey[],
  release: (locked: Item, staged: Item | undefined) => readonly WriteAction[],
): Promise<void> {
  const size = Math.min(table.maxActions, 100);
  for (let start = 0; start < keys.length; start += size) {
    let held: readonly ItemKey[] = keys.slice(start, start + size);
    for (let idle = 0; ;) {
      const items = await table.batchGet(held);
      const locked = items.filter((item) => item !== undefined).filter((item) => lockOf(item) === id);
      if (locked.length === 0) break;
      const staged = await stagedFor(table, id, locked);
      const groups = locked
        .map((subject) => ({ subject, actions: release(subject, staged.get(subject)) }))
        .filter(({ actions }) => actions.length > 0);
      if (groups.length === 0 && (idle += 1) > mostIdleRounds) {
        throw new Error(`The lock ${id} on ${locked[0]?.pk ?? ''} has nothing staged`);
      }
      let missed = groups.length < locked.length;
      for (const write of packed(table, groups)) {
        const { written } = await table.write(write.flatMap(({ actions }) => actions));
        if (!written) missed = true;
      }
      if (!missed) break;
      held = locked;
    }
  }
}

/** The next versions of locked items, of those that have one: in them or beside them. */
async function stagedFor(
  table: TransactionSpace['table'],
  id: string,
  locked: readonly Item[],
): Promise<ReadonlyMap<Item, Item | undefined>> {
  const within = new Map(locked.map((item) => [item, stagedWithin(item)]));
  const beside = locked.filter((item) => within.get(item) === undefined && hasStaged(item));
  const found = beside.length === 0 ? [] : await table.batchGet(beside.map(({ pk }) => stagedKey(pk, id)));
  beside.forEach((item, place) => within.set(item, found[place]));
  return within;
}

/** Whether a locked item only had to stay as it is, or is a claim: then there is no staged version. */
export const hasStaged = (locked: Item): boolean => locked.sk === currentKey && locked['hold'] !== true;
