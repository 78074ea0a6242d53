import { notFound } from '../../fhir/outcome.js';
import { clip } from '../resource-type.js';
import type { Caller, FhirServer } from '../server.js';
import { isOperator, isOwn, requireJobs } from './own-job.js';

/**
 * Cancels a job, and removes what it has written: one of the caller's, or anyone's by who runs the server.
 * https://hl7.org/fhir/uv/bulkdata/STU2/export.html#bulk-data-delete-request
 * @throws OperationOutcomeError 404.
 */
export async function cancelJob(server: FhirServer, caller: Caller, id: string): Promise<void> {
  const jobs = requireJobs(server, caller);
  const found = await jobs.read(id);
  if (found === undefined || !(isOwn(caller, found) || isOperator(server, caller))) {
    throw notFound(`The job ${clip(id)}`);
  }
  await jobs.cancel(id);
}
