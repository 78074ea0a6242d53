import { forbidden, notFound, OperationOutcomeError } from '../../fhir/outcome.js';
import { accessOrNone, authorize } from '../access.js';
import { clip } from '../resource-type.js';
import type { Caller, FhirServer } from '../server.js';
import { accessText, everything } from './export-access.js';
import type { ExportInput } from './export-input.js';
import type { ImportInput } from './import-input.js';
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

/** A job that the caller began. */
export interface OwnJob extends JobProgress {
  /** What it is asked to do. */
  readonly input: unknown;
}

/**
 * A job that the caller began; what others began is as if it were not there.
 * @throws OperationOutcomeError 404; 403 when an export holds, or an import brought, what is not, or not in the same way, open to them any more.
 */
export async function ownJob(server: FhirServer, caller: Caller, id: string): Promise<OwnJob> {
  const jobs = requireJobs(server, caller);
  const found = await jobs.read(id);
  // What makes the index anew is that of who runs the server, whoever they are: it names at most what cannot be read.
  const isIts =
    found !== undefined && (isOwn(caller, found) || (found.job.kind === 'reindex' && isOperator(server, caller)));
  const input = isIts ? await jobs.input(id) : undefined;
  if (found === undefined || input === undefined) throw notFound(`The job ${clip(id)}`);
  requireOpenJob(server, caller, { ...found, input });
  return { ...found, input };
}

/** Whether what an own job is about is open to the caller's token as well, which may be another one than began it. */
export async function isOpenJob(server: FhirServer, caller: Caller, found: JobProgress): Promise<boolean> {
  const input = await server.jobs?.input(found.job.id);
  if (input === undefined) return false; // it is being removed
  try {
    requireOpenJob(server, caller, { ...found, input });
    return true;
  } catch (error) {
    if (error instanceof OperationOutcomeError && error.status === 403) return false;
    throw error;
  }
}

function requireOpenJob(server: FhirServer, caller: Caller, { job, input }: OwnJob): void {
  if (job.kind === 'export') requireSameAccess(server, caller, input as ExportInput);
  if (job.kind === 'import') requireSameWrites(server, caller, input as ImportInput);
}

/** What an import tells of lines that are wrong holds parts of them: it is for who may write as who began it might. */
function requireSameWrites(server: FhirServer, caller: Caller, input: ImportInput): void {
  const open = (to: Caller, type: string): string | undefined =>
    accessOrNone(server, to, 'update', type) && accessText(server, to, type, 'update');
  for (const type of new Set(input.files.map((file) => file.type))) {
    const now = open(caller, type);
    const isSame = now === open({ ...caller, principal: input.principal }, type);
    if (now !== undefined && (isSame || now === everything)) continue;
    throw forbidden(`The import is of ${type}, which you may not write in the same way any more`);
  }
}

/**
 * What was exported is what was open when it was: it may be had as long as that is so.
 * https://hl7.org/fhir/uv/bulkdata/STU2/export.html#privacy-and-security-considerations
 */
function requireSameAccess(server: FhirServer, caller: Caller, input: ExportInput): void {
  for (const [type, before] of Object.entries(input.access)) {
    if (accessOrNone(server, caller, 'search', type) !== undefined) {
      const now = accessText(server, caller, type);
      if (now === before || now === everything) continue;
    }
    throw forbidden(`The export holds ${type}, which is not open to you in the same way any more`);
  }
}
