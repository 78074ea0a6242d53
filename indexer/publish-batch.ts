import type { ItemChange } from '../persistence/table.js';
import type { PublishingProblem } from './publish.js';
import { resourceChange, type ResourceChange } from './resource-change.js';

/** So many resources' changes are told at the same time. */
const atOnce = 8;

/**
 * Tells subscribers of a batch of changes, those of a resource in their order: when one cannot be told, those of the
 * same resource behind it are not. A change of an item that is no version is passed over.
 * @param publish tells of one; what it throws makes the change come again.
 * @returns the position from which on the batch must come again; undefined when all of it is told.
 */
export async function publishBatch(
  changes: readonly ItemChange[],
  publish: (change: ResourceChange) => Promise<void>,
  onProblem: (problem: PublishingProblem) => void,
): Promise<string | undefined> {
  const resources = byResource(changes);
  const untold = new Set<string>();

  async function tellOf(own: readonly ItemChange[]): Promise<void> {
    for (const change of own) {
      const told = readChange(change, onProblem);
      if (told === undefined) continue;
      try {
        await publish(told);
      } catch (error) {
        const { type, id, versionId } = told;
        onProblem({ what: 'a change cannot be published', error, version: { type, id, versionId } });
        untold.add(change.position);
        return;
      }
    }
  }

  const takeTurns = async (): Promise<void> => {
    for (let own = resources.shift(); own !== undefined; own = resources.shift()) await tellOf(own);
  };
  await Promise.all(Array.from({ length: atOnce }, takeTurns));
  return changes.find(({ position }) => untold.has(position))?.position;
}

function byResource(changes: readonly ItemChange[]): ItemChange[][] {
  const found = new Map<string, ItemChange[]>();
  for (const change of changes) {
    const own = found.get(change.key.pk);
    if (own === undefined) found.set(change.key.pk, [change]);
    else own.push(change);
  }
  return [...found.values()];
}

function readChange(change: ItemChange, onProblem: (problem: PublishingProblem) => void): ResourceChange | undefined {
  try {
    return resourceChange(change);
  } catch (error) {
    onProblem({ what: 'a change cannot be read', error });
    return undefined;
  }
}
