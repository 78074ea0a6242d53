import type { Tenant } from '../fhir/tenant.js';
import { jobOfPartition, jobsPartition, tenantOf } from './keys.js';
import { type Job, jobOf } from './job.js';
import type { ItemChange } from './table.js';

/** That something of a job changed: its state, or how far it is. */
export interface JobChange {
  /** Whose it is. */
  readonly tenant: Tenant;
  readonly id: string;
  /** The job as it was, when it was removed: it was cancelled, or is over since a day. */
  readonly removed?: Job;
}

/**
 * The job that a change of the feed is about. Feeds tell of what any process does: of jobs that functions work on as well.
 * @returns undefined for all else, what is no news of a job among it.
 */
export function jobChange({ key, before, after }: ItemChange): JobChange | undefined {
  const tenant = tenantOf(key.pk);
  if (key.pk === jobsPartition(tenant)) {
    if (after !== undefined) return { tenant, id: key.sk };
    return before === undefined ? undefined : { tenant, id: key.sk, removed: jobOf(before) };
  }
  const id = jobOfPartition(key.pk);
  // A segment says how far the job is. That one is removed is no news: the job was before it.
  return id === undefined || after === undefined || !key.sk.startsWith('segment-') ? undefined : { tenant, id };
}
