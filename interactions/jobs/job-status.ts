import type { JobFile } from '../../persistence/job.js';
import type { Caller, FhirServer } from '../server.js';
import type { ExportInput } from './export-input.js';
import type { ImportInput, ImportProgress } from './import-input.js';
import type { JobProgress } from './jobs.js';
import { ownJob, requireJobs } from './own-job.js';
import { percentOf } from './percent.js';
import { reindexedCounts } from './reindex-input.js';

/** What became of a job. */
export type JobStatus =
  | { readonly kind: 'running'; readonly percent: number }
  | { readonly kind: 'failed'; readonly failure: string }
  /** `manifest` is what clients are told, `expires` when the files go, in milliseconds since 1970. */
  | {
      readonly kind: 'complete';
      readonly manifest: object;
      readonly expires: number;
      readonly files: readonly JobFile[];
    };

/** How long a signed URL of a manifest lasts, in seconds: asked again, the status gives new ones. */
const urlsLast = 3600;

/**
 * What became of a job the caller began.
 * https://hl7.org/fhir/uv/bulkdata/STU2/export.html#bulk-data-status-request
 * @throws OperationOutcomeError as `ownJob`.
 */
export async function jobStatus(server: FhirServer, caller: Caller, id: string): Promise<JobStatus> {
  const found = await ownJob(server, caller, id);
  const { job, input } = found;
  if (job.state === 'running') return { kind: 'running', percent: percentOf(found) };
  if (job.state === 'failed') return { kind: 'failed', failure: job.failure ?? 'It failed' };
  const jobs = requireJobs(server, caller);
  const { signedUrl } = jobs.output;
  const isSigned = signedUrl !== undefined;
  const until = Math.min(job.expires ?? Infinity, isSigned ? server.now() + urlsLast * 1000 : Infinity);
  const seconds = Math.max(1, Math.floor((until - server.now()) / 1000));
  const urlOf = async ({ name }: JobFile): Promise<string> =>
    signedUrl === undefined ? `${caller.baseUrl}/_jobs/${id}/${name}` : signedUrl({ job: id, name }, seconds);
  const files = await jobs.files(id);
  const entries = async (kind: JobFile['kind']): Promise<object[]> =>
    Promise.all(
      files
        .filter((file) => file.kind === kind)
        .map(async (file) => ({
          type: file.type,
          ...(file.source === undefined ? {} : { inputUrl: file.source }),
          url: await urlOf(file),
          count: file.count,
        })),
    );
  const common = { request: job.request, requiresAccessToken: !isSigned };
  const made = {
    output: await entries('output'),
    deleted: await entries('deleted'),
    error: await entries('error'),
  };
  if (job.kind === 'reindex') {
    const transactionTime = new Date(job.ended ?? job.created).toISOString();
    const manifest = { transactionTime, ...common, ...reindexedCounts(found.segments), error: made.error };
    return { kind: 'complete', expires: until, manifest, files };
  }
  const manifest =
    job.kind === 'import'
      ? {
          transactionTime: new Date(job.ended ?? job.created).toISOString(),
          ...common,
          output: importedFiles(found, input as ImportInput),
          error: made.error,
        }
      : { transactionTime: (input as ExportInput).cut, ...common, ...made };
  return { kind: 'complete', expires: until, manifest, files };
}

/** Of each file how many of its resources are stored. */
const importedFiles = ({ segments }: JobProgress, { files }: ImportInput): object[] =>
  files.map(({ url }, at) => ({
    type: 'OperationOutcome',
    inputUrl: url,
    count: (segments.find(({ segment }) => segment === at)?.progress as ImportProgress).count ?? 0,
  }));
