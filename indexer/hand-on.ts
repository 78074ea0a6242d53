import { jobChange } from '../persistence/job-change.js';
import { StoreError } from '../persistence/store-error.js';
import { newCurrent } from '../persistence/stream.js';
import type { ItemChange } from '../persistence/table.js';
import type { PublishedFeed } from './publish.js';

/** Changes handed on by the follower of a stream, which has one reader: what it has indexed is read here to be published. */
export interface HandedOn extends PublishedFeed {
  /** Takes a page of the stream, in its order. */
  take(page: readonly ItemChange[]): void;
}

const positionText = (position: number): string => String(position).padStart(16, '0');

/**
 * A feed of what is handed on, in memory.
 * @param since an instant; what is older is passed over: a stream is read from its start at every start.
 * @param most so many changes are kept; when nobody reads them, the oldest are dropped, and the reader is told.
 */
export function handOn(since: string, most = 10_000): HandedOn {
  let kept: ItemChange[] = [];
  let last = 0;
  let dropped = 0;
  const listeners: (() => void)[] = [];
  const isNew = (change: ItemChange): boolean => {
    try {
      if (jobChange(change) !== undefined) return true;
      const version = newCurrent(change);
      return version !== undefined && version.lastUpdated >= since;
    } catch {
      return false; // the indexer tells of it
    }
  };
  const withoutBody = (change: ItemChange): ItemChange => {
    last += 1;
    const position = positionText(last);
    if (jobChange(change) !== undefined) return { ...change, position };
    const { key, after } = change;
    return { position, key, ...(after && { after: { ...after, body: '' } }) };
  };
  return {
    take(page) {
      const fresh = page.filter(isNew).map(withoutBody);
      if (fresh.length === 0) return;
      kept.push(...fresh);
      for (const change of kept.splice(0, Math.max(0, kept.length - most))) dropped = Number(change.position);
      for (const listener of listeners) listener();
    },
    changes({ after, limit }) {
      const behind = after === undefined ? 0 : Number(after);
      if (after !== undefined && behind < dropped) {
        return Promise.reject(new StoreError(`The changes up to ${positionText(dropped)} are no longer kept`));
      }
      kept = kept.filter(({ position }) => Number(position) > behind);
      return Promise.resolve(kept.slice(0, limit));
    },
    end: () => (last === 0 ? undefined : positionText(last)),
    readPlace: () => positionText(0), // what an earlier process may have left waits for subscribers to come back
    writePlace: () => Promise.resolve(),
    onChange: (listener) => void listeners.push(listener),
  };
}
