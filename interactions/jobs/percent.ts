import type { JobProgress } from './jobs.js';

/** How much of a job is done, as far as anybody knows: never 100 while it runs. */
export function percentOf({ job, segments }: JobProgress): number {
  if (job.state === 'complete') return 100;
  const done = segments.filter((segment) => segment.done).length / Math.max(1, job.segments);
  const seen = segments.reduce((sum, segment) => sum + segment.seen, 0);
  const part = job.total === undefined ? done : Math.max(done, seen / job.total);
  return Math.min(99, Math.floor(part * 100));
}
