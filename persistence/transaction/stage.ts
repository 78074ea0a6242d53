import { holds } from '../condition.js';
import { currentKey } from '../keys.js';
import type { Condition, Item, ItemKey, WriteAction } from '../table.js';
import { lockedNew, lockOf, stagedKey, type TransactionSpace } from './record.js';
import { packed, type ActionGroup } from './writes.js';

/** An item that takes part in a transaction. */
export interface Participant {
  readonly key: ItemKey;
  /** What must hold of the item, no lock among it. */
  readonly condition: Condition;
  /** What it is to become; absent when it only has to stay as it is. */
  readonly next?: Item;
  /** The places of the writes of the commit that stand or fall with it. */
  readonly places: readonly number[];
}

/** What came of a step that others can make fail. */
export type StepResult =
  | { readonly done: true }
  /** `locks` are the transactions that were met. */
  | { readonly done: false; readonly conflicts: readonly number[]; readonly locks: readonly Met[] };

/** A lock that was met, and on which item. */
export interface Met {
  readonly key: ItemKey;
  readonly lock: string;
}

/**
 * Locks the participants for a transaction and puts their next versions beside them, in the order of their keys: of
 * two transactions that share items, one fails at the first of them, whichever order their writes came in.
 * Nobody else sees a difference: what is locked still counts as it was, and where nothing was stands version 0, which
 * holds the next version itself: one write instead of two.
 * @param participants in the order of their keys.
 */
export async function stage(
  space: TransactionSpace,
  id: string,
  participants: readonly Participant[],
): Promise<StepResult> {
  const { table } = space;
  const size = Math.min(table.maxActions, 100);
  for (let start = 0; start < participants.length; start += size) {
    const group = participants.slice(start, start + size);
    const items = await standing(table, group);
    const met = group.flatMap((participant, place) =>
      holds(participant.condition, items[place]) ? [] : [refusal(participant, items[place])],
    );
    if (met.length > 0) return refused(met);
    const groups = group.map((participant, place): ActionGroup<Participant> => {
      return { subject: participant, actions: locking(id, participant, items[place]) };
    });
    for (const write of packed(table, groups)) {
      const actions = write.flatMap((each) => each.actions);
      const subjects = write.flatMap((each) => each.actions.map(() => each.subject));
      const result = await table.write(actions);
      if (result.written) continue;
      // A write that is repeated, since its answer got lost, meets its own locks.
      if (result.failures.some(({ existing }) => lockOf(existing) === id)) continue;
      return refused(
        result.failures.flatMap(({ action, existing }) => {
          const subject = subjects[action];
          return subject === undefined ? [] : [refusal(subject, existing)];
        }),
      );
    }
  }
  return { done: true };
}

/** What stands under the participants' keys; where nothing may stand, the write's own condition sees to it. */
async function standing(
  table: TransactionSpace['table'],
  group: readonly Participant[],
): Promise<readonly (Item | undefined)[]> {
  const expected = group.filter(({ condition }) => condition.kind !== 'absent');
  const items = expected.length === 0 ? [] : await table.batchGet(expected.map(({ key }) => key));
  const found = new Map(expected.map((participant, place) => [participant, items[place]]));
  return group.map((participant) => found.get(participant));
}

function locking(id: string, { key, condition, next }: Participant, existing: Item | undefined): WriteAction[] {
  if (key.sk !== currentKey) {
    const target = { nextType: next?.['type'], nextId: next?.['id'] };
    return [{ kind: 'put', item: { ...existing, ...target, ...key, lock: id }, condition }];
  }
  if (existing === undefined && next !== undefined) return [{ kind: 'put', item: lockedNew(next, id), condition }];
  const locked = { ...(existing ?? { versionId: 0 }), ...key, lock: id };
  if (next === undefined) return [{ kind: 'put', item: { ...locked, hold: true }, condition }];
  return [
    { kind: 'put', item: locked, condition },
    { kind: 'put', item: { ...next, ...stagedKey(key.pk, id), hp: undefined, hs: undefined } },
  ];
}

const refusal = ({ key, places }: Participant, existing: Item | undefined) => ({ key, places, lock: lockOf(existing) });

/** What a step answers that met other writes or their locks. */
export const refused = (
  met: readonly { readonly key: ItemKey; readonly places: readonly number[]; readonly lock: string | undefined }[],
): StepResult => ({
  done: false,
  conflicts: met.flatMap(({ places }) => places),
  locks: met.flatMap(({ key, lock }) => (lock === undefined ? [] : [{ key, lock }])),
});
