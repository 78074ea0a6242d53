import { withHistory } from '../item.js';
import { archiveKey, claimKey, currentKey } from '../keys.js';
import type { Item, ItemKey, WriteAction } from '../table.js';
import type { TransactionSpace } from './record.js';
import { stagedKey, stagedWithin } from './record.js';
import { hasStaged, lockedBy, releaseAll, withoutLock } from './release.js';

/**
 * Makes what a committed transaction staged current, the versions before it archives, and takes the locks away.
 * May be done by several at once, and again.
 */
export const rollForward = (space: TransactionSpace, id: string, keys: readonly ItemKey[]): Promise<void> =>
  releaseAll(space, id, keys, (locked, staged) => {
    const condition = lockedBy(id);
    if (locked.sk === claimKey) return [{ kind: 'put', item: nextClaim(locked, id), condition }];
    if (!hasStaged(locked)) return [unheld(locked, id)];
    if (staged === undefined) return []; // rolled forward between the two reads
    const item = withHistory(space, { ...staged, pk: locked.pk, sk: currentKey });
    if (stagedWithin(locked) !== undefined) return [{ kind: 'put', item, condition }];
    return [...archived(locked), { kind: 'put', item, condition }, { kind: 'remove', key: stagedKey(locked.pk, id) }];
  });

/** A claim as a committed transaction leaves it. */
export const nextClaim = ({ pk, sk, nextType, nextId }: Item, id: string): Item => ({
  pk,
  sk,
  type: nextType,
  id: nextId,
  commitId: id,
});

function archived(locked: Item): WriteAction[] {
  const { versionId } = locked;
  if (typeof versionId !== 'number' || versionId === 0) return [];
  return [{ kind: 'put', item: { ...withoutLock(locked), sk: archiveKey(versionId) } }];
}

/** Takes the lock from a resource that only had to stay as it is. */
export const unheld = (locked: Item, id: string): WriteAction =>
  locked['versionId'] === 0
    ? { kind: 'remove', key: { pk: locked.pk, sk: locked.sk }, condition: lockedBy(id) }
    : { kind: 'put', item: withoutLock(locked), condition: lockedBy(id) };
