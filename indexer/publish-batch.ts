import { type JobChange, jobChange } from '../persistence/job-change.js';
import type { ItemChange } from '../persistence/table.js';
import type { PublishingProblem } from './publish.js';
import { resourceChange, type ResourceChange } from './resource-change.js';

/** So many resources' and jobs' changes are told at the same time. */
const atOnce = 8;

/** What tells subscribers of one change each; what it throws makes the change come again. */
export interface Publishing {
  readonly publish: (change: ResourceChange) => Promise<void>;
  readonly publishJob: (change: JobChange) => Promise<void>;
}

/**
 * Tells subscribers of a batch of changes, those of a resource in their order: when one cannot be told, those of the
 * same resource behind it are not. Of a job, which is told as it is by now, only the last one is told. A change of an item
 * that is neither is passed over.
 * @returns the position from which on the batch must come again; undefined when all of it is told.
 */
export async function publishBatch(
  changes: readonly ItemChange[],
  publishing: Publishing,
  onProblem: (problem: PublishingProblem) => void,
): Promise<string | undefined> {
  const left: (readonly Telling[])[] = [...tellings(changes, publishing, onProblem)];
  const untold = new Set<string>();

  async function tell(own: readonly Telling[]): Promise<void> {
    for (const { position, version, work } of own) {
      try {
        await work();
      } catch (error) {
        onProblem({ what: 'a change cannot be published', error, ...(version === undefined ? {} : { version }) });
        untold.add(position);
        return;
      }
    }
  }

  const takeTurns = async (): Promise<void> => {
    for (let own = left.shift(); own !== undefined; own = left.shift()) await tell(own);
  };
  await Promise.all(Array.from({ length: atOnce }, takeTurns));
  return changes.find(({ position }) => untold.has(position))?.position;
}

/** A change that is to be told. */
interface Telling {
  readonly position: string;
  readonly version?: PublishingProblem['version'];
  readonly work: () => Promise<void>;
}

/** What is to be told, in parts that do not wait for each other. */
function tellings(
  changes: readonly ItemChange[],
  { publish, publishJob }: Publishing,
  onProblem: (problem: PublishingProblem) => void,
): Iterable<readonly Telling[]> {
  const parts = new Map<string, readonly Telling[]>();
  for (const change of changes) {
    const { position, key } = change;
    try {
      const job = jobChange(change);
      if (job !== undefined) {
        // A worker may write of a part behind the removal, which must be told all the same.
        const what = job.removed === undefined ? 'job' : 'removed job';
        parts.set(`${what} ${job.tenant} ${job.id}`, [{ position, work: () => publishJob(job) }]);
        continue;
      }
      const told = resourceChange(change);
      if (told === undefined) continue;
      const { type, id, versionId } = told;
      const telling = { position, version: { type, id, versionId }, work: () => publish(told) };
      parts.set(key.pk, [...(parts.get(key.pk) ?? []), telling]);
    } catch (error) {
      onProblem({ what: 'a change cannot be read', error });
    }
  }
  return parts.values();
}
