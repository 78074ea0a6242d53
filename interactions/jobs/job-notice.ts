import type { Tenant } from '../../fhir/tenant.js';
import type { Job } from '../../persistence/job.js';
import type { JobChange } from '../../persistence/job-change.js';
import type { Jobs } from './jobs.js';
import { percentOf } from './percent.js';

/** How a job is, as who began it may be told: never what it was asked to do. */
export interface JobNotice {
  readonly tenant: Tenant;
  readonly id: string;
  readonly kind: Job['kind'];
  /** `removed`: it was cancelled, or is over since a day. */
  readonly state: Job['state'] | 'removed';
  /** From 0 to 100, 100 when it is complete. */
  readonly percent: number;
  /** Whose it is: the `sub` and the client of the token that began it. Others are told nothing, but who runs the server. */
  readonly subject: string;
  readonly client: string;
}

/** What is needed to tell of the jobs of a tenant. */
export interface JobTold {
  readonly read: Jobs['read'];
  /** Tells subscribers. */
  readonly publish: (notice: JobNotice) => Promise<void>;
}

/**
 * Tells how a job is of which a feed said that it changed (`jobChange`). It is read as it is now: told late it is never as it
 * was before, what is told twice does no harm, and one that is gone is told of by the feed as well.
 *
 * Several processes may tell of one job at the same time, by shards of a stream. So each looks again when it has told: what
 * is told last is how the job is, whoever tells it.
 */
export async function tellOfJob({ read, publish }: JobTold, change: JobChange): Promise<void> {
  let notice = await jobNotice(read, change);
  while (notice !== undefined) {
    await publish(notice);
    if (notice.state === 'removed') return;
    const now = await jobNotice(read, { tenant: change.tenant, id: change.id });
    if (now?.state === notice.state) return;
    notice = now ?? { ...notice, state: 'removed' };
  }
}

async function jobNotice(read: Jobs['read'], { tenant, id, removed }: JobChange): Promise<JobNotice | undefined> {
  const found = removed === undefined ? await read(id) : { job: removed, segments: [] };
  if (found === undefined) return undefined;
  const { kind, state, subject, client } = found.job;
  const percent = percentOf(found);
  return { tenant, id, kind, state: removed === undefined ? state : 'removed', percent, subject, client };
}
