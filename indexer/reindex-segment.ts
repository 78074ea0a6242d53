import { loadVersion } from '../persistence/load-version.js';
import type { BodyStore } from '../persistence/body-store.js';
import { currentKey, tenantOf } from '../persistence/keys.js';
import type { SegmentProgress } from '../persistence/reindex-run.js';
import type { Item, Table } from '../persistence/table.js';
import type { NextIndex } from '../search/next-index.js';
import type { Indexable } from '../search/search-index.js';
import { indexable } from './index-change.js';

/** A part of the table to be indexed, and where that is kept. */
export interface ReindexSegment {
  readonly table: Pick<Table, 'scan'>;
  /** Where the bodies are that are too large for their items; undefined where all are in them. */
  readonly bodies: BodyStore | undefined;
  readonly next: Pick<NextIndex, 'put'>;
  readonly segment: number;
  readonly segments: number;
  /** Keeps how far it is, after each page that is indexed. */
  save(progress: SegmentProgress): Promise<void>;
  /** Throws when nobody wants it any more; asked before each page. */
  goOn(): void;
}

/** Items read at once. */
const pageSize = 500;
/** Characters of resources put at once: bodies that are kept elsewhere may be large. */
const mostCharacters = 8_000_000;

/**
 * Indexes the current version of every resource in a segment of the table, tombstones included, page by page. What a
 * page was indexed for but not saved is indexed again by the next process, which changes nothing.
 * @param from how far it was.
 * @returns what the whole segment held.
 */
export async function reindexSegment(work: ReindexSegment, from: SegmentProgress): Promise<SegmentProgress> {
  const { segment, segments } = work;
  let progress = from;
  while (!progress.done) {
    work.goOn();
    const { after } = progress;
    const page = await work.table.scan({
      segment,
      segments,
      limit: pageSize,
      ...(after === undefined ? {} : { after }),
    });
    const { resources, deleted } = await indexItems(work, page.items);
    progress = {
      resources: progress.resources + resources,
      deleted: progress.deleted + deleted,
      ...(page.next === undefined ? { done: true } : { done: false, after: page.next }),
    };
    await work.save(progress);
  }
  return progress;
}

async function indexItems(
  { bodies, next }: ReindexSegment,
  items: readonly Item[],
): Promise<Pick<SegmentProgress, 'resources' | 'deleted'>> {
  let changes: Indexable[] = [];
  let size = 0;
  const counts = { resources: 0, deleted: 0 };
  const flush = async (): Promise<void> => {
    if (changes.length > 0) await next.put(changes);
    changes = [];
    size = 0;
  };
  for (const item of items) {
    const version = item.sk === currentKey ? await loadVersion(item, bodies) : undefined;
    if (version === undefined) continue;
    counts[version.deleted ? 'deleted' : 'resources'] += 1;
    changes.push(indexable(tenantOf(item.pk), version));
    size += version.body.length;
    if (size > mostCharacters) await flush();
  }
  await flush();
  return counts;
}
