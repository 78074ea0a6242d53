import { claimKey } from '../keys.js';
import type { Item, ItemKey } from '../table.js';
import { abort } from './flip.js';
import {
  lockOf,
  recordKey,
  recordOf,
  stagedKey,
  stagedWithin,
  type TransactionSpace,
  type TransactionState,
} from './record.js';
import { hasStaged } from './release.js';
import { nextClaim } from './roll-forward.js';

/** What counts of an item: the item itself or, of a committed transaction not rolled forward yet, what is ready for it. */
export interface Counting {
  readonly stored?: Item;
  readonly staged?: Item;
}

/**
 * Decides, for items that were read, what counts: where a transaction holds one, its record says whether the next
 * version counts already. Two reads more when there is a lock, none when there is none.
 * @param keys of current versions or claims. @param items what was read under them, in the same order.
 */
export async function resolve(
  space: TransactionSpace,
  keys: readonly ItemKey[],
  items: readonly (Item | undefined)[],
): Promise<Counting[]> {
  const counting = items.map((stored): Counting => (stored === undefined ? {} : { stored }));
  const recordless = new Map<number, string>();
  let open = keys.map((_, place) => place).filter((place) => isUndecided(items[place]));
  while (open.length > 0) {
    const states = await statesOf(space, new Set(open.map((place) => lockOf(counting[place]?.stored) ?? '')));
    const staged: { place: number; stored: Item }[] = [];
    const again: number[] = [];
    for (const place of open) {
      const stored = counting[place]?.stored;
      const lock = lockOf(stored);
      if (stored === undefined || lock === undefined) continue;
      const state = states.get(lock);
      if (state === 'committed' && stored.sk === claimKey) counting[place] = { stored: nextClaim(stored, lock) };
      else if (state === 'committed') {
        const within = stagedWithin(stored);
        if (within === undefined) staged.push({ place, stored });
        else counting[place] = { stored, staged: within };
      } else if (state === undefined && recordless.get(place) !== lock) {
        recordless.set(place, lock); // ended meanwhile, unless the lock is still there: then it was aborted
        again.push(place);
      }
    }
    const found = await getAll(
      space,
      staged.map(({ stored }) => stagedKey(stored.pk, lockOf(stored) ?? '')),
    );
    staged.forEach(({ place, stored }, at) => {
      const next = found[at];
      if (next === undefined)
        again.push(place); // rolled forward meanwhile
      else counting[place] = { stored, staged: next };
    });
    const reread = await getAll(
      space,
      again.flatMap((place) => keys[place] ?? []),
    );
    again.forEach((place, at) => {
      const stored = reread[at];
      counting[place] = stored === undefined ? {} : { stored };
    });
    open = again.filter((place) => isUndecided(counting[place]?.stored));
  }
  return counting;
}

/** Whether a transaction may have something ready for the item. */
const isUndecided = (item: Item | undefined): boolean =>
  item !== undefined && lockOf(item) !== undefined && (item.sk === claimKey || hasStaged(item));

const getAll = (space: TransactionSpace, keys: readonly ItemKey[]): Promise<readonly (Item | undefined)[]> =>
  keys.length === 0 ? Promise.resolve([]) : space.table.batchGet(keys);

/** What transactions are now, those aborted whose time is over; absent where there is no record. */
async function statesOf(space: TransactionSpace, locks: ReadonlySet<string>): Promise<Map<string, TransactionState>> {
  const ids = [...locks];
  const records = await getAll(
    space,
    ids.map((id) => recordKey(space.tenant, id)),
  );
  const states = new Map<string, TransactionState>();
  for (const [place, id] of ids.entries()) {
    const record = recordOf(records[place]);
    if (record === undefined) continue;
    const isOver = record.state === 'pending' && space.now() >= record.expires;
    const state = isOver ? await abort(space, record) : record.state;
    if (state !== undefined) states.set(id, state);
  }
  return states;
}
