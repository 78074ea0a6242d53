import type { Databases } from './databases.js';
import { countLists, documentNumber, type Merged } from './documents.js';
import { joinedLists } from './joined.js';
import { compareTerms } from '../term.js';
import { type PendingLists, pendingLists } from './pending-lists.js';
import type { DocumentNumber } from './numbers.js';
import type { PostingLists } from './postings.js';
import type { IndexedDocument } from './read-document.js';

/** How many postings wait in memory, and how many are merged at once. The results of searches are the same. */
export interface PendingLimits {
  /** So many postings wait before their documents are merged into the lists on disk. */
  readonly pending: number;
  /** Or so many documents, which are read at the next start. */
  readonly documents: number;
  /** So many postings are merged in one transaction, which holds up requests. */
  readonly merged: number;
}

/** What a change of a document does to posting lists: one that was not there stands in all of its own. */
export type PostingChanges = { readonly number: DocumentNumber } & (
  { readonly made: IndexedDocument } | { readonly removed: readonly string[]; readonly added: readonly string[] }
);

/**
 * The posting lists of the index that serves. New documents stand in lists in memory first, made from the documents
 * themselves, which are committed as ever; merges put many of them into the lists on disk at once, key by key
 * (docs/adr/0077-postings-are-merged-later.md). At any moment the lists on disk have of a document
 * - all postings, when its number is below `upTo`;
 * - those of keys up to `behind`, when it is below `to`: it is being merged;
 * - else none.
 */
export interface Pending {
  /** All lists as they are at this moment, for a search in the same turn; never in a commit. */
  lists(): PostingLists;
  /** Lets the lists in memory follow what was committed, where nothing is collected yet: it is less to keep than the changes. */
  readonly follow: () => void;
  /** Changes the lists by changes of documents, in the commit of those; `size` was that of documents before. */
  readonly write: (changes: readonly PostingChanges[], size: number) => void;
  /** Whether so much waits that it is time to merge, or a merge is under way, or nobody looked yet. */
  isDue(): boolean;
  /**
   * Merges the next part; called in a commit of its own, which writes of documents must not share.
   * @returns whether there is more to merge.
   */
  readonly merge: () => boolean;
}

/** Changes of one write, which count when the documents say that it was committed. */
interface Turn {
  readonly turn: number;
  readonly changes: readonly PostingChanges[];
  /** How many postings are added. */
  readonly postings: number;
}

