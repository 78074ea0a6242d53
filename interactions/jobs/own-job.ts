import { forbidden, notFound, OperationOutcomeError } from '../../fhir/outcome.js';
import { accessOrNone, authorize } from '../access.js';
import { clip } from '../resource-type.js';
import type { Caller, FhirServer } from '../server.js';
import { accessText, everything } from './export-access.js';
import type { ExportInput } from './export-input.js';
import type { JobProgress, Jobs } from './jobs.js';

/**
 * The jobs of a server that has them.
 * @throws OperationOutcomeError 404 where there are none; 403 to whom nothing here is open.
 */
export function requireJobs(server: FhirServer, caller: Caller): Jobs {
  if (server.jobs === undefined) throw notFound('Jobs, which this server does not do: _jobs');
  authorize(server, caller, 'capabilities');
  return server.jobs;
}

/** Whether a caller began a job: the same person, or application, by the same client. */
export const isOwn = ({ principal }: Caller, { job }: JobProgress): boolean =>
  job.subject === principal.subject && job.client === principal.clientId;

/** Whether a caller runs the server: then they see the jobs of others, but not what those wrote. */
export const isOperator = (server: FhirServer, caller: Caller): boolean => {
  try {
    server.authorizer.authorize(caller.principal, 'reindex');
    return true;
  } catch {
    return false;
  }
};

/**
 * A job that the caller began; what others began is as if it were not there.
 * @throws OperationOutcomeError 404; 403 when an export holds what is not, or not in the same way, open to them any more.
 */
export async function ownJob(server: FhirServer, caller: Caller, id: string): Promise<JobProgress> {
  const jobs = requireJobs(server, caller);
  const found = await jobs.read(id);
  if (found === undefined || !isOwn(caller, found)) throw notFound(`The job ${clip(id)}`);
  if (found.job.kind === 'export') requireSameAccess(server, caller, (await jobs.input(id)) as ExportInput | undefined);
  return found;
}

/** Whether what an own job is about is open to the caller's token as well, which may be another one than began it. */
export async function isOpenJob(server: FhirServer, caller: Caller, { job }: JobProgress): Promise<boolean> {
  if (job.kind !== 'export') return true;
  try {
    requireSameAccess(server, caller, (await server.jobs?.input(job.id)) as ExportInput | undefined);
    return true;
  } catch (error) {
    if (error instanceof OperationOutcomeError && error.status === 403) return false;
    throw error;
  }
}

/**
 * What was exported is what was open when it was: it may be had as long as that is so.
 * https://hl7.org/fhir/uv/bulkdata/STU2/export.html#privacy-and-security-considerations
 */
function requireSameAccess(server: FhirServer, caller: Caller, input: ExportInput | undefined): void {
  for (const [type, before] of Object.entries(input?.access ?? {})) {
    if (accessOrNone(server, caller, 'search', type) !== undefined) {
      const now = accessText(server, caller, type);
      if (now === before || now === everything) continue;
    }
    throw forbidden(`The export holds ${type}, which is not open to you in the same way any more`);
  }
}
