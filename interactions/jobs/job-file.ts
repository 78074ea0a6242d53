import { notFound } from '../../fhir/outcome.js';
import type { OutputContent } from '../../persistence/output-store.js';
import { clip } from '../resource-type.js';
import type { Caller, FhirServer } from '../server.js';
import { ownJob, requireJobs } from './own-job.js';

/**
 * A file of a job that is complete. https://hl7.org/fhir/uv/bulkdata/STU2/export.html#bulk-data-output-file-request
 * @throws OperationOutcomeError 404, or as `ownJob`.
 */
export async function jobFile(server: FhirServer, caller: Caller, id: string, name: string): Promise<OutputContent> {
  const { job } = await ownJob(server, caller, id);
  const jobs = requireJobs(server, caller);
  const isListed = job.state === 'complete' && (await jobs.files(id)).some((file) => file.name === name);
  const content = isListed ? await jobs.output.read({ job: id, name }) : undefined;
  if (content === undefined) throw notFound(`The file ${clip(name)} of the job`);
  return content;
}
