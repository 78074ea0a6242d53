import { setImmediate } from 'node:timers/promises';
import { conflict } from '../fhir/outcome.js';
import { readIndexable } from '../indexer/index-change.js';
import { reindexedCounts, type ReindexInput, type ReindexProgress } from '../interactions/jobs/reindex-input.js';
import type { BodyStore } from '../persistence/body-store.js';
import { isCurrent, resourceOfPartition, tenantOf } from '../persistence/keys.js';
import type { Item, ItemKey, Table } from '../persistence/table.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { UnreadableVersion } from '../persistence/unreadable-version.js';
import type { NextIndex } from '../search/next-index.js';
import type { Indexable, SearchIndex } from '../search/search-index.js';
import { filesOfLines } from './segment-files.js';
import type { KindOfJob, SegmentWork } from './kind-of-job.js';
import { unreadableLine } from './unreadable.js';

/** What a reindex works on: the resources of all tenants of a table, whose index is one. */
export interface ReindexSpace {
  readonly table: Pick<Table, 'scan' | 'batchGet'>;
  /** Where the bodies are that are too large for their items; undefined where all are in them. */
  readonly bodies: BodyStore | undefined;
  /** The index that serves. */
  readonly index: Pick<SearchIndex, 'put'>;
  readonly next: NextIndex;
  /** Whether other processes, of another program perhaps, do jobs as well. */
  readonly isShared: boolean;
  /** Items read at once; 500 without it. */
  readonly page?: number;
}

/** Characters of resources put at once: bodies that are kept elsewhere may be large. */
const mostCharacters = 8_000_000;

/**
 * Makes the search index anew from the table, beside the one that serves, whose place it takes at the end: every change
 * goes to both before the table is read. Of single types the index that serves is made anew in place.
 */
export function reindexKind(space: ReindexSpace): KindOfJob {
  const { next, isShared } = space;
  const isOurs = (input: unknown): boolean => (input as ReindexInput).terms === next.terms;
  return {
    takes: (input) => !isShared || isOurs(input),
    async work(work) {
      if (!isOurs(work.input)) throw conflict('Another program began it, with other search parameters: begin it anew');
      await reindexSegment(space, work);
    },
    async finish(input, segments) {
      const { names } = input as ReindexInput;
      if (names === undefined) return;
      const { resources, deleted } = reindexedCounts(segments);
      if ((await next.count(names)) < resources + deleted) throw new Error(lacking);
      await next.serve(names);
    },
    async abandon(input) {
      const { names } = input as ReindexInput;
      if (names !== undefined) await next.abandon(names);
    },
  };
}

const lacking = 'The new search index lacks resources: the old one stays';

/**
 * Indexes the current version of every resource in a segment of the table, tombstones included, page by page. What a
 * page was indexed for but not kept is indexed again by the next worker, which changes nothing. What cannot be read is told in
 * a file of errors.
 */
async function reindexSegment(space: ReindexSpace, work: SegmentWork): Promise<void> {
  const { names } = work.input as ReindexInput;
  let progress = work.progress as ReindexProgress;
  if (names !== undefined && progress.after === undefined) {
    await space.next.open(names);
    await work.goOn(0); // who cancelled it meanwhile has removed what was there
  }
  let written = work.files;
  for (let done = false; !done;) {
    const { after, resources = 0, deleted = 0, unreadable = 0 } = progress;
    const page = await space.table.scan({
      segment: work.segment,
      segments: work.job.segments,
      limit: space.page ?? 500,
      ...(after === undefined ? {} : { after }),
    });
    await work.goOn(page.items.length);
    const found = await indexItems(space, work.input as ReindexInput, page.items);
    const place = { job: work.job.id, segment: work.segment, written };
    const closed = await filesOfLines(work.output, place, found.unreadable.map(unreadableLine));
    written += closed.length;
    done = page.next === undefined;
    progress = {
      resources: resources + found.resources,
      deleted: deleted + found.deleted,
      unreadable: unreadable + found.unreadable.length,
      ...(page.next === undefined ? {} : { after: page.next }),
    };
    await work.step({ progress, done, files: closed });
    if (work.isOver()) return;
    await setImmediate(); // requests are answered meanwhile
  }
}

interface IndexedItems {
  readonly resources: number;
  readonly deleted: number;
  readonly unreadable: readonly UnreadableVersion[];
}

async function indexItems(
  space: ReindexSpace,
  { names, types }: ReindexInput,
  items: readonly Item[],
): Promise<IndexedItems> {
  let changes: Indexable[] = [];
  let size = 0;
  const counts = { resources: 0, deleted: 0 };
  const unreadable: UnreadableVersion[] = [];
  const flush = async (): Promise<void> => {
    if (changes.length === 0) return;
    if (names === undefined) await space.index.put(changes, { again: true, visible: false });
    else await space.next.put(changes);
    changes = [];
    size = 0;
  };
  for (const item of items) {
    // Nothing is fetched of other types.
    if (!isCurrent(item) || types?.includes(resourceOfPartition(item.pk).type) === false) continue;
    const read = await readItem(space, item);
    if (read instanceof UnreadableVersion) {
      unreadable.push(read);
      // The index that serves keeps what it has of it.
      if (names !== undefined && read.envelope !== undefined) changes.push(known(read.key, read.envelope));
    } else if (read !== undefined) {
      counts[read.change.resource === undefined ? 'deleted' : 'resources'] += 1;
      changes.push(read.change);
      size += read.size;
    }
    if (size > mostCharacters) await flush();
  }
  await flush();
  return { ...counts, unreadable };
}

/** As `readIndexable`; an item that cannot be read is looked at once more. */
async function readItem({ table, bodies }: ReindexSpace, item: Item): ReturnType<typeof readIndexable> {
  for (let current = item; ;) {
    const read = await readIndexable(current, bodies);
    if (!(read instanceof UnreadableVersion)) return read;
    // What was written since the page was read may be read, and is what counts.
    const [now]: readonly (Item | undefined)[] = await table.batchGet([{ pk: item.pk, sk: item.sk }]);
    if (now === undefined || now['commitId'] === current['commitId']) return read;
    current = now;
  }
}

/**
 * What is known of a version without its body. A search that cannot do without it (by id, by time, of all) meets it, and
 * fails; one that asks for what was in the body does not find it, which is why the job tells of it.
 */
const known = (
  { pk }: ItemKey,
  { type, id, versionId, lastUpdated, compartments, deleted }: StoredVersion,
): Indexable => ({
  tenant: tenantOf(pk),
  type,
  id,
  versionId,
  lastUpdated,
  compartments,
  ...(deleted ? {} : { resource: { resourceType: type, id, meta: { versionId: String(versionId), lastUpdated } } }),
});
