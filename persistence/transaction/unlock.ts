import { claimKey } from '../keys.js';
import type { ItemKey } from '../table.js';
import { stagedKey, stagedWithin, type TransactionSpace } from './record.js';
import { hasStaged, lockedBy, releaseAll, withoutLock } from './release.js';
import { unheld } from './roll-forward.js';

/**
 * Takes the locks of an aborted transaction away, and what it had staged: everything is as it was.
 * May be done by several at once, and again.
 */
export const unlock = (space: TransactionSpace, id: string, keys: readonly ItemKey[]): Promise<void> =>
  releaseAll(space, id, keys, (locked) => {
    const condition = lockedBy(id);
    if (locked.sk === claimKey) {
      const wasThere = locked['type'] !== undefined;
      return wasThere
        ? [{ kind: 'put', item: withoutLock(locked), condition }]
        : [{ kind: 'remove', key: { pk: locked.pk, sk: locked.sk }, condition }];
    }
    const restored = unheld(locked, id);
    const isBeside = hasStaged(locked) && stagedWithin(locked) === undefined;
    return isBeside ? [restored, { kind: 'remove', key: stagedKey(locked.pk, id) }] : [restored];
  });
