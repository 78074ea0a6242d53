import { interruptibleSleep } from '../indexer/interruptible-sleep.js';
import type { JobSegment } from '../persistence/job.js';
import { type JobSpace, workSegment } from './work-segment.js';

/** Workers of this process. */
export interface RunningJobs {
  /** Something is to be done. */
  wake(): void;
  /** Ends them when they have let go of what they do. */
  stop(): Promise<void>;
}

/** How workers of one process work. */
export interface RunOptions {
  /** How many segments at the same time; 2 without it. */
  readonly atOnce?: number;
  /** How long it is before jobs that other processes left are looked for, in milliseconds; 30 seconds without it. */
  readonly every?: number;
}

/**
 * Does the jobs of a tenant in this process, those that other processes left as well, and removes what has expired.
 * @param space its signal is to be aborted before `stop`, so that what is under way is left at its last step.
 */
export function runJobs(space: JobSpace, { atOnce = 2, every = 30_000 }: RunOptions = {}): RunningJobs {
  const underWay = new Map<string, Promise<void>>();
  let stopped = false;
  let isWoken = false;
  /** Until something is to be done, or it is time to look; a wake before it counts. */
  const pauses = interruptibleSleep(() => isWoken || stopped);
  const wake = (): void => {
    isWoken = true;
    pauses.wake();
  };

  async function look(): Promise<number> {
    await removeExpired(space);
    const { open, next } = await openSegments(space);
    for (const { id, segment } of fairly(open, underWay)) {
      if (underWay.size >= atOnce) break;
      const name = nameOf(id, segment);
      const work = workSegment(space, id, segment)
        .then(() => undefined)
        .catch((error: unknown) => {
          space.onProblem(error, 'a segment of a job could not be worked on');
        })
        .finally(() => {
          underWay.delete(name);
          wake();
        });
      underWay.set(name, work);
    }
    return next;
  }

  async function run(): Promise<void> {
    while (!stopped) {
      isWoken = false;
      let pause = every;
      try {
        pause = Math.min(every, await look());
      } catch (error) {
        space.onProblem(error, 'the jobs could not be looked at');
      }
      await pauses.sleep(pause);
    }
    await Promise.all(underWay.values());
  }
  const running = run();
  return {
    wake,
    async stop() {
      stopped = true;
      wake();
      await running;
    },
  };
}

/** Removes the jobs whose time is over, with what they have written. */
export async function removeExpired({ items, output, now }: JobSpace): Promise<void> {
  for (const { id, expires = Infinity } of await items.list()) {
    if (expires > now()) continue;
    await output.remove(id); // the job behind it: what is left of it is found by it
    await items.remove(id);
    await output.remove(id); // a worker may have closed a file in between
  }
}

interface OpenSegment {
  readonly id: string;
  readonly segment: number;
}

const nameOf = (id: string, segment: number): string => `${id} ${String(segment)}`;

/** The segments that somebody may take now, and in how many milliseconds there may be another one. */
async function openSegments({ items, now }: JobSpace): Promise<{ open: readonly OpenSegment[]; next: number }> {
  const open: OpenSegment[] = [];
  let next = Infinity;
  for (const { id, state } of await items.list()) {
    if (state !== 'running') continue;
    const segments: readonly JobSegment[] = await items.segments(id);
    // One whose last worker was killed before it ended the job is ended by looking at any segment of it.
    const left = segments.every(({ done }) => done) ? segments.slice(0, 1) : segments.filter(({ done }) => !done);
    for (const { segment, until } of left) {
      if (until <= now()) open.push({ id, segment });
      else next = Math.min(next, until - now());
    }
  }
  return { open, next };
}

/** Those not under way, of the job first that has the fewest under way. */
function fairly(open: readonly OpenSegment[], underWay: ReadonlyMap<string, unknown>): readonly OpenSegment[] {
  const busy = new Map<string, number>();
  const count = (id: string): number => busy.get(id) ?? 0;
  for (const name of underWay.keys()) {
    const id = name.split(' ')[0] ?? '';
    busy.set(id, count(id) + 1);
  }
  return open
    .filter(({ id, segment }) => !underWay.has(nameOf(id, segment)))
    .map((each) => {
      const rank = count(each.id);
      busy.set(each.id, rank + 1);
      return { each, rank };
    })
    .sort((a, b) => a.rank - b.rank)
    .map(({ each }) => each);
}
