import type { Tenant } from '../fhir/tenant.js';
import { leftOf, removeExpired } from './run-jobs.js';
import { type JobSpace, workSegment } from './work-segment.js';

/** A segment of a job, for one who does nothing else. */
export interface SegmentOfJob {
  readonly job: string;
  readonly segment: number;
}

/** What follows a call that worked on a segment. */
export interface NextOfSegment extends SegmentOfJob {
  /** `again`: it is called once more, after so many seconds. */
  readonly next: 'again' | 'done';
  readonly wait: number;
}

/** Who works on jobs outside of this process: an execution of a state machine for each. */
export interface JobExecutions {
  /** The ids of the jobs that are worked on. */
  underWay(): Promise<ReadonlySet<string>>;
  /** Has a job worked on; one that is already, is as it was. */
  start(job: string, tenant: Tenant): Promise<void>;
}

/** The longest wait until a segment is looked at again, in seconds: after a minute its owner was killed. */
const longestWait = 60;
/** A job that was begun so long ago, in milliseconds, is worked on, or who began it was killed. */
const soonWorkedOn = 60_000;

/** The segments of a job that somebody is to work on, or to look at so that it ends. */
export async function segmentsOf({ items }: JobSpace, id: string): Promise<readonly number[]> {
  const job = await items.read(id);
  if (job?.state !== 'running') return [];
  return leftOf(await items.segments(id)).map(({ segment }) => segment);
}

/**
 * Works on a segment for as long as this call may.
 * @param isOver whether its time is over.
 * @returns whether somebody has to go on with it, and when.
 */
export async function segmentStep(
  space: JobSpace,
  { job, segment }: SegmentOfJob,
  isOver: () => boolean,
): Promise<NextOfSegment> {
  const worked = await workSegment(space, job, segment, isOver);
  // What another program is to do, one of that will be asked for.
  if (worked === 'done' || worked === 'foreign') return { job, segment, next: 'done', wait: 0 };
  const until = (await space.items.segments(job)).find((each) => each.segment === segment)?.until ?? 0;
  const wait = Math.min(longestWait, Math.max(0, Math.ceil((until - space.now()) / 1000)));
  return { job, segment, next: 'again', wait: worked === 'left' ? wait : Math.max(1, wait) };
}

/** Removes a tenant's jobs whose time is over, and has those worked on that nobody works on. */
export async function sweepJobs(space: JobSpace, tenant: Tenant, executions: JobExecutions): Promise<void> {
  await removeExpired(space);
  const old = (await space.items.list()).filter(
    ({ state, created }) => state === 'running' && created <= space.now() - soonWorkedOn,
  );
  if (old.length === 0) return;
  const underWay = await executions.underWay();
  for (const { id } of old) if (!underWay.has(id)) await executions.start(id, tenant);
}
