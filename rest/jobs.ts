import { stringifyJson } from '../fhir/json.js';
import { failed } from '../fhir/outcome.js';
import { cancelJob } from '../interactions/jobs/cancel-job.js';
import { givenBy, jobFile } from '../interactions/jobs/job-file.js';
import { jobStatus } from '../interactions/jobs/job-status.js';
import { listJobs } from '../interactions/jobs/list-jobs.js';
import type { Caller, FhirServer } from '../interactions/server.js';
import { jsonAnswer, type RestAnswer } from './answer.js';
import { information } from './bundle.js';
import type { NoRoute, Route } from './routes.js';

/** The routes of what goes on after its request was answered. */
export type JobRoute = Extract<Route, { kind: 'jobs' | 'job' | 'job-cancel' | 'job-file' }>;

/** Whether a route is one of jobs. */
export const isOfJobs = (route: Route | NoRoute): route is JobRoute =>
  route.kind === 'jobs' || route.kind === 'job' || route.kind === 'job-cancel' || route.kind === 'job-file';

const json = 'application/json; charset=utf-8';
const ndjson = 'application/fhir+ndjson';

/** The answer to a request that goes on as a job. https://hl7.org/fhir/uv/bulkdata/STU2/export.html#response---success */
export const begunAnswer = (baseUrl: string, id: string): RestAnswer =>
  jsonAnswer(202, stringifyJson(information('It has begun; Content-Location tells how far it is')), {
    'Content-Location': `${baseUrl}/_jobs/${id}`,
  });

/**
 * What jobs there are, how far one is, its files, or that it is cancelled.
 * https://hl7.org/fhir/uv/bulkdata/STU2/export.html#bulk-data-status-request
 * @throws OperationOutcomeError 404 for another's job; 500 for one that failed, which is told again until it expires.
 */
export async function jobAnswer(server: FhirServer, caller: Caller, route: JobRoute): Promise<RestAnswer> {
  switch (route.kind) {
    case 'jobs': {
      const body = JSON.stringify({ jobs: await listJobs(server, caller) });
      return { status: 200, headers: { 'Content-Type': json }, body };
    }
    case 'job-cancel':
      await cancelJob(server, caller, route.id);
      return jsonAnswer(202, stringifyJson(information('It is cancelled, and its files are removed')));
    case 'job-file': {
      const { bytes, stream, file } = await jobFile(server, caller, route.id, route.name);
      const headers = { 'Content-Type': ndjson, 'Content-Length': String(bytes) };
      return { status: 200, headers, stream, given: givenBy(route.id, [file]) };
    }
    case 'job': {
      const status = await jobStatus(server, caller, route.id);
      if (status.kind === 'failed') throw failed(status.failure);
      if (status.kind === 'running') {
        return { status: 202, headers: { 'X-Progress': `${String(status.percent)}%`, 'Retry-After': '1' } };
      }
      const expires = { Expires: new Date(status.expires).toUTCString() };
      const headers = { ...expires, 'Content-Type': json };
      const given = givenBy(route.id, status.files);
      return { status: 200, headers, body: JSON.stringify(status.manifest), given };
    }
  }
}
