import type { ImportProgress } from './import-input.js';
import type { JobProgress } from './jobs.js';

/** How much of a job is done, as far as anybody knows: never 100 while it runs. */
export function percentOf(progress: JobProgress): number {
  const { job } = progress;
  if (job.state === 'complete') return 100;
  const part = job.kind === 'import' ? importedPart(progress) : scannedPart(progress);
  return Math.min(99, Math.floor(part * 100));
}

/** Of a job that reads the table: how many of its items, or of its segments where nobody knows how many there are. */
function scannedPart({ job, segments }: JobProgress): number {
  const done = segments.filter((segment) => segment.done).length / Math.max(1, job.segments);
  const seen = segments.reduce((sum, segment) => sum + segment.seen, 0);
  return job.total === undefined ? done : Math.max(done, seen / job.total);
}

/** Of an import: how many of the bytes of all files. One whose size nobody tells counts as much as the others on average. */
function importedPart({ segments }: JobProgress): number {
  const progressOf = ({ progress }: (typeof segments)[number]): ImportProgress => progress as ImportProgress;
  const first = segments.find(({ segment }) => segment === 0);
  const sizes = (first && progressOf(first).sizes) ?? [];
  const known = sizes.filter((size) => size !== null);
  const average = known.length === 0 ? 1 : known.reduce((sum, size) => sum + size, 0) / known.length;
  let all = 0;
  let done = 0;
  for (const each of segments) {
    const size = sizes[each.segment] ?? undefined;
    const weight = Math.max(1, size ?? average);
    all += weight;
    if (each.done) done += weight;
    else if (size !== undefined) done += Math.min(weight, progressOf(each).bytes ?? 0);
  }
  return done / Math.max(1, all);
}
