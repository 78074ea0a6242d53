import { isDeepStrictEqual } from 'node:util';
import { type Received, until } from '../../../support/receiver.js';
import type { JsonClient } from '../json-client.js';
import { deleted } from './planned.js';
import type { StoreState } from './store-state.js';

// What a server was asked to do and had not done when it was killed: jobs, and telling subscribers.

/** A job that a server said it would do. */
export interface Job {
  readonly kind: 'reindex' | 'export';
  readonly path: string;
  readonly client: 'writer' | 'operator';
}

interface Manifest {
  readonly transactionTime: string;
  readonly output: readonly { readonly url: string }[];
}

const pathOf = (url: unknown): string => new URL(String(url)).pathname;

/** Writes the Subscription of a run; it has Patients told that are active. */
export async function subscribe(writer: JsonClient, endpoint: string): Promise<void> {
  const channel = { type: 'rest-hook', endpoint, payload: 'application/fhir+json' };
  const body = {
    resourceType: 'Subscription',
    id: 'told',
    status: 'requested',
    reason: 'kills',
    criteria: 'Patient?active=true',
    channel,
  };
  const { status, text } = await writer.ask({ method: 'PUT', path: '/r4/Subscription/told', body });
  if (status !== 201) throw new Error(`The Subscription is refused: ${text}`);
}

/**
 * Begins a job: R4's index made anew, or its Patients and Observations exported.
 * @returns undefined when an earlier one must end first.
 */
export async function beginJob(
  kind: Job['kind'],
  clients: Readonly<Record<Job['client'], JsonClient>>,
): Promise<Job | undefined> {
  const client = kind === 'reindex' ? 'operator' : 'writer';
  const asked = kind === 'reindex' ? { method: 'POST', path: '/r4/$reindex' } : { method: 'GET', path: exportPath };
  const { status, headers, text } = await clients[client].ask({ ...asked, headers: { prefer: 'respond-async' } });
  if (status === 429 || (kind === 'reindex' && status === 409)) return undefined;
  if (status !== 202) throw new Error(`${kind} is refused: ${String(status)} ${text}`);
  return { kind, client, path: pathOf(headers['content-location']) };
}
const exportPath = '/r4/$export?_type=Patient,Observation';

/** What an ended job made. */
export interface EndedJob {
  readonly job: Job;
  readonly status: number;
  /** Of an export: up to when it goes, and its resources as `Patient/1 label`. */
  readonly until?: string;
  readonly lines?: readonly string[];
}

/** Waits until a job has ended. */
export async function endedJob(job: Job, clients: Readonly<Record<Job['client'], JsonClient>>): Promise<EndedJob> {
  const client = clients[job.client];
  const { status, json } = await until(async () => {
    const answer = await client.ask<Manifest>({ method: 'GET', path: job.path });
    return answer.status !== 202 && answer;
  });
  if (status !== 200 || job.kind === 'reindex') return { job, status };
  const lines: string[] = [];
  for (const { url } of json.output) {
    const { text } = await client.ask({ method: 'GET', path: pathOf(url) });
    for (const line of text.split('\n').filter((each) => each !== '')) lines.push(named(line));
  }
  return { job, status, until: json.transactionTime, lines };
}

function named(line: string): string {
  const { resourceType, id, identifier } = JSON.parse(line) as {
    resourceType: string;
    id: string;
    identifier: { value: string }[];
  };
  return `${resourceType}/${id} ${String(identifier[0]?.value)}`;
}

/** What is wrong with ended jobs: an export has the versions of its instant. */
export function wrongJobs(jobs: readonly EndedJob[], state: StoreState): string[] {
  return jobs.flatMap(({ job, status, until: cut, lines }) => {
    if (status !== 200) return [`${job.kind} ended with ${String(status)}`];
    if (cut === undefined || lines === undefined) return [];
    const expected = [...state.versions].flatMap(([key, all]) => {
      const label = all.findLast(({ lastUpdated }) => lastUpdated <= cut)?.label ?? deleted;
      return label === deleted ? [] : [`${key} ${label}`];
    });
    const isRight = isDeepStrictEqual(lines.toSorted(), expected.toSorted());
    return isRight ? [] : [`an export at ${cut} has ${String(lines.length)} resources, not ${String(expected.length)}`];
  });
}

/** Waits until a subscriber has been told of all of the labels. @throws after five minutes without another one. */
export async function toldOf(received: readonly Received[], path: string, labels: ReadonlySet<string>): Promise<void> {
  const told = new Set<string>();
  let [seen, since] = [0, Date.now()];
  await until(() => {
    for (; seen < received.length; seen += 1) {
      const { method, path: at, body } = received[seen] as Received;
      if (method !== 'PUT' || !at.startsWith(path)) continue;
      const [, label = ''] = named(body).split(' ');
      if (labels.has(label) && !told.has(label)) since = Date.now();
      told.add(label);
    }
    const missing = [...labels].filter((label) => !told.has(label));
    if (missing.length > 0 && Date.now() - since > 300_000) {
      throw new Error(`the subscriber was not told of ${String(missing.length)}: ${missing.slice(0, 5).join(' ')}`);
    }
    return missing.length === 0;
  });
}
