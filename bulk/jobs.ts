import { randomUUID } from 'node:crypto';
import { conflict, tooManyRequests } from '../fhir/outcome.js';
import type { JobProgress, Jobs } from '../interactions/jobs/jobs.js';
import { isExpired, readJob } from '../interactions/jobs/read-job.js';
import type { Job } from '../persistence/job.js';
import { removeExpired } from './run-jobs.js';
import type { JobSpace } from './work-segment.js';

/** What jobs may be told. */
export interface JobsOptions {
  /** In how many parts the table is read; 1 without it. */
  readonly segments?: number;
  /** How many jobs one caller may have under way; 2 without it. */
  readonly mostOfCaller?: number;
  /** How many there may be under way in all; 16 without it. The last quarter is for callers who have none. */
  readonly mostOfAll?: number;
  /** About how many items the table has; nobody knows without it. */
  readonly countItems?: () => Promise<number | undefined>;
  /** Whether a URL is one that may be imported from; nothing may without it. */
  readonly imports?: (url: string) => boolean;
  /** Is told that a job is there to be done. */
  readonly onBegun: (id: string) => void | Promise<void>;
}

/** The jobs of a server, done by whoever works on the same space: this process, or functions that are told of them. */
export function createJobs(space: JobSpace, options: JobsOptions): Jobs {
  const { items, output, now } = space;
  const { segments: parts = 1, mostOfCaller = 2, mostOfAll = 16 } = options;

  const progressOf = async (job: Job): Promise<JobProgress> => ({ job, segments: await items.segments(job.id) });

  return {
    output,
    ...(options.imports === undefined ? {} : { imports: options.imports }),
    async begin({ kind, principal, request, input, segments = parts }) {
      const total = kind === 'import' ? undefined : await options.countItems?.();
      const id = randomUUID();
      const job: Job = {
        id,
        kind,
        state: 'running',
        subject: principal.subject,
        client: principal.clientId,
        request,
        segments,
        created: now(),
        ...(total === undefined || total === 0 ? {} : { total }),
      };
      await items.begin(
        job,
        input,
        Array.from({ length: segments }, () => ({})),
        (running) => {
          admit(job, running, { mostOfCaller, mostOfAll });
        },
      );
      await options.onBegun(id);
      return id;
    },
    read: (id) => readJob(items, id, now()),
    list: async () => Promise.all((await items.list()).filter((job) => !isExpired(job, now())).map(progressOf)),
    input: (id) => items.input(id),
    files: (id) => items.files(id),
    async cancel(id) {
      const job = await items.read(id);
      if (job === undefined) return;
      // It expires first: when this process is killed here, another one removes what is left.
      const over: Job = { ...job, state: 'failed', failure: 'It was cancelled', ended: now(), expires: 0 };
      await items.close(over);
      await removeExpired(space);
    },
  };
}

/**
 * Lets a job begin, or says why it may not. One index is made at a time, whatever else goes on; of other jobs each caller
 * has some, and those who have one already leave the last places to others.
 * @throws OperationOutcomeError 409 or 429.
 */
function admit(
  job: Job,
  running: readonly Job[],
  { mostOfCaller, mostOfAll }: Required<Pick<JobsOptions, 'mostOfCaller' | 'mostOfAll'>>,
): void {
  if (isReindex(job)) {
    admitReindex(running);
    return;
  }
  const counted = running.filter((each) => !isReindex(each));
  const own = counted.filter(({ subject, client }) => subject === job.subject && client === job.client).length;
  const most = own === 0 ? mostOfAll : Math.ceil((mostOfAll * 3) / 4);
  if (own < mostOfCaller && counted.length < most) return;
  const whose = own >= mostOfCaller ? `You have ${String(own)}` : `There are ${String(counted.length)}`;
  throw tooManyRequests(`${whose} jobs under way, the most this server does at a time: wait for one, or cancel it`);
}

const isReindex = ({ kind }: Job): boolean => kind === 'reindex';

/**
 * One index is made at a time.
 * @throws OperationOutcomeError 409.
 */
export function admitReindex(running: readonly Job[]): void {
  const other = running.find(isReindex);
  if (other === undefined) return;
  throw conflict(`The search index is being made anew already, by the job ${other.id}: wait for it, or cancel it`);
}
