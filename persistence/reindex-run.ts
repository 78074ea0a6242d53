import type { Tenant } from '../fhir/tenant.js';
import { conflict } from '../fhir/outcome.js';
import { reindexPartition } from './keys.js';
import type { AttributeValue, Condition, Item, ItemKey, Table } from './table.js';

/*
 * What is kept of a reindex while it is under way, so that it goes on after its process was killed:
 *
 * | Item    | Partition key    | Sort key       | Holds                                                            |
 * | ------- | ---------------- | -------------- | ---------------------------------------------------------------- |
 * | run     | `tenant#reindex` | `run`          | `run`, `index`, `replaces`, `terms`, `segments`; `owner`, `until` |
 * | segment | the same         | `segment-0000` | `run`, how far it is (`afterPk`, `afterSk`, `done`), what it counted |
 */

/** A reindex that is under way. */
export interface ReindexRun {
  readonly id: string;
  /** The index that is made, and the one whose place it takes: named by who owns the run, so that no other is made. */
  readonly names?: { readonly index: string; readonly replaces: string };
  /** What its terms depend on: another program does not go on with it. */
  readonly terms: string;
  readonly segments: number;
  /** Who does it, and until when nobody else may, in milliseconds since 1970. */
  readonly owner: string;
  readonly until: number;
}

/** How far a segment of the table is. */
export interface SegmentProgress {
  /** The last item that is indexed; absent at the start. */
  readonly after?: ItemKey;
  readonly done: boolean;
  readonly resources: number;
  /** Resources that are deleted. */
  readonly deleted: number;
}

/** Nothing of a segment is done. */
export const nothingDone: SegmentProgress = { done: false, resources: 0, deleted: 0 };

const runKey = (tenant: Tenant): ItemKey => ({ pk: reindexPartition(tenant), sk: 'run' });
const segmentKey = (tenant: Tenant, segment: number): ItemKey => ({
  pk: reindexPartition(tenant),
  sk: `segment-${String(segment).padStart(4, '0')}`,
});

const runItem = (tenant: Tenant, { id, names, ...columns }: ReindexRun): Item => ({
  ...runKey(tenant),
  run: id,
  ...names,
  ...columns,
});

const segmentItem = (tenant: Tenant, run: string, segment: number, progress: SegmentProgress): Item => {
  const { after, ...columns } = progress;
  const place = after === undefined ? {} : { afterPk: after.pk, afterSk: after.sk };
  return { ...segmentKey(tenant, segment), run, ...columns, ...place };
};

const isRun = (run: string): Condition => ({ kind: 'equals', attributes: { run } });

/** The reindex that is under way; undefined when none is. */
export async function readReindexRun(table: Pick<Table, 'get'>, tenant: Tenant): Promise<ReindexRun | undefined> {
  const item = await table.get(runKey(tenant));
  if (item === undefined) return undefined;
  const { index, replaces } = item;
  return {
    id: text(item['run']),
    ...(typeof index === 'string' && typeof replaces === 'string' ? { names: { index, replaces } } : {}),
    terms: text(item['terms']),
    segments: count(item['segments']),
    owner: text(item['owner']),
    until: count(item['until']),
  };
}

/**
 * Begins a reindex, none of its segments done.
 * @param before the one that is given up for it.
 * @returns whether it has begun: not when another was begun, or taken over, meanwhile.
 */
export async function beginReindexRun(
  table: Pick<Table, 'write'>,
  tenant: Tenant,
  run: ReindexRun,
  before: ReindexRun | undefined,
): Promise<boolean> {
  const condition: Condition = before === undefined ? { kind: 'absent' } : ownedBy(before);
  const segments = Array.from({ length: run.segments }, (_, segment) => ({
    kind: 'put' as const,
    item: segmentItem(tenant, run.id, segment, nothingDone),
  }));
  const { written } = await table.write([{ kind: 'put', item: runItem(tenant, run), condition }, ...segments]);
  return written;
}

/**
 * Takes a reindex over, names its index, keeps it for longer, or lets it go.
 * @param before as it is known.
 * @returns whether it was still so.
 */
export async function keepReindexRun(
  table: Pick<Table, 'write'>,
  tenant: Tenant,
  before: ReindexRun,
  next: ReindexRun,
): Promise<boolean> {
  const item = runItem(tenant, next);
  return (await table.write([{ kind: 'put', item, condition: ownedBy(before) }])).written;
}

/**
 * How far a segment is.
 * @throws OperationOutcomeError 409 when the reindex was given up meanwhile.
 */
export async function readSegment(
  table: Pick<Table, 'get'>,
  tenant: Tenant,
  run: string,
  segment: number,
): Promise<SegmentProgress> {
  const item = await table.get(segmentKey(tenant, segment));
  if (item?.['run'] !== run) throw lost();
  const { afterPk: pk, afterSk: sk } = item;
  return {
    ...(typeof pk === 'string' && typeof sk === 'string' ? { after: { pk, sk } } : {}),
    done: item['done'] === true,
    resources: count(item['resources']),
    deleted: count(item['deleted']),
  };
}

/**
 * Says how far a segment is.
 * @throws OperationOutcomeError 409 when the reindex was given up meanwhile.
 */
export async function writeSegment(
  table: Pick<Table, 'write'>,
  tenant: Tenant,
  run: string,
  segment: number,
  progress: SegmentProgress,
): Promise<void> {
  const item = segmentItem(tenant, run, segment, progress);
  if (!(await table.write([{ kind: 'put', item, condition: isRun(run) }])).written) throw lost();
}

/** Ends a reindex: nothing is kept of it. One that is not there has ended. */
export async function endReindexRun(table: Pick<Table, 'write'>, tenant: Tenant, run: ReindexRun): Promise<void> {
  const condition = isRun(run.id);
  // The run first: whoever finds it gone has nothing to go on with, and a next one writes its own segments.
  if (!(await table.write([{ kind: 'remove', key: runKey(tenant), condition }])).written) return;
  for (let segment = 0; segment < run.segments; segment += 1) {
    await table.write([{ kind: 'remove', key: segmentKey(tenant, segment), condition }]);
  }
}

const ownedBy = ({ id, owner, until }: ReindexRun): Condition => ({
  kind: 'equals',
  attributes: { run: id, owner, until },
});

const lost = (): Error => conflict('The search index is made anew by another process: this one gives up');

function text(value: AttributeValue | undefined): string {
  if (typeof value !== 'string') throw new Error('The item of a reindex lacks a text');
  return value;
}

function count(value: AttributeValue | undefined): number {
  if (typeof value !== 'number') throw new Error('The item of a reindex lacks a number');
  return value;
}