/** Opens what is pending of an index; it is read from the documents when it is first asked for. */
export function openPending(
  { postings, documents }: Pick<Databases, 'postings' | 'documents'>,
  limits: PendingLimits,
): Pending {
  /** Documents that are being merged, and those behind them. */
  let older = pendingLists();
  let newer = pendingLists();
  let merged: Merged | undefined;
  /** What a merge put on disk, or will have when its commit is done. */
  let mergedNext: Merged | undefined;
  /** The last write that is in the lists; undefined before they are read. */
  let turn: number | undefined;
  /** Writes that may have been committed since; the numbers follow each other. */
  let turns: Turn[] = [];
  let waiting = 0;

  const segmentOf = (number: DocumentNumber): PendingLists =>
    merged?.merging !== undefined && number < documentNumber(merged.merging.to) ? older : newer;

  /** Whether it is time to merge. Deleted resources have no postings, and are read at a start all the same. */
  const isMuch = (size: number): boolean =>
    size >= limits.pending || (merged !== undefined && documents.size() - merged.upTo >= limits.documents);

  function readAll(): void {
    older = pendingLists();
    newer = pendingLists();
    turns = [];
    waiting = 0;
    turn = documents.turn();
    merged = documents.merged();
    mergedNext = undefined;
    if (merged === undefined) return;
    const size = documents.size();
    for (let count = merged.upTo; count < size; count += 1) {
      const number = documentNumber(count);
      const document = documents.read(number);
      if (document === undefined) continue; // the number is another index's that is being made
      segmentOf(number).addDocument(document, number);
    }
  }

  /** Lets the lists in memory follow a part of a merge that is on disk now. */
  function followMerge(next: Merged): void {
    if (merged?.merging === undefined) [older, newer] = [newer, pendingLists()];
    if (next.merging === undefined) older = pendingLists();
    merged = next;
    mergedNext = undefined;
  }

  /** Brings the lists to what is committed: writes that were not are dropped when others have their numbers. */
  function settle(): void {
    const committed = documents.turn();
    const onDisk = documents.merged();
    if (turn === undefined || (merged === undefined && committed > 0)) {
      readAll();
      return;
    }
    if (merged !== undefined && !isSame(onDisk, merged)) {
      if (mergedNext === undefined || !isSame(onDisk, mergedNext)) {
        readAll();
        return;
      }
      followMerge(mergedNext); // no write was committed between: merges are alone
    }
    while (turn < committed) {
      const next = turns.shift();
      if (next?.turn !== turn + 1) {
        readAll();
        return;
      }
      turn = next.turn;
      for (const change of next.changes) {
        const { number } = change;
        const segment = segmentOf(number);
        if ('made' in change) segment.addDocument(change.made, number);
        else {
          for (const list of change.removed) segment.remove(list, number);
          for (const list of change.added) segment.add(list, number);
        }
      }
      waiting -= next.postings;
    }
  }

  function write(changes: readonly PostingChanges[], size: number): void {
    let state = documents.merged();
    if (state === undefined) {
      state = { upTo: size };
      documents.setMerged(state);
    }
    const { upTo, merging } = state;
    const [first, end] = [documentNumber(upTo), merging === undefined ? '' : documentNumber(merging.to)];
    const isOnDisk = (number: DocumentNumber, list: string): boolean =>
      number < first || (merging !== undefined && number < end && compareTerms(list, merging.behind) <= 0);
    for (const change of changes) {
      if ('made' in change) continue; // its number is behind all that are on disk
      const { number, removed, added } = change;
      for (const list of removed) if (isOnDisk(number, list)) postings.remove(list, number);
      for (const list of added) if (isOnDisk(number, list)) postings.add(list, number);
    }
    const recent = changes.filter(({ number }) => number >= first);
    if (recent.length === 0) return;
    const next = documents.turn() + 1;
    documents.setTurn(next);
    while (next <= (turns.at(-1)?.turn ?? 0)) waiting -= turns.pop()?.postings ?? 0; // those were not committed
    const made = { turn: next, changes: recent, postings: recent.reduce((sum, change) => sum + added(change), 0) };
    turns.push(made);
    waiting += made.postings;
  }

  function merge(): boolean {
    settle();
    if (merged === undefined) return false;
    const isBegun = merged.merging !== undefined;
    if (!isBegun && !isMuch(newer.size())) return false;
    const { upTo } = merged;
    const { to, behind } = merged.merging ?? { to: documents.size(), behind: '' };
    const lists = isBegun ? older : newer;
    // The more has come meanwhile, the more is merged at once, or writes would be faster than merges.
    const most = limits.merged * (isBegun ? 1 + Math.floor(newer.size() / Math.max(1, limits.pending)) : 1);
    let next: Merged = { upTo: to };
    let [put, last] = [0, behind];
    for (const { key, list } of lists.behind(behind)) {
      if (put >= most) {
        next = { upTo, merging: { to, behind: last } };
        break;
      }
      for (const number of list) postings.add(key, number);
      put += list.length;
      last = key;
    }
    documents.setMerged(next);
    mergedNext = next;
    return next.merging !== undefined || (isBegun && newer.size() > 0 && newer.size() >= limits.pending);
  }

  return {
    lists() {
      settle();
      if (merged === undefined || older.size() + newer.size() === 0) return postings;
      const { upTo, merging } = merged;
      return joinedLists(postings, { end: documentNumber(upTo), behind: merging?.behind ?? '', older, newer });
    },
    follow() {
      if (turn !== undefined && !documents.isChanged()) settle();
    },
    write,
    isDue: () => turn === undefined || merged?.merging !== undefined || isMuch(newer.size() + waiting),
    merge,
  };
}

const isSame = (a: Merged | undefined, b: Merged): boolean =>
  a?.upTo === b.upTo && a.merging?.to === b.merging?.to && a.merging?.behind === b.merging?.behind;

/** How many postings a change adds. */
const added = (change: PostingChanges): number => ('made' in change ? countLists(change.made) : change.added.length);
