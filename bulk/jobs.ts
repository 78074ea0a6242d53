import { randomUUID } from 'node:crypto';
import { tooManyRequests } from '../fhir/outcome.js';
import type { JobProgress, Jobs } from '../interactions/jobs/jobs.js';
import type { Job } from '../persistence/job.js';
import { removeExpired } from './run-jobs.js';
import type { JobSpace } from './work-segment.js';

/** What jobs may be told. */
export interface JobsOptions {
  /** In how many parts the table is read; 1 without it. */
  readonly segments?: number;
  /** How many jobs one caller may have under way; 2 without it. */
  readonly mostOfCaller?: number;
  /** How many there may be under way in all; 16 without it. */
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

  const isThere = ({ expires = Infinity }: Job): boolean => expires > now();
  const progressOf = async (job: Job): Promise<JobProgress> => ({ job, segments: await items.segments(job.id) });

  return {
    output,
    ...(options.imports === undefined ? {} : { imports: options.imports }),
    async begin({ kind, principal, request, input, segments = parts }) {
      const running = (await items.list()).filter(({ state }) => state === 'running');
      const own = running.filter(({ subject, client }) => isOf(principal, { subject, client }));
      if (own.length >= mostOfCaller || running.length >= mostOfAll) {
        const whose =
          own.length >= mostOfCaller ? `You have ${String(own.length)}` : `There are ${String(running.length)}`;
        throw tooManyRequests(
          `${whose} jobs under way, the most this server does at a time: wait for one, or cancel it`,
        );
      }
      const total = kind === 'export' ? await options.countItems?.() : undefined;
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
      );
      await options.onBegun(id);
      return id;
    },
    async read(id) {
      const job = isJobId(id) ? await items.read(id) : undefined;
      return job === undefined || !isThere(job) ? undefined : progressOf(job);
    },
    list: async () => Promise.all((await items.list()).filter(isThere).map(progressOf)),
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

/** Whether a text may be an id that `begin` gave: any other is none of a job, and may be no key of the table. */
const isJobId = (id: string): boolean => /^[0-9a-f-]{36}$/.test(id);

const isOf = (
  principal: { readonly subject: string; readonly clientId: string },
  job: Pick<Job, 'subject' | 'client'>,
): boolean => principal.subject === job.subject && principal.clientId === job.client;
