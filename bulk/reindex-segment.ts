import { setImmediate } from 'node:timers/promises';
import { conflict } from '../fhir/outcome.js';
import { indexable } from '../indexer/index-change.js';
import { reindexedCounts, type ReindexInput, type ReindexProgress } from '../interactions/jobs/reindex-input.js';
import type { BodyStore } from '../persistence/body-store.js';
import { isCurrent, tenantOf } from '../persistence/keys.js';
import { loadVersion } from '../persistence/load-version.js';
import type { Item, Table } from '../persistence/table.js';
import type { NextIndex } from '../search/next-index.js';
import type { Indexable, SearchIndex } from '../search/search-index.js';
import type { KindOfJob, SegmentWork } from './kind-of-job.js';

/** What a reindex works on: the resources of all tenants of a table, whose index is one. */
export interface ReindexSpace {
  readonly table: Pick<Table, 'scan'>;
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
 * page was indexed for but not kept is indexed again by the next worker, which changes nothing.
 */
async function reindexSegment(space: ReindexSpace, work: SegmentWork): Promise<void> {
  const { names } = work.input as ReindexInput;
  let progress = work.progress as ReindexProgress;
  if (names !== undefined && progress.after === undefined) {
    await space.next.open(names);
    await work.goOn(0); // who cancelled it meanwhile has removed what was there
  }
  for (let done = false; !done;) {
    const { after, resources = 0, deleted = 0 } = progress;
    const page = await space.table.scan({
      segment: work.segment,
      segments: work.job.segments,
      limit: space.page ?? 500,
      ...(after === undefined ? {} : { after }),
    });
    await work.goOn(page.items.length);
    const found = await indexItems(space, work.input as ReindexInput, page.items);
    done = page.next === undefined;
    progress = {
      resources: resources + found.resources,
      deleted: deleted + found.deleted,
      ...(page.next === undefined ? {} : { after: page.next }),
    };
    await work.step({ progress, done, files: [] });
    if (work.isOver()) return;
    await setImmediate(); // requests are answered meanwhile
  }
}

async function indexItems(
  { bodies, next, index }: ReindexSpace,
  { names, types }: ReindexInput,
  items: readonly Item[],
): Promise<{ readonly resources: number; readonly deleted: number }> {
  let changes: Indexable[] = [];
  let size = 0;
  const counts = { resources: 0, deleted: 0 };
  const flush = async (): Promise<void> => {
    if (changes.length === 0) return;
    if (names === undefined) await index.put(changes, { again: true, visible: false });
    else await next.put(changes);
    changes = [];
    size = 0;
  };
  for (const item of items) {
    const isWanted = isCurrent(item) && types?.includes(typeOf(item)) !== false;
    const version = isWanted ? await loadVersion(item, bodies) : undefined;
    if (version === undefined) continue;
    counts[version.deleted ? 'deleted' : 'resources'] += 1;
    changes.push(indexable(tenantOf(item.pk), version));
    size += version.body.length;
    if (size > mostCharacters) await flush();
  }
  await flush();
  return counts;
}

/** The type of the resource that an item is of: of others nothing is fetched. */
const typeOf = ({ pk }: Item): string => pk.split('#')[1] ?? '';
