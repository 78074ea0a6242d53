import type { Database, RootDatabase } from 'lmdb';
import { Remembered } from '../../fhir/remembered.js';
import { commitsOf } from '../../lmdb/commits.js';
import { type DocumentNumber, isIn, partOf, type Walk } from './numbers.js';
import { afterAll, compareTerms, separator, type TermRange } from '../term.js';

/** One posting list, or those from a key up to another that a predicate accepts. */
export type KeyRange =
  | { readonly key: string }
  | { readonly from: string; readonly to: string; readonly accepts?: (key: string) => boolean };

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
  /** A list that has at most `atMost` documents, undefined for a longer one. Nobody may change what it gives. */
  whole(key: string, atMost: number): readonly DocumentNumber[] | undefined;
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

/** Of lists that were read or measured lately so many numbers are kept, each list weighing as much as eight beside. */
const numbersKept = 150_000;
const weightOfList = 8;
/** Of longer lists the length is kept: what is read of those is mostly a small part. */
const longestKept = 1_000;

/** What is known of a list: its length, and its numbers where it was read. */
interface KnownList {
  readonly length: number;
  readonly numbers?: readonly DocumentNumber[];
}

/**
 * Opens the posting lists of an index: a database of LMDB whose keys have many, sorted values. Short lists that were read are
 * remembered until they change: what is asked of a patient is asked of few lists, again and again.
 */
export function openPostings(root: RootDatabase, name: string): Postings {
  const lists: Database<DocumentNumber, string> = root.openDB({
    name,
    dupSort: true,
    encoding: 'ordered-binary',
    cache: false,
    compression: false,
  });
  const collected = commitsOf(root).unread(lists);
  const lately = new Remembered<KnownList>(numbersKept);
  /** What is known of a list that is not being changed. */
  const known = (key: string): KnownList | undefined => (collected.isUnderWay(() => key) ? undefined : lately.get(key));
  function remember(key: string, list: KnownList): void {
    if (collected.isUnderWay(() => key)) return;
    lately.forget(key);
    lately.set(key, list, weightOfList + (list.numbers?.length ?? 0));
  }
  return {
    add(key, document) {
      lately.forget(key);
      collected.put(key, document);
    },
    remove(key, document) {
      lately.forget(key);
      collected.remove(key, document);
    },
    clear() {
      lately.clear();
      lists.clearSync();
    },
    has(key, document) {
      const numbers = known(key)?.numbers;
      return numbers === undefined ? lists.doesExist(key, document) : isIn(numbers, document);
    },
    count(key, atMost) {
      const list = known(key);
      if (list !== undefined) return Math.min(atMost, list.length);
      const length = lists.getValuesCount(key, {}); // LMDB knows it
      remember(key, length === 0 ? { length, numbers: [] } : { length });
      return Math.min(atMost, length);
    },
    whole(key, atMost) {
      const list = known(key);
      if (list !== undefined && list.length > atMost) return undefined;
      if (list?.numbers !== undefined) return list.numbers;
      const numbers: DocumentNumber[] = [];
      for (const document of lists.getValues(key)) if (numbers.push(document) > atMost) return undefined;
      if (numbers.length <= longestKept) remember(key, { length: numbers.length, numbers });
      return numbers;
    },
    *documents(key, walk = {}) {
      const numbers = known(key)?.numbers;
      if (numbers !== undefined) {
        yield* partOf(numbers, walk);
        return;
      }
      const { after, from = after, backwards = false } = walk;
      const start = from === undefined ? {} : { start: from };
      for (const document of lists.getValues(key, { reverse: backwards, ...start })) {
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
