import type { Tenant } from '../../fhir/tenant.js';
import type { Job } from '../../persistence/job.js';
import type { JobChange } from '../../persistence/job-change.js';
import { percentOf } from './job-status.js';
import type { Jobs } from './jobs.js';

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

/**
 * How a job is of which a feed told that it changed (`jobChange`). It is read as it is now: told late it is never as it was
 * before, and what is told twice does no harm.
 * @param jobs its tenant's.
 * @returns undefined when it is gone by now, of which the feed tells as well.
 */
export async function jobNotice(jobs: Jobs, { tenant, id, removed }: JobChange): Promise<JobNotice | undefined> {
  const found = removed === undefined ? await jobs.read(id) : { job: removed, segments: [] };
  if (found === undefined) return undefined;
  const { kind, state, subject, client } = found.job;
  return {
    tenant,
    id,
    kind,
    state: removed === undefined ? state : 'removed',
    percent: percentOf(found),
    subject,
    client,
  };
}
