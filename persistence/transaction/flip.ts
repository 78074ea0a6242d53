import type { Condition, ItemKey } from '../table.js';
import { lockOf, recordItem, recordKey, recordOf, type TransactionRecord, type TransactionSpace } from './record.js';
import { refused, type StepResult } from './stage.js';

/** What a transaction was decided by, without writing it. */
export interface Check {
  readonly key: ItemKey;
  readonly condition: Condition;
  readonly places: readonly number[];
}

const isPending: Condition = { kind: 'equals', attributes: { state: 'pending' } };

/**
 * Commits a staged transaction: the one write that decides. It is refused when somebody aborted it, when its time is
 * over, or when a check does not hold.
 * @param checks at most one less than the table takes actions.
 */
export async function flip(
  space: TransactionSpace,
  record: TransactionRecord,
  checks: readonly Check[],
): Promise<StepResult> {
  const { table, tenant } = space;
  if (space.now() >= record.expires) return { done: false, conflicts: [], locks: [] };
  const result = await table.write([
    { kind: 'put', item: recordItem(tenant, { ...record, state: 'committed' }), condition: isPending },
    ...checks.map(({ key, condition }) => ({ kind: 'check' as const, key, condition })),
  ]);
  if (result.written) return { done: true };
  return refused(
    result.failures.flatMap(({ action, existing }) => {
      const check = checks[action - 1];
      return check === undefined ? [] : [{ ...check, lock: lockOf(existing) }];
    }),
  );
}

/**
 * Aborts a transaction unless it is decided already.
 * @returns what it is now: `committed` when it had been; undefined when its record is gone, so that it was ended.
 */
export async function abort(
  { table, tenant }: TransactionSpace,
  record: TransactionRecord,
): Promise<'committed' | 'aborted' | undefined> {
  const item = recordItem(tenant, { ...record, state: 'aborted' });
  const result = await table.write([{ kind: 'put', item, condition: isPending }]);
  if (result.written) return 'aborted';
  const state = recordOf(await table.get(recordKey(tenant, record.id)))?.state;
  return state === 'pending' ? undefined : state;
}
