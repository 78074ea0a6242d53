import type { NextIndexNames } from '../../search/next-index.js';

/** What a reindex is asked to do, as its job keeps it. */
export interface ReindexInput {
  /** What the terms of the program depend on that was asked: another one does not go on with it. */
  readonly terms: string;
  /** The index that is made, and the one whose place it takes; absent where the index that serves is made anew in place. */
  readonly names?: NextIndexNames;
  /** Only these types, in place; all without it. */
  readonly types?: readonly string[];
}

/** How far a segment of a reindex is. */
export interface ReindexProgress extends Partial<ReindexedCounts> {
  /** The last item of the table that is indexed; absent at the start. */
  readonly after?: { readonly pk: string; readonly sk: string };
}

/** How much was indexed. */
export interface ReindexedCounts {
  readonly resources: number;
  /** Resources that are deleted. */
  readonly deleted: number;
  /** Resources that could not be read. */
  readonly unreadable: number;
}

/** What the segments of a reindex have indexed together. */
export const reindexedCounts = (segments: readonly { readonly progress: unknown }[]): ReindexedCounts => {
  const counts = { resources: 0, deleted: 0, unreadable: 0 };
  for (const { progress } of segments) {
    const { resources = 0, deleted = 0, unreadable = 0 } = progress as ReindexProgress;
    counts.resources += resources;
    counts.deleted += deleted;
    counts.unreadable += unreadable;
  }
  return counts;
};
