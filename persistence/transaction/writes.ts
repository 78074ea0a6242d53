import type { Table, WriteAction } from '../table.js';

/** Actions that must be in one write, and what they are about. */
export interface ActionGroup<Subject> {
  readonly subject: Subject;
  readonly actions: readonly WriteAction[];
}

/** An action that may be in any write. */
export const alone = (action: WriteAction): ActionGroup<WriteAction> => ({ subject: action, actions: [action] });

/** Packs groups into writes as large as the table takes, in order. A group is never parted. */
export function packed<Subject>(
  table: Pick<Table, 'maxActions' | 'maxBytes'>,
  groups: readonly ActionGroup<Subject>[],
): ActionGroup<Subject>[][] {
  const writes: ActionGroup<Subject>[][] = [];
  let room = { actions: 0, bytes: 0 };
  for (const group of groups) {
    const bytes = bytesOf(group.actions);
    let write = writes.at(-1);
    if (write === undefined || room.actions < group.actions.length || room.bytes < bytes) {
      writes.push((write = []));
      room = { actions: table.maxActions, bytes: table.maxBytes };
    }
    write.push(group);
    room = { actions: room.actions - group.actions.length, bytes: room.bytes - bytes };
  }
  return writes;
}

/** Whether the table takes the actions in one write. */
export const fitsOneWrite = (table: Pick<Table, 'maxActions' | 'maxBytes'>, actions: readonly WriteAction[]): boolean =>
  actions.length <= table.maxActions && (table.maxBytes === Infinity || bytesOf(actions) <= table.maxBytes);

/** Room for numbers, names of attributes and what else stands around the texts of an item. */
const bytesAround = 500;

/** The size of what actions put, in bytes, rather too large than too small. */
function bytesOf(actions: readonly WriteAction[]): number {
  let bytes = 0;
  for (const action of actions) {
    bytes += bytesAround;
    if (action.kind !== 'put') continue;
    for (const value of Object.values(action.item)) {
      if (typeof value === 'string') bytes += Buffer.byteLength(value);
      else if (typeof value === 'object') for (const text of value) bytes += Buffer.byteLength(text) + 3;
    }
  }
  return bytes;
}
