import type { ItemKey } from '../table.js';
import { finish, isShown } from './finish.js';
import { abort } from './flip.js';
import {
  chunkKey,
  idOfOpen,
  lockOf,
  openPartition,
  participantsOf,
  recordKey,
  recordOf,
  type TransactionRecord,
  type TransactionSpace,
} from './record.js';
import { rollForward } from './roll-forward.js';
import type { Met } from './stage.js';
import { unlock } from './unlock.js';

/**
 * Ends a transaction that others left: rolls it forward when it is committed, undoes it when it was aborted or its
 * time is over. One that may still be under way is left alone.
 * @returns what it was found to be; `ended` when there is no record of it, or no longer.
 */
export async function recover(space: TransactionSpace, id: string): Promise<'pending' | 'ended'> {
  const { table, tenant } = space;
  const record = recordOf(await table.get(recordKey(tenant, id)));
  if (record === undefined) return 'ended';
  if (record.state === 'pending' && space.now() < record.expires) return 'pending';
  if (record.ended !== undefined && !isShown(space, record.ended)) return 'pending';
  await end(space, record);
  return 'ended';
}

/**
 * Aborts a transaction unless it was committed, and does what is left to do either way.
 * @returns whether it was committed; undefined when its record was gone already.
 */
export async function end(
  space: TransactionSpace,
  record: TransactionRecord,
): Promise<'committed' | 'aborted' | undefined> {
  const { table, tenant } = space;
  const { id, chunks } = record;
  const state = record.state === 'pending' ? await abort(space, record) : record.state;
  if (state === undefined) return undefined;
  for (let chunk = 0; chunk < chunks; chunk += 1) {
    const keys = participantsOf(await table.get(chunkKey(tenant, id, chunk)));
    await (state === 'committed' ? rollForward : unlock)(space, id, keys);
  }
  await finish(space, record);
  return state;
}

/**
 * Does what can be done about locks that a writer met. A lock whose record is gone was set too late, by a
 * transaction that had been aborted.
 */
export async function recoverLocks(space: TransactionSpace, locks: readonly Met[]): Promise<void> {
  const stray = new Map<string, ItemKey[]>();
  const ended = new Set<string>();
  for (const id of new Set(locks.map(({ lock }) => lock))) if ((await recover(space, id)) === 'ended') ended.add(id);
  for (const { key, lock } of locks) {
    if (ended.has(lock) && lockOf(await space.table.get(key)) === lock)
      stray.set(lock, [...(stray.get(lock) ?? []), key]);
  }
  for (const [id, keys] of stray) await unlock(space, id, keys);
}

/** So many open transactions are looked at together. */
const sweptTogether = 100;

/**
 * Ends every transaction that others left, the oldest first: to be called every minute where several processes
 * write.
 * @returns how many were ended.
 */
export async function sweep(space: TransactionSpace): Promise<number> {
  let ended = 0;
  for (let from: string | undefined; ;) {
    const range = { pk: openPartition(space.tenant), limit: sweptTogether, ...(from === undefined ? {} : { from }) };
    const open = await space.table.queryHistory(range);
    for (const { hs } of open) if ((await recover(space, idOfOpen(hs))) === 'ended') ended += 1;
    const last = open.at(-1)?.hs;
    if (open.length < sweptTogether || last === undefined) return ended;
    from = `${last}~`; // behind the last one: ids hold no `~`
  }
}
