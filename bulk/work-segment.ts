import { randomUUID } from 'node:crypto';
import { OperationOutcomeError } from '../fhir/outcome.js';
import type { Job, JobItems, JobKind, JobSegment } from '../persistence/job.js';
import type { OutputStore } from '../persistence/output-store.js';
import { isTransient, type KindOfJob, type SegmentWork, StopWork } from './kind-of-job.js';

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
  /**
   * The workers of this process, where no other process does jobs of the same table: what anybody else holds was left by
   * a process that was killed, and waits for nothing. Untold: what failed so that not even that could be written.
   */
  readonly alone?: Map<string, 'working' | 'untold'>;
}

const minute = 60_000;
const day = 24 * 60 * minute;
/** So often in a row a segment may fail. */
const mostFailures = 6;
/**
 * So often in a row the process may end in the middle of the same step: then what it does there is what ends it. Not the
 * first times: a machine is restarted, or another job ended the process.
 */
const mostStarts = 5;
/** So much is looked at before it is told. */
const toldEvery = 2_000;

/**
 * What became of a segment: done, or nobody wants it any more; left for another worker; somebody else has it; tried again
 * later, unless the job failed; nothing for this program.
 */
export type WorkedSegment = 'done' | 'left' | 'taken' | 'failed' | 'foreign';

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
  const input = await items.input(id);
  if (job?.state !== 'running' || before === undefined || input === undefined) return 'done';
  const kind = space.kinds[job.kind];
  if (kind?.takes?.(input) === false) return 'foreign';
  if (before.done) return endIfDone(space, job, input);
  if (isHeld(space, before)) return 'taken';
  if (before.starts >= mostStarts) return givenUp(space, { job, input, segment: before });
  const starts = before.starts + (space.alone?.get(before.owner) === 'untold' ? 0 : 1); // that did not end the process
  const mine = { ...before, starts, owner: newOwner(space), until: now() + lease };
  if (!(await items.claim(id, before, mine))) return 'taken';
  const holder = holdSegment(space, job, mine, isOver);
  try {
    if (kind === undefined) throw new Error(`This server does no jobs of kind ${job.kind}`);
    await kind.work({ ...holder.work, input });
    if (!holder.segment().done) {
      await items.save(id, { ...holder.segment(), starts: 0, until: 0 });
      return 'left';
    }
    return await endIfDone(space, job, input);
  } catch (error) {
    try {
      return await stopped(space, { job, input, segment: holder.segment() }, error);
    } catch (untold) {
      space.alone?.set(mine.owner, 'untold'); // nobody works on it any more, and nothing else says so
      throw untold;
    }
  }
}

/** Whether somebody works on a segment, or it waits to be tried again. */
export const isHeld = ({ now, alone }: Pick<JobSpace, 'now' | 'alone'>, { until, owner }: JobSegment): boolean =>
  until > now() && (alone === undefined || alone.get(owner) === 'working');

function newOwner({ alone }: JobSpace): string {
  const owner = randomUUID();
  alone?.set(owner, 'working');
  return owner;
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
      // It goes on with the next step.
      return keep({ ...next, starts: done ? 0 : 1, until: done ? 0 : now() + lease }, files);
    },
  };
  return { work, segment: () => current };
}

/** A segment that was worked on, its job, and what that is asked to do. */
interface WorkedOn {
  readonly job: Job;
  readonly input: unknown;
  readonly segment: JobSegment;
}

async function stopped(space: JobSpace, { job, input, segment }: WorkedOn, error: unknown): Promise<WorkedSegment> {
  const { items, now, onProblem, pause = 1_000 } = space;
  if (error instanceof StopWork && error.why === 'ending') {
    await items.save(job.id, { ...segment, starts: 0, until: 0 });
    return 'left';
  }
  const current = await items.read(job.id).catch((unread: unknown) => {
    if (error instanceof StopWork) throw unread;
    return job; // what gives nothing for now may take what became of the segment: else it counts as a process that ended
  });
  if (error instanceof StopWork || current?.state !== 'running') {
    // Who ended the job may have done so before this worker made its last file, or index.
    if (current?.state !== 'running' && current?.state !== 'complete') await removeMade(space, job, input);
    return 'taken';
  }
  // A full disk is nobody's failure: it is waited for, however long it takes.
  const isWaiting = error instanceof OperationOutcomeError && error.status === 507;
  const failures = segment.failures + (isWaiting ? 0 : 1);
  onProblem(error, `segment ${String(segment.segment)} of the ${job.kind} ${job.id} failed`);
  if (isWaiting || (failures < mostFailures && isTransient(error))) {
    await items.save(job.id, {
      ...segment,
      failures,
      starts: 0,
      until: now() + pause * 2 ** (isWaiting ? mostFailures : failures),
    });
    return 'failed';
  }
  const failure =
    error instanceof OperationOutcomeError ? error.message : 'Something went wrong on the server, not with the request';
  return fail(space, { job, input }, failure);
}

async function fail(space: JobSpace, { job, input }: Omit<WorkedOn, 'segment'>, failure: string): Promise<'failed'> {
  const { items, now } = space;
  const over: Job = { ...job, state: 'failed', failure, ended: now(), expires: now() + keptFor(space) };
  if (await items.end(over)) await space.kinds[job.kind]?.abandon?.(input);
  return 'failed';
}

/** Ends a job that ended the process again and again: it would at the next start as well. */
function givenUp(space: JobSpace, { job, input, segment: { segment } }: WorkedOn): Promise<'failed'> {
  const times = `${String(mostStarts)} times the process ended in the middle of the same step of it`;
  space.onProblem(new Error(times), `the ${job.kind} ${job.id} is given up at its segment ${String(segment)}`);
  return fail(space, { job, input }, `${times}, so it is not tried again`);
}

/**
 * Removes what a job has made, files among it, unless it is complete.
 * @param input what it was asked to do; undefined when nobody knows any more.
 */
export async function removeMade({ kinds, output }: JobSpace, { id, kind }: Job, input: unknown): Promise<void> {
  await output.remove(id);
  if (input !== undefined) await kinds[kind]?.abandon?.(input);
}

/** Ends a job whose segments are all done; one that is ended already stays as it is. */
async function endIfDone(space: JobSpace, job: Job, input: unknown): Promise<WorkedSegment> {
  const { items, now, lease = minute } = space;
  const segments = await items.segments(job.id);
  const [first] = segments;
  if (first === undefined || segments.length < job.segments || !segments.every(({ done }) => done)) return 'done';
  const { finish } = space.kinds[job.kind] ?? {};
  if (finish !== undefined) {
    if (isHeld(space, first)) return 'taken';
    if (first.starts >= mostStarts) return givenUp(space, { job, input, segment: first });
    const mine = { ...first, starts: first.starts + 1, owner: newOwner(space), until: now() + lease };
    if (!(await items.claim(job.id, first, mine))) return 'taken';
    try {
      await finish(input, segments);
    } catch (error) {
      return stopped(space, { job, input, segment: mine }, error);
    }
  }
  await items.end({ ...job, state: 'complete', ended: now(), expires: now() + keptFor(space) });
  return 'done';
}
