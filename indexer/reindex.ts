import { randomUUID } from 'node:crypto';
import { conflict, unavailable } from '../fhir/outcome.js';
import type { BodyStore } from '../persistence/body-store.js';
import { defaultTenant } from '../persistence/keys.js';
import {
  beginReindexRun,
  endReindexRun,
  keepReindexRun,
  readReindexRun,
  readSegment,
  writeSegment,
  type ReindexRun,
  type SegmentProgress,
} from '../persistence/reindex-run.js';
import type { Table } from '../persistence/table.js';
import type { NextIndex, NextIndexNames } from '../search/next-index.js';
import { reindexSegment } from './reindex-segment.js';

/** What a reindex works on: the resources of all tenants of a table, whose index is one. */
export interface ReindexOptions {
  readonly table: Pick<Table, 'get' | 'write' | 'scan'>;
  readonly bodies: BodyStore | undefined;
  readonly next: NextIndex;
  /** The clock, in milliseconds since 1970. */
  readonly now?: () => number;
  /** In how many parts the table is read, at the same time; 4 without it. */
  readonly segments?: number;
  /** Aborted when the process ends: another one may go on at once. */
  readonly signal?: AbortSignal;
}

/** How much an index was made of. */
export interface ReindexedCounts {
  readonly resources: number;
  /** Resources that are deleted. */
  readonly deleted: number;
}

/** A run whose process says nothing for so long was killed, in milliseconds. */
const lease = 60_000;

/**
 * Makes a search index anew from the table beside the one that serves, which it replaces at the end: every change goes
 * to both before the table is read. One that was left under way is gone on with, unless another program began it.
 * @throws OperationOutcomeError 409 while another process does it; 503 when an engine does not answer, or this process
 * ends: then it is still under way. Error when the new index lacks something: the old one stays.
 */
export async function reindex(options: ReindexOptions): Promise<ReindexedCounts> {
  const { table, next, now = Date.now, segments = 4 } = options;
  const before = await readReindexRun(table, defaultTenant);
  if (before !== undefined && before.until > now()) throw busy();
  const mine = { owner: randomUUID(), until: now() + lease };
  if (before?.terms === next.terms) {
    const taken = { ...before, ...mine };
    if (!(await keepReindexRun(table, defaultTenant, before, taken))) throw busy();
    return work(options, taken);
  }
  const run = { id: randomUUID(), terms: next.terms, segments, ...mine };
  if (!(await beginReindexRun(table, defaultTenant, run, before))) throw busy();
  return work(options, run);
}

/**
 * Goes on with a reindex that a process left under way; to be asked now and then.
 * @returns undefined when there is none.
 */
export async function continueReindex(options: ReindexOptions): Promise<ReindexedCounts | undefined> {
  const { table, next, now = Date.now } = options;
  const left = await readReindexRun(table, defaultTenant);
  if (left === undefined || left.until > now() || left.terms !== next.terms) return undefined;
  return reindex(options);
}

const busy = (): Error => conflict('The search index is being made anew already');

async function work(options: ReindexOptions, begun: ReindexRun): Promise<ReindexedCounts> {
  const { table, next } = options;
  const kept = keepUp(options, begun);
  try {
    const names = begun.names ?? (await kept.name(await next.names()));
    if ((await next.open(names)) && (await isUnderWay(options, begun))) {
      await endReindexRun(table, defaultTenant, begun); // somebody removed what was done
      return await reindex(options);
    }
    const counts = await indexSegments(options, begun, kept.goOn);
    if ((await next.count(names)) < counts.resources + counts.deleted) {
      await next.abandon(names);
      await endReindexRun(table, defaultTenant, begun);
      throw new Error('The new search index lacks resources: the old one stays');
    }
    kept.goOn();
    await next.serve(names);
    await endReindexRun(table, defaultTenant, begun);
    return counts;
  } finally {
    await kept.letGo();
  }
}

/** Whether anything of a run was indexed before. */
async function isUnderWay({ table }: ReindexOptions, { id, segments }: ReindexRun): Promise<boolean> {
  for (let segment = 0; segment < segments; segment += 1) {
    const { after, done } = await readSegment(table, defaultTenant, id, segment);
    if (done || after !== undefined) return true;
  }
  return false;
}

async function indexSegments(
  { table, bodies, next }: ReindexOptions,
  { id, segments }: ReindexRun,
  goOn: () => void,
): Promise<ReindexedCounts> {
  const counts = { resources: 0, deleted: 0 };
  const failures: unknown[] = [];
  const goOnTogether = (): void => {
    goOn();
    if (failures.length > 0) throw failures[0];
  };
  const indexOne = async (segment: number): Promise<void> => {
    const save = (progress: SegmentProgress): Promise<void> =>
      writeSegment(table, defaultTenant, id, segment, progress);
    try {
      const from = await readSegment(table, defaultTenant, id, segment);
      const done = await reindexSegment({ table, bodies, next, segment, segments, save, goOn: goOnTogether }, from);
      counts.resources += done.resources;
      counts.deleted += done.deleted;
    } catch (error) {
      failures.push(error);
    }
  };
  await Promise.all(Array.from({ length: segments }, (_, segment) => indexOne(segment)));
  if (failures.length > 0) throw failures[0];
  return counts;
}

/** Keeps a run while its process is alive; lets it go at the end, so that another one need not wait. */
interface Keeping {
  /** Gives it the names of its indices. */
  readonly name: (names: NextIndexNames) => Promise<NextIndexNames>;
  /** Throws when the process ends, or another one has the run. */
  readonly goOn: () => void;
  readonly letGo: () => Promise<void>;
}

function keepUp({ table, now = Date.now, signal }: ReindexOptions, begun: ReindexRun): Keeping {
  let run = begun;
  let isLost = false;
  const keep = async (change: Partial<ReindexRun>): Promise<void> => {
    if (isLost) return;
    const next = { ...run, ...change };
    if (await keepReindexRun(table, defaultTenant, run, next)) run = next;
    else isLost = true;
  };
  let last = Promise.resolve();
  const inTurn = (change: Partial<ReindexRun>): Promise<void> => {
    const kept = last.then(() => keep(change));
    last = kept.catch(() => undefined);
    return kept;
  };
  const timer = setInterval(() => {
    // What fails is tried again the next time: there are several before the run counts as left.
    inTurn({ until: now() + lease }).catch(() => undefined);
  }, lease / 4).unref();
  const goOn = (): void => {
    if (isLost) throw busy();
    if (signal?.aborted === true) throw unavailable('The server ends; the search index is made anew by another one');
  };
  return {
    async name(names) {
      await inTurn({ names });
      goOn();
      return names;
    },
    goOn,
    async letGo() {
      clearInterval(timer);
      await inTurn({ until: 0 }).catch(() => undefined);
    },
  };
}
