import { keyText, type ResourceKey } from '../fhir/resource.js';
import { claimItem, versionItem, type ItemSpace } from './item.js';
import { currentKey, partitionKey } from './keys.js';
import type { ResourceWrite } from './resource-store.js';
import type { Condition, WriteAction } from './table.js';

type Put = Extract<ResourceWrite, { kind: 'put' }>;
type Check = Extract<ResourceWrite, { kind: 'check' }>;
type Claim = Extract<ResourceWrite, { kind: 'claim' }>;

/** A commit as the table does it. */
export interface CommitActions {
  readonly actions: readonly WriteAction[];
  /** For each action, the places of the writes that stand or fall with it. */
  readonly places: readonly (readonly number[])[];
  /** The places of writes that cannot hold together with an earlier one of the same commit. */
  readonly contradictions: readonly number[];
}

/**
 * The table's actions for a commit. A create is one put; an update or a deletion first puts the version it replaces
 * under its archive key (which changes nothing if it is there: a version never changes), then the new one. Every
 * put of a current version, and every check, is conditional on the version expected and on no lock.
 * @param digest of a claim's criteria, hexadecimal.
 * @throws Error when a resource stands in two puts, or a version does not follow the one it replaces.
 */
export function commitActions(
  space: ItemSpace,
  writes: readonly ResourceWrite[],
  commitId: string,
  digest: (criteria: string) => string,
): CommitActions {
  const { tenant } = space;
  const actions: WriteAction[] = [];
  const places: number[][] = [];
  const contradictions: number[] = [];
  const add = (action: WriteAction, place: number): number[] => {
    const shared = [place];
    actions.push(action);
    places.push(shared);
    return shared;
  };

  /** What a resource's current version is expected to be, so that a later write of the commit can be compared. */
  const expected = new Map<string, { readonly versionId: number; readonly shared: number[] }>();
  function put({ next, previous }: Put, place: number): void {
    requireNext(next, previous);
    if (expected.has(keyText(next))) throw new Error(`${keyText(next)} stands in two puts of one commit`);
    if (previous !== undefined) add({ kind: 'put', item: versionItem(space, previous, 'archive') }, place);
    const item = versionItem(space, { ...next, commitId }, 'current');
    const versionId = previous?.versionId ?? 0;
    expected.set(keyText(next), {
      versionId,
      shared: add({ kind: 'put', item, condition: atVersion(versionId) }, place),
    });
  }

  function check({ key, versionId }: Check, place: number): void {
    const known = expected.get(keyText(key)); // a table takes one action per key
    if (known !== undefined && known.versionId !== versionId) contradictions.push(place);
    else if (known !== undefined) known.shared.push(place);
    else {
      const tableKey = { pk: partitionKey(tenant, key.type, key.id), sk: currentKey };
      const shared = add({ kind: 'check', key: tableKey, condition: atVersion(versionId) }, place);
      expected.set(keyText(key), { versionId, shared });
    }
  }

  const claims = new Set<string>();
  function claim({ criteria, target, previous }: Claim, place: number): void {
    if (claims.has(criteria)) {
      contradictions.push(place);
      return;
    }
    claims.add(criteria);
    const item = claimItem(tenant, digest(criteria), target, commitId);
    add({ kind: 'put', item, condition: claimedFor(previous) }, place);
  }

  // Puts first: a check of a resource that the same commit puts is the put's own condition.
  writes.forEach((write, place) => {
    if (write.kind === 'put') put(write, place);
  });
  writes.forEach((write, place) => {
    if (write.kind === 'check') check(write, place);
    else if (write.kind === 'claim') claim(write, place);
  });
  return { actions, places, contradictions };
}

const atVersion = (versionId: number): Condition =>
  versionId === 0 ? { kind: 'absent' } : { kind: 'equals', attributes: { versionId, lock: undefined } };

const claimedFor = (target: ResourceKey | undefined): Condition =>
  target === undefined
    ? { kind: 'absent' }
    : { kind: 'equals', attributes: { type: target.type, id: target.id, lock: undefined } };

function requireNext(next: Put['next'], previous: Put['previous']): void {
  if (previous !== undefined && keyText(previous) !== keyText(next)) {
    throw new Error(`${keyText(next)} cannot replace ${keyText(previous)}`);
  }
  if (next.versionId !== (previous?.versionId ?? 0) + 1) {
    throw new Error(`Version ${String(next.versionId)} of ${keyText(next)} does not follow the one it replaces`);
  }
  if (previous !== undefined && next.lastUpdated <= previous.lastUpdated) {
    throw new Error(`Version ${String(next.versionId)} of ${keyText(next)} is not later than the one it replaces`);
  }
}
