import { timeLeft, within } from '../../fhir/deadline.js';
import type { CommitActions } from '../commit.js';
import { currentKey } from '../keys.js';
import type { CommitResult } from '../resource-store.js';
import type { ItemKey, WriteAction } from '../table.js';
import { begin } from './begin.js';
import { finish } from './finish.js';
import { flip, type Check } from './flip.js';
import type { TransactionRecord, TransactionSpace } from './record.js';
import { end, recoverLocks } from './recover.js';
import { stage, type Participant, type StepResult } from './stage.js';
import { unlock } from './unlock.js';

/**
 * Does a commit of any size, all or nothing, in many writes of the table.
 * @param commit the actions it would be in one write.
 * @param id of the commit, no other has it.
 * @returns as a commit in one write does; what it staged is current when it returns, unless the table failed after
 * it was committed: then whoever meets it finishes it.
 * @throws what the table throws, when nothing was committed.
 */
export async function commitInSteps(space: TransactionSpace, commit: CommitActions, id: string): Promise<CommitResult> {
  const { participants, checks, started } = partsOf(space, commit);
  const keys = participants.map(({ key }) => key);
  let record: TransactionRecord | undefined;
  let result: StepResult;
  try {
    record = await begin(space, { id, started, participants: keys });
    result = await stage(space, id, participants);
    if (result.done) result = await flip(space, record, checks);
  } catch (error) {
    // Whether it was committed by what failed, the record says; when that fails as well, others will find out.
    // What failed may be that the time is over: undoing it has some of its own, so that no lock stays until others come.
    const ended = record && undo(space, record, keys).catch(() => undefined);
    if ((await ended) === 'committed') return { committed: true };
    throw error;
  }
  if (result.done) {
    const committed: TransactionRecord = { ...record, state: 'committed' };
    await end(space, committed).catch(() => undefined); // committed it is, whoever finishes it
    return { committed: true };
  }
  if ((await undo(space, record, keys)) === 'committed') return { committed: true };
  await recoverLocks(space, result.locks);
  return { committed: false, conflicts: result.conflicts };
}

/** How long it may take to undo what was begun when there is no more time for it, in milliseconds. */
const ownTime = 2_000;

const undo = (space: TransactionSpace, record: TransactionRecord, keys: readonly ItemKey[]) =>
  within(Math.max(ownTime, timeLeft()), () => endOwn(space, record, keys));

/**
 * Ends the transaction this process began. When others have ended it already, they may have done so before the last
 * lock was set.
 */
async function endOwn(space: TransactionSpace, record: TransactionRecord, keys: readonly ItemKey[]) {
  const state = await end(space, record);
  if (state === undefined) {
    await unlock(space, record.id, keys);
    await finish(space, { ...record, state: 'aborted' });
  }
  return state;
}

interface Parts {
  readonly participants: readonly Participant[];
  readonly checks: readonly Check[];
  readonly started: string;
}

/** What takes part in a commit, in the order of keys, and what is only checked in the flip, as far as that takes it. */
function partsOf({ table, now }: TransactionSpace, { actions, places }: CommitActions): Parts {
  const participants: Participant[] = [];
  const checks: Check[] = [];
  let started = new Date(now()).toISOString();
  for (const [place, action] of actions.entries()) {
    const part = partOf(action, places[place] ?? []);
    if (part === undefined) continue;
    if (part.next === undefined && checks.length < table.maxActions - 1) checks.push(part);
    else participants.push(part);
    const lastUpdated = part.key.sk === currentKey ? part.next?.['lastUpdated'] : undefined;
    if (typeof lastUpdated === 'string' && lastUpdated < started) started = lastUpdated;
  }
  const text = ({ key }: Participant): string => `${key.pk} ${key.sk}`;
  return { participants: participants.sort((a, b) => (text(a) < text(b) ? -1 : 1)), checks, started };
}

/** The part an action of the commit stands for; undefined for archives, which roll-forward makes. */
function partOf(action: WriteAction, places: readonly number[]): Participant | undefined {
  const { condition } = action;
  if (condition === undefined) return undefined;
  if (action.kind !== 'put') return { key: action.key, condition, places };
  const { pk, sk } = action.item;
  return { key: { pk, sk }, condition, next: action.item, places };
}
