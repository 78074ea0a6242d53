import type { Database, RootDatabase } from 'lmdb';
import { commitsOf } from '../../lmdb/commits.js';
import { afterAll, compareTerms, separator, type TermRange } from '../term.js';

/** A document's number in the index, in the order documents were first indexed: six characters that sort as it counts. */
export type DocumentNumber = string;

/** One posting list, or those from a key up to another that a predicate accepts. */
export type KeyRange =
  | { readonly key: string }
  | { readonly from: string; readonly to: string; readonly accepts?: (key: string) => boolean };

/** Where a walk along a posting list starts, and which way it goes. */
export interface Walk {
  /** Only documents after this one, in the walk's direction. */
  readonly after?: DocumentNumber;
  /** Only documents from this one on. */
  readonly from?: DocumentNumber;
  readonly backwards?: boolean;
}

/** Stands where a parameter's code stands in a key, for lists that are no parameter's: no code looks like these. */
export const lists = { all: '*', compartment: '@', signature: '#' } as const;

/** The key of a posting list. */
export const postingKey = (type: string, list: string, term: string): string =>
  `${type}${separator}${list}${separator}${term}`;

/** The ranges of keys for ranges of a parameter's terms. */
export function keyRange(type: string, list: string, range: TermRange): KeyRange {
  if ('term' in range) return { key: postingKey(type, list, range.term) };
  const prefix = postingKey(type, list, '');
  const { from, to, accepts } = range;
  return {
    from: prefix + from,
    to: prefix + to,
    ...(accepts === undefined ? {} : { accepts: (key: string) => accepts(key.slice(prefix.length)) }),
  };
}

/** All lists of a kind, by their full keys. */
export const allOf = (type: string, list: string, from = ''): { readonly from: string; readonly to: string } => {
  const prefix = postingKey(type, list, '');
  return { from: prefix + from, to: prefix + afterAll };
};

/** The posting lists as searches read them: for each key the numbers of the documents that have it, in order. */
export interface PostingLists {
  has(key: string, document: DocumentNumber): boolean;
  /** The length of a list, `atMost` when it is longer. */
  count(key: string, atMost: number): number;
  documents(key: string, walk?: Walk): Iterable<DocumentNumber>;
  /** Each key and document of a range, in the order of keys. */
  entries(from: string, to: string): Iterable<{ key: string; value: DocumentNumber }>;
  /** The keys of a range, each once; backwards from the last one. `start` is the first one wanted in that direction. */
  keys(from: string, to: string, walk?: KeyWalk): Iterable<string>;
}

/** Where a walk along keys starts, and which way it goes. */
export interface KeyWalk {
  readonly start?: string;
  readonly backwards?: boolean;
}

/** The posting lists on disk. What changes them is called in a commit. */
export interface Postings extends PostingLists {
  /** Adds a document to a list. */
  add(key: string, document: DocumentNumber): void;
  remove(key: string, document: DocumentNumber): void;
  /** Empties all lists. */
  clear(): void;
}

/** Opens the posting lists of an index: a database of LMDB whose keys have many, sorted values. */
export function openPostings(root: RootDatabase, name: string): Postings {
  const lists: Database<DocumentNumber, string> = root.openDB({
    name,
    dupSort: true,
    encoding: 'ordered-binary',
    cache: false,
    compression: false,
  });
  const collected = commitsOf(root).unread(lists);
  return {
    add(key, document) {
      collected.put(key, document);
    },
    remove(key, document) {
      collected.remove(key, document);
    },
    clear() {
      lists.clearSync();
    },
    has: (key, document) => lists.doesExist(key, document),
    count: (key, atMost) => Math.min(atMost, lists.getValuesCount(key, { limit: atMost })),
    *documents(key, { after, from = after, backwards = false } = {}) {
      const start = from === undefined ? {} : { start: from };
      for (const document of lists.getValues(key, { ...start, reverse: backwards })) {
        if (document !== after) yield document;
      }
    },
    entries: (from, to) => lists.getRange({ start: from, end: to }),
    *keys(from, to, { start, backwards = false } = {}) {
      if (!backwards) {
        yield* lists.getKeys({ start: start ?? from, end: to });
        return;
      }
      for (const key of lists.getKeys({ start: start ?? to, reverse: true })) {
        if (compareTerms(key, to) >= 0) continue; // the start of a range counts
        if (compareTerms(key, from) < 0) return;
        yield key;
      }
    },
  };
}
