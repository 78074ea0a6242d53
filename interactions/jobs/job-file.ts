import { notFound } from '../../fhir/outcome.js';
import type { JobFile } from '../../persistence/job.js';
import type { OutputContent } from '../../persistence/output-store.js';
import type { AuditTarget } from '../audit-event.js';
import { clip } from '../resource-type.js';
import type { Caller, FhirServer } from '../server.js';
import { ownJob, requireJobs } from './own-job.js';

/**
 * A file of a job that is complete. https://hl7.org/fhir/uv/bulkdata/STU2/export.html#bulk-data-output-file-request
 * @throws OperationOutcomeError 404, or as `ownJob`.
 */
export async function jobFile(
  server: FhirServer,
  caller: Caller,
  id: string,
  name: string,
): Promise<OutputContent & { readonly file: JobFile }> {
  const { job } = await ownJob(server, caller, id);
  const jobs = requireJobs(server, caller);
  const files = job.state === 'complete' ? await jobs.files(id) : [];
  const file = files.find((each) => each.name === name);
  const content = file === undefined ? undefined : await jobs.output.read({ job: id, name });
  if (file === undefined || content === undefined) throw notFound(`The file ${clip(name)} of the job`);
  return { ...content, file };
}

/** What files hold, as the audit trail has it: of each type how many resources, or deletions. */
export const givenBy = (job: string, files: readonly JobFile[]): AuditTarget[] => {
  const counts = new Map<string, number>();
  for (const { kind, type, count } of files) {
    const what = `${kind} ${type}`;
    if (kind !== 'error') counts.set(what, (counts.get(what) ?? 0) + count);
  }
  return [...counts].map(([what, count]) => {
    const [kind = '', type = ''] = what.split(' ');
    return { type, description: `${String(count)} of the job ${job}${kind === 'deleted' ? ', deletions' : ''}` };
  });
};
