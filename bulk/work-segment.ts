import { randomUUID } from 'node:crypto';
import { OperationOutcomeError } from '../fhir/outcome.js';
import type { Job, JobItems, JobKind, JobSegment } from '../persistence/job.js';
import type { OutputStore } from '../persistence/output-store.js';
import { type KindOfJob, type SegmentWork, StopWork } from './kind-of-job.js';

/** What the workers of jobs work with. */
export interface JobSpace {
  readonly items: JobItems;
  readonly output: OutputStore;
  readonly kinds: Readonly<Partial<Record<JobKind, KindOfJob>>>;
  /** The clock, in milliseconds since 1970. */
  readonly now: () => number;
  /** Is told of what went wrong that nobody expected, and of what is tried again. */
  readonly onProblem: (error: unknown, what: string) => void;
  /** A worker that says nothing for so long was killed, in milliseconds; one minute without it. */
  readonly lease?: number;
  /** How long what failed waits before it is tried again, in milliseconds, doubled each time; one second without it. */
  readonly pause?: number;
  /** How long a job is kept when it has ended, in milliseconds; a day without it. */
  readonly kept?: number;
  /** Aborted when the process ends: another one may go on at once. */
  readonly signal?: AbortSignal;
}

const minute = 60_000;
const day = 24 * 60 * minute;
/** So often in a row a segment may fail. */
const mostFailures = 6;
/** So much is looked at before it is told. */
const toldEvery = 2_000;

/**
 * What became of a segment: done, or nobody wants it any more; left for another worker; somebody else has it; tried again
 * later, unless the job failed.
 */
export type WorkedSegment = 'done' | 'left' | 'taken' | 'failed';

/** How long a job that ended is kept, in milliseconds. */
export const keptFor = ({ kept = day }: JobSpace): number => kept;

/**
 * Works on a segment of a job, if nobody else does, and ends the job when it was the last one.
 * @param isOver whether the worker's time is over, for workers that may not work for long.
 */
export async function workSegment(
  space: JobSpace,
  id: string,
  segment: number,
  isOver: () => boolean = () => false,
): Promise<WorkedSegment> {
  const { items, now, lease = minute } = space;
  const job = await items.read(id);
  const before = (await items.segments(id)).find((each) => each.segment === segment);
  if (job?.state !== 'running' || before === undefined) return 'done';
  if (before.done) {
    await endIfDone(space, job);
    return 'done';
  }
  if (before.until > now()) return 'taken';
  const mine = { ...before, owner: randomUUID(), until: now() + lease };
  if (!(await items.claim(id, before, mine))) return 'taken';
  const holder = holdSegment(space, job, mine, isOver);
  try {
    const kind = space.kinds[job.kind];
    if (kind === undefined) throw new Error(`This server does no jobs of kind ${job.kind}`);
    await kind.work({ ...holder.work, input: await items.input(id) });
    if (!holder.segment().done) {
      await items.save(id, { ...holder.segment(), until: 0 });
      return 'left';
    }
    await endIfDone(space, job);
    return 'done';
  } catch (error) {
    return await stopped(space, job, holder.segment(), error);
  }
}

interface Holder {
  readonly work: Omit<SegmentWork, 'input'>;
  /** As it was kept last. */
  segment(): JobSegment;
}

function holdSegment(space: JobSpace, job: Job, mine: JobSegment, isOver: () => boolean): Holder {
  const { items, output, now, signal, lease = minute } = space;
  let current = mine;
  let seen = mine.seen;
  const keep = async (next: JobSegment, files: Parameters<JobItems['save']>[2]): Promise<void> => {
    if (!(await items.save(job.id, next, files))) throw new StopWork('lost');
    current = next;
  };
  const work: Omit<SegmentWork, 'input'> = {
    job,
    segment: mine.segment,
    progress: mine.progress,
    files: mine.files,
    output,
    isOver,
    async goOn(more) {
      if (signal?.aborted === true) throw new StopWork('ending');
      seen += more;
      // Looked at each time: who cancels an import does not want what comes next of it.
      if ((await items.read(job.id))?.state !== 'running') throw new StopWork('lost');
      if (seen - current.seen < toldEvery && now() < current.until - (lease * 3) / 4) return;
      await keep({ ...current, seen, until: now() + lease }, []);
    },
    step({ progress, done, files }) {
      const next = { ...current, progress, done, seen, files: current.files + files.length, failures: 0 };
      return keep({ ...next, until: done ? 0 : now() + lease }, files);
    },
  };
  return { work, segment: () => current };
}

async function stopped(space: JobSpace, job: Job, segment: JobSegment, error: unknown): Promise<WorkedSegment> {
  const { items, output, now, onProblem, pause = 1_000 } = space;
  if (error instanceof StopWork && error.why === 'ending') {
    await items.save(job.id, { ...segment, until: 0 });
    return 'left';
  }
  if (error instanceof StopWork) {
    // Who removed the job may have removed its files before this worker closed its last one.
    if ((await items.read(job.id)) === undefined) await output.remove(job.id);
    return 'taken';
  }
  const failures = segment.failures + 1;
  onProblem(error, `segment ${String(segment.segment)} of the ${job.kind} ${job.id} failed`);
  if (failures < mostFailures && isTransient(error)) {
    await items.save(job.id, { ...segment, failures, until: now() + pause * 2 ** failures });
    return 'failed';
  }
  const failure =
    error instanceof OperationOutcomeError ? error.message : 'Something went wrong on the server, not with the request';
  await items.end({ ...job, state: 'failed', failure, ended: now(), expires: now() + keptFor(space) });
  return 'failed';
}

/** Whether the same may succeed later: an engine does not answer, or others got in the way. */
const isTransient = (error: unknown): boolean =>
  error instanceof OperationOutcomeError && (error.status >= 500 || error.status === 409);

/** Ends a job whose segments are all done; one that is ended already stays as it is. */
async function endIfDone(space: JobSpace, job: Job): Promise<void> {
  const { items, now } = space;
  const segments = await items.segments(job.id);
  if (segments.length < job.segments || !segments.every(({ done }) => done)) return;
  await items.end({ ...job, state: 'complete', ended: now(), expires: now() + keptFor(space) });
}
