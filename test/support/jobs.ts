import type { FhirVersion } from '../../fhir/version.js';
import { jobStatus } from '../../interactions/jobs/job-status.js';
import { operate } from '../../interactions/operations/operate.js';
import { reindex } from '../../interactions/operations/reindex.js';
import type { Caller, FhirServer } from '../../interactions/server.js';
import type { TestRequest, TestResponse, TestServer } from './server.js';

/** What the status of an export says when it is complete. */
export interface Manifest {
  readonly transactionTime: string;
  readonly request: string;
  readonly requiresAccessToken: boolean;
  readonly output: readonly ManifestFile[];
  readonly deleted: readonly ManifestFile[];
  readonly error: readonly ManifestFile[];
}

/** A file of a manifest. */
export interface ManifestFile {
  readonly type: string;
  readonly url: string;
  readonly count: number;
}

/** Any line of a file. */
export interface Line {
  readonly resourceType: string;
  readonly id: string;
  readonly [member: string]: unknown;
}

/** A job that a test began, and who it is. */
export interface BegunJob {
  readonly server: TestServer;
  readonly as: string;
  readonly url: string;
}

/** Begins a job. */
export async function kickOff(
  server: TestServer,
  version: FhirVersion,
  path: string,
  { as = 'practitioner', headers, ...request }: TestRequest & { method?: string } = {},
): Promise<BegunJob & { readonly answer: TestResponse }> {
  const method = request.method ?? (request.body === undefined ? 'GET' : 'POST');
  const sent = { as, headers: { prefer: 'respond-async', ...headers }, ...request };
  const answer = await server.send(method, `/${version}/${path}`, sent);
  return { server, as: as ?? '', url: answer.headers['content-location'] ?? '', answer };
}

/** Asks how far a job is until it has ended. */
export async function ended({ server, as, url }: BegunJob): Promise<TestResponse> {
  for (;;) {
    const status = await server.send('GET', url, { as });
    if (status.status !== 202) return status;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The manifest of a job when it is complete. */
export async function manifestOf(job: BegunJob): Promise<Manifest> {
  const { status, text } = await ended(job);
  if (status !== 200) throw new Error(`The job ended with ${String(status)}: ${text}`);
  return JSON.parse(text) as Manifest;
}

/** Makes the search index of a server anew, and says of how much. */
export async function reindexed(server: FhirServer, caller: Caller): Promise<object> {
  const kickOff = { request: '$reindex', handling: 'strict' } as const;
  const call = { operation: reindex, target: { level: 'system' }, input: new Map(), kickOff } as const;
  const answer = await operate(server, caller, call);
  if (answer.kind !== 'job') throw new Error('$reindex began no job');
  for (;;) {
    const status = await jobStatus(server, caller, answer.id);
    if (status.kind === 'complete') return status.manifest;
    if (status.kind === 'failed') throw new Error(status.failure);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A file, from the server itself or, by a signed URL and without a token, from where it is. */
export async function fileOf(
  { server, as }: Pick<BegunJob, 'server' | 'as'>,
  url: string,
): Promise<{ readonly status: number; readonly text: string }> {
  if (url.startsWith(new URL(server.base('r4')).origin)) return server.send('GET', url, { as });
  const answer = await fetch(url);
  return { status: answer.status, text: await answer.text() };
}

/** The lines of some files, in their order. */
export async function linesOf({ server, as }: BegunJob, files: readonly ManifestFile[]): Promise<Line[]> {
  const lines: Line[] = [];
  for (const { url, count } of files) {
    const { status, text } = await fileOf({ server, as }, url);
    if (status !== 200) throw new Error(`${url} gave ${String(status)}: ${text}`);
    const found = text.split('\n').filter((line) => line !== '');
    if (found.length !== count) throw new Error(`${url} has ${String(found.length)} lines, not ${String(count)}`);
    lines.push(...found.map((line) => JSON.parse(line) as Line));
  }
  return lines;
}

/** What an export gives, as `Patient/1`, sorted. */
export async function exported(
  server: TestServer,
  version: FhirVersion,
  path: string,
  request: TestRequest = {},
): Promise<string[]> {
  const job = await kickOff(server, version, path, request);
  const lines = await linesOf(job, (await manifestOf(job)).output);
  return lines.map(({ resourceType, id }) => `${resourceType}/${id}`).sort();
}
