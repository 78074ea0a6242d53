import { interruptibleSleep, longestOutage, pauseAfter } from '../indexer/interruptible-sleep.js';
import { isExpired } from '../interactions/jobs/read-job.js';
import type { Job, JobSegment } from '../persistence/job.js';
import { isHeld, type JobSpace, removeMade, workSegment } from './work-segment.js';

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
  /** How long a segment is worked on before others that wait have their turn, in milliseconds; 20 seconds without it. */
  readonly turn?: number;
}

/**
 * Does the jobs of a tenant in this process, those that other processes left as well, and removes what has expired.
 * @param space its signal is to be aborted before `stop`, so that what is under way is left at its last step.
 */
export function runJobs(space: JobSpace, { atOnce = 2, every = 30_000, turn = 20_000 }: RunOptions = {}): RunningJobs {
  const underWay = new Map<string, Promise<void>>();
  /** Whose turn it was last: jobs by the number of the turn. */
  const turns = new Map<string, number>();
  let turnsTaken = 0;
  /** Jobs that a program of another kind is to do. */
  const foreign = new Set<string>();
  /** What waits after it could not even be told how a segment is, and how often that was so in a row. */
  const resting = new Set<() => void>();
  let unwritten = 0;
  let others = 0;
  let stopped = false;
  let isWoken = false;
  /** Until something is to be done, or it is time to look; a wake before it counts. */
  const pauses = interruptibleSleep(() => isWoken || stopped);
  const wake = (): void => {
    isWoken = true;
    pauses.wake();
  };

  /** A segment that cannot be taken, or left, would fail again at once, and be told of each time: a disk is full. */
  async function rest(): Promise<void> {
    const { sleep, wake: end } = interruptibleSleep(() => stopped);
    resting.add(end);
    await sleep(pauseAfter(space.pause ?? 1_000, unwritten++, longestOutage));
    resting.delete(end);
  }

  async function look(): Promise<number> {
    await removeExpired(space);
    const { open, next } = await openSegments(space);
    const waiting = fairly(
      open.filter(({ id }) => !foreign.has(id)),
      underWay,
      turns,
    );
    // What a process that ended had under way may have ended it: one at a time until its next step, so that it is known which.
    const suspect = waiting.filter(({ starts }) => starts > 0).sort((a, b) => a.starts - b.starts)[0];
    const free = suspect === undefined ? atOnce - underWay.size : underWay.size === 0 ? 1 : 0;
    const taken = suspect === undefined ? waiting.slice(0, Math.max(0, free)) : [suspect].slice(0, free);
    others = waiting.length - taken.length;
    for (const { id, segment } of taken) {
      const name = nameOf(id, segment);
      const begun = space.now();
      turns.set(id, (turnsTaken += 1));
      const isOver = (): boolean => suspect !== undefined || (others > 0 && space.now() - begun >= turn);
      const work = workSegment(space, id, segment, isOver)
        .then((became) => {
          unwritten = 0;
          if (became === 'foreign') foreign.add(id);
        })
        .catch((error: unknown) => {
          space.onProblem(error, 'a segment of a job could not be worked on');
          return rest();
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
      for (const end of resting) end();
      await running;
    },
  };
}

/**
 * Removes the jobs whose time is over, with what they have written. A reindex that failed is left to a process that can
 * remove its index.
 * @param isWanted which of them; all without it.
 */
export async function removeExpired(space: JobSpace, isWanted: (job: Job) => boolean = () => true): Promise<void> {
  const { items, output, kinds, now } = space;
  for (const job of await items.list()) {
    const { id, state } = job;
    if (!isExpired(job, now()) || !isWanted(job)) continue;
    if (job.kind === 'reindex' && state === 'failed' && kinds.reindex === undefined) continue;
    // The job behind it: what is left of it is found by it.
    await removeMade(space, job, state === 'failed' ? await items.input(id) : undefined);
    await items.remove(id);
    await output.remove(id); // a worker may have closed a file in between
  }
}

interface OpenSegment extends Pick<JobSegment, 'segment' | 'starts'> {
  readonly id: string;
}

const nameOf = (id: string, segment: number): string => `${id} ${String(segment)}`;

/**
 * The segments of a running job that are not done. Where all are, its last worker was killed before it ended the job: that
 * is done by looking at any of them.
 */
export const leftOf = (segments: readonly JobSegment[]): readonly JobSegment[] =>
  segments.every(({ done }) => done) ? segments.slice(0, 1) : segments.filter(({ done }) => !done);

/** The segments that somebody may take now, and in how many milliseconds there may be another one. */
async function openSegments(space: JobSpace): Promise<{ open: readonly OpenSegment[]; next: number }> {
  const open: OpenSegment[] = [];
  const { items, now } = space;
  let next = Infinity;
  for (const { id, state } of await items.list()) {
    if (state !== 'running') continue;
    for (const each of leftOf(await items.segments(id))) {
      if (isHeld(space, each)) next = Math.min(next, each.until - now());
      else open.push({ id, segment: each.segment, starts: each.starts });
    }
  }
  return { open, next };
}

/** Those not under way: of the job first that has the fewest under way, and of these the one whose turn is longest ago. */
function fairly(
  open: readonly OpenSegment[],
  underWay: ReadonlyMap<string, unknown>,
  turns: ReadonlyMap<string, number>,
): OpenSegment[] {
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
      return { each, rank, turn: turns.get(each.id) ?? 0 };
    })
    .sort((a, b) => a.rank - b.rank || a.turn - b.turn)
    .map(({ each }) => each);
}
