import type { Caller, FhirServer } from '../server.js';
import { percentOf } from './job-status.js';
import { isOperator, isOwn, requireJobs } from './own-job.js';

/** A job as a list tells of it. */
export interface ListedJob {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  /** How much is done. */
  readonly percent: number;
  /** Instants. */
  readonly created: string;
  readonly ended?: string;
  readonly expires?: string;
  /** The URL that began it; of the caller's own jobs, since it may name patients. */
  readonly request?: string;
  readonly failure?: string;
}

/** The jobs the caller began, latest first; to who runs the server, those of everyone. */
export async function listJobs(server: FhirServer, caller: Caller): Promise<readonly ListedJob[]> {
  const all = await requireJobs(server).list();
  const seesAll = isOperator(server, caller);
  return all
    .filter((each) => seesAll || isOwn(caller, each))
    .sort((a, b) => b.job.created - a.job.created)
    .map((each) => {
      const { id, kind, state, created, ended, expires, request, failure } = each.job;
      return {
        id,
        kind,
        state,
        percent: percentOf(each),
        created: instant(created),
        ...(ended === undefined ? {} : { ended: instant(ended) }),
        ...(expires === undefined ? {} : { expires: instant(expires) }),
        ...(isOwn(caller, each) ? { request, ...(failure === undefined ? {} : { failure }) } : {}),
      };
    });
}

const instant = (milliseconds: number): string => new Date(milliseconds).toISOString();
