import { randomUUID } from 'node:crypto';
import type { ReindexInput } from '../interactions/jobs/reindex-input.js';
import { admitReindex } from './jobs.js';
import { type JobSpace, keptFor, removeMade, workSegment } from './work-segment.js';

/** How an index is kept up to date by a process that is called now and then. */
export interface KeptIndex {
  /** What does its reindexes. */
  readonly space: JobSpace;
  /** What the terms of this program depend on. */
  readonly terms: string;
  /** Names for an index that is not there yet. */
  readonly names: () => Promise<NonNullable<ReindexInput['names']>>;
  /** In how many parts the table is read. */
  readonly segments: number;
}

/**
 * Begins to make an index anew that has other terms than this program's, unless that is under way. One that another program
 * began is given up: a new one was deployed.
 * @throws OperationOutcomeError 409 when another process begins it at the same time.
 */
export async function beginReindex({ space, terms, names, segments }: KeptIndex): Promise<void> {
  const { items, now } = space;
  for (const job of await items.list()) {
    if (job.kind !== 'reindex' || job.state !== 'running') continue;
    const input = (await items.input(job.id)) as ReindexInput | undefined;
    if (input?.terms === terms && input.names !== undefined) return;
    const over = { ended: now(), expires: now() + keptFor(space) };
    await items.end({ ...job, ...over, state: 'failed', failure: 'The index is made anew by another program' });
    await removeMade(space, job, input);
  }
  const input: ReindexInput = { terms, names: await names() };
  await items.begin(
    {
      id: randomUUID(),
      kind: 'reindex',
      state: 'running',
      subject: 'fhir-on-appsync',
      client: '',
      request: '$reindex',
      segments,
      created: now(),
    },
    input,
    Array.from({ length: segments }, () => ({})),
    admitReindex,
  );
}

/**
 * Works on the reindexes that are under way, one segment after the other, until the time is over.
 * @returns how many segments are done by it.
 */
export async function workOnReindexes(space: JobSpace, isOver: () => boolean): Promise<number> {
  let done = 0;
  for (const { id, kind, state, segments } of await space.items.list()) {
    if (kind !== 'reindex' || state !== 'running') continue;
    for (let segment = 0; segment < segments && !isOver(); segment += 1) {
      if ((await workSegment(space, id, segment, isOver)) === 'done') done += 1;
    }
  }
  return done;
}
