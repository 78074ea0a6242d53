import type { Caller, FhirServer } from '../server.js';
import { isOpenJob, isOperator, isOwn, requireJobs } from './own-job.js';
import { percentOf } from './percent.js';

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
  /** The URL that began it, which may name patients: of the caller's own jobs, those open to the token at hand. */
  readonly request?: string;
  readonly failure?: string;
}

/** The jobs the caller began, latest first; to who runs the server, those of everyone. */
export async function listJobs(server: FhirServer, caller: Caller): Promise<readonly ListedJob[]> {
  const all = await requireJobs(server, caller).list();
  const seesAll = isOperator(server, caller);
  const seen = all.filter((each) => seesAll || isOwn(caller, each)).sort((a, b) => b.job.created - a.job.created);
  return Promise.all(
    seen.map(async (each) => {
      const isWhole = isOwn(caller, each) && (await isOpenJob(server, caller, each));
      const { id, kind, state, created, ended, expires, request, failure } = each.job;
      return {
        id,
        kind,
        state,
        percent: percentOf(each),
        created: instant(created),
        ...(ended === undefined ? {} : { ended: instant(ended) }),
        ...(expires === undefined ? {} : { expires: instant(expires) }),
        ...(isWhole ? { request, ...(failure === undefined ? {} : { failure }) } : {}),
      };
    }),
  );
}

const instant = (milliseconds: number): string => new Date(milliseconds).toISOString();
