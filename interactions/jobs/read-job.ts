import type { Job, JobItems } from '../../persistence/job.js';
import type { JobProgress } from './jobs.js';

/** Whether a text may be an id that a job was given: any other is none of a job, and may be no key of the table. */
const isJobId = (id: string): boolean => /^[0-9a-f-]{36}$/.test(id);

/** Whether the time of a job is over: it is as good as gone. @param now in milliseconds since 1970. */
export const isExpired = ({ expires = Infinity }: Pick<Job, 'expires'>, now: number): boolean => expires <= now;

/**
 * A job and how far it is.
 * @param now in milliseconds since 1970.
 * @returns undefined when there is none, or it has expired.
 */
export async function readJob(
  items: Pick<JobItems, 'read' | 'segments'>,
  id: string,
  now: number,
): Promise<JobProgress | undefined> {
  const job = isJobId(id) ? await items.read(id) : undefined;
  return job === undefined || isExpired(job, now) ? undefined : { job, segments: await items.segments(id) };
}
