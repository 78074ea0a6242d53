import type { Model } from './linearizable.js';

/** What stands for a version in which a resource is deleted. */
export const deleted = 'deleted';

/** One resource in a write. */
export interface ResourceWrite {
  readonly id: string;
  /** A patch needs something to be there. */
  readonly kind: 'put' | 'patch' | 'delete';
  /** What the new version is marked by; `deleted` for a deletion. */
  readonly label: string;
  readonly ifMatch?: number;
  /** What was answered: the version, and whether it is a resource's first one. */
  readonly versionId?: number;
  readonly isCreated?: boolean;
  /** Whether the answer said that searches see it. */
  readonly isSeen?: boolean;
}

/** A conditional create or update by criteria that all clients share: a slot, which one resource has at most. */
export interface SlotWrite {
  readonly slot: string;
  readonly label: string;
  readonly kind: 'create' | 'update';
  /** The resource that has the slot by the answer, and whether this made it. */
  readonly id?: string;
  readonly isCreated?: boolean;
}

/** An operation and how it was answered. */
export type Operation =
  /** `versionId` 0: nothing was ever there. */
  | { readonly kind: 'read'; readonly id: string; readonly versionId?: number; readonly label: string | undefined }
  | { readonly kind: 'vread'; readonly id: string; readonly versionId: number; readonly label: string | undefined }
  | { readonly kind: 'history'; readonly id: string; readonly labels: readonly string[] }
  /** Nothing with this label was found under this id. */
  | { readonly kind: 'not found'; readonly id: string; readonly label: string; readonly isStrict: boolean }
  /** All of it happened, or none. */
  | {
      readonly kind: 'write';
      readonly outcome: 'done' | 'stale' | 'absent' | 'refused' | 'unknown';
      readonly writes: readonly ResourceWrite[];
      readonly slots: readonly SlotWrite[];
      /** Conditional references: the resource that each was filled in with. */
      readonly references: readonly { readonly slot: string; readonly id: string }[];
      /** How it was asked for, and answered. */
      readonly told: string;
    };

/** What all resources are, and which has which slot. */
export interface State {
  /** The labels of each resource's versions, the oldest first. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  readonly slots: Readonly<Record<string, string | undefined>>;
}

const labelsOf = (state: State, id: string): readonly string[] => state.labels[id] ?? [];
const isThere = (labels: readonly string[]): boolean => labels.length > 0 && labels.at(-1) !== deleted;

const withLabel = (state: State, id: string, label: string): State => ({
  labels: { ...state.labels, [id]: [...labelsOf(state, id), label] },
  slots:
    label === deleted
      ? Object.fromEntries(Object.entries(state.slots).map(([slot, has]) => [slot, has === id ? undefined : has]))
      : state.slots,
});

function written(state: State, { id, kind, label, ifMatch, versionId, isCreated }: ResourceWrite): State | undefined {
  const before = labelsOf(state, id);
  if (ifMatch !== undefined && before.length !== ifMatch) return undefined;
  if (kind === 'patch' && !isThere(before)) return undefined;
  if (isCreated !== undefined && isCreated === isThere(before)) return undefined;
  const after = kind === 'delete' && !isThere(before) ? state : withLabel(state, id, label);
  return versionId === undefined || labelsOf(after, id).length === versionId ? after : undefined;
}

function slotted(state: State, { slot, label, kind, id, isCreated }: SlotWrite): State | undefined {
  const has = state.slots[slot];
  if (id === undefined) return state; // not answered: whether it did anything, the resource's own versions tell
  if (isCreated !== true) return has !== id ? undefined : kind === 'update' ? withLabel(state, id, label) : state;
  if (has !== undefined || labelsOf(state, id).length > 0) return undefined;
  const after = withLabel(state, id, label);
  return { labels: after.labels, slots: { ...after.slots, [slot]: id } };
}

function done(state: State, operation: Extract<Operation, { kind: 'write' }>): State | undefined {
  let next: State | undefined = state;
  for (const { slot, id } of operation.references) if (state.slots[slot] !== id) return undefined;
  for (const write of operation.writes) next = next && written(next, write);
  for (const slot of operation.slots) next = next && slotted(next, slot);
  return next;
}

/** What resources are after one operation at a time, each of them whole. */
export const resources: Model<State, Operation> = {
  initial: { labels: {}, slots: {} },
  step(state, operation) {
    const holds = (is: boolean): State | undefined => (is ? state : undefined);
    if (operation.kind === 'write') {
      const { outcome, writes } = operation;
      switch (outcome) {
        case 'stale':
          return holds(
            writes.some(({ id, ifMatch }) => ifMatch !== undefined && labelsOf(state, id).length !== ifMatch),
          );
        case 'absent':
          return holds(writes.some(({ id, kind }) => kind === 'patch' && !isThere(labelsOf(state, id))));
        case 'refused':
          return state;
        default:
          return done(state, operation);
      }
    }
    const labels = labelsOf(state, operation.id);
    switch (operation.kind) {
      case 'read': {
        const { versionId = labels.length, label } = operation;
        return holds(labels.length === versionId && labels.at(-1) === label);
      }
      case 'vread':
        return holds(labels[operation.versionId - 1] === operation.label);
      case 'history':
        return holds(labels.join(' ') === operation.labels.join(' '));
      case 'not found':
        return holds(!operation.isStrict || labels.at(-1) !== operation.label);
    }
  },
  key: ({ labels, slots }) => JSON.stringify([Object.entries(labels).toSorted(), Object.entries(slots).toSorted()]),
};
