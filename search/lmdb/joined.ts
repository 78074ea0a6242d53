import { compareTerms } from '../term.js';
import { together } from './merged.js';
import { type DocumentNumber, firstFrom, isIn, partOf, type Walk } from './numbers.js';
import type { PendingLists } from './pending-lists.js';
import type { KeyWalk, PostingLists } from './postings.js';

/** What is not on disk yet, or in part. */
export interface Unmerged {
  /** The first number whose document is not wholly on disk. */
  readonly end: DocumentNumber;
  /** The lists on disk with keys up to here have the documents of `older`. */
  readonly behind: string;
  /** The lists of the documents from `end` on that are being merged, and of those with greater numbers. */
  readonly older: PendingLists;
  readonly newer: PendingLists;
}

/**
 * The lists on disk and those that wait, as one. All numbers that wait are greater than those on disk, and what is on disk of
 * documents being merged is not looked at: their lists in memory are whole.
 */
export function joinedLists(onDisk: PostingLists, { end, behind, older, newer }: Unmerged): PostingLists {
  function* documents(key: string, walk: Walk = {}): Generator<DocumentNumber> {
    const { after, from = after, backwards = false } = walk;
    if (backwards) {
      yield* partOf(newer.of(key), walk);
      yield* partOf(older.of(key), walk);
      // What walks start behind may be on disk as little as what is being merged.
      const start = from === undefined || from >= end ? {} : { from };
      for (const each of onDisk.documents(key, { backwards, ...start })) if (each < end && each !== after) yield each;
      return;
    }
    if (from === undefined || from < end) {
      for (const each of onDisk.documents(key, walk)) {
        if (each >= end) break;
        yield each;
      }
    }
    yield* partOf(older.of(key), walk);
    yield* partOf(newer.of(key), walk);
  }

  function* keys(from: string, to: string, walk: KeyWalk = {}): Generator<string> {
    const { start, backwards = false } = walk;
    const waiting = [older.keys(from, to), newer.keys(from, to)].map((each) => startingAt(each, start, backwards));
    yield* inOrder([onDisk.keys(from, to, walk), ...waiting.filter(({ length }) => length > 0)], backwards);
  }

  function* entries(from: string, to: string): Generator<{ key: string; value: DocumentNumber }> {
    const waiting = [...inOrder([older.keys(from, to), newer.keys(from, to)], false)];
    let at = 0;
    const waitingBelow = function* (key?: string): Generator<{ key: string; value: DocumentNumber }> {
      for (; at < waiting.length; at += 1) {
        const next = waiting[at] ?? '';
        if (key !== undefined && compareTerms(next, key) >= 0) return;
        for (const lists of [older, newer]) for (const value of lists.of(next)) yield { key: next, value };
      }
    };
    let last: string | undefined;
    for (const entry of onDisk.entries(from, to)) {
      if (entry.key !== last) yield* waitingBelow(entry.key);
      last = entry.key;
      if (entry.value < end) yield entry;
    }
    yield* waitingBelow();
  }

  return {
    has(key, document) {
      if (document < end) return onDisk.has(key, document);
      return [older, newer].some((lists) => isIn(lists.of(key), document));
    },
    count(key, atMost) {
      const isMerged = compareTerms(key, behind) <= 0;
      const waiting = newer.of(key).length + (isMerged ? 0 : older.of(key).length);
      return waiting >= atMost ? atMost : Math.min(atMost, waiting + onDisk.count(key, atMost));
    },
    documents,
    whole(key, atMost) {
      const stored = onDisk.whole(key, atMost);
      if (stored === undefined) return undefined;
      const [before, behind] = [older.of(key), newer.of(key)];
      if (before.length + behind.length === 0 && (stored.at(-1) ?? '') < end) return stored;
      const all = [...stored.filter((each) => each < end), ...before, ...behind];
      return all.length > atMost ? undefined : all;
    },
    entries,
    keys,
  };
}

/** The keys from `start` on, in the direction of the walk. */
function startingAt(keys: readonly string[], start: string | undefined, backwards: boolean): readonly string[] {
  if (start === undefined) return backwards ? [...keys].reverse() : keys;
  const at = firstFrom(keys, start, compareTerms);
  if (!backwards) return keys.slice(at);
  return keys.slice(0, keys[at] === start ? at + 1 : at).reverse();
}

/** Walks along sorted keys side by side, each key once. */
const inOrder = (walks: readonly Iterable<string>[], backwards: boolean): Generator<string> =>
  together(walks, (a, b) => compareTerms(a, b) * (backwards ? -1 : 1) < 0);
