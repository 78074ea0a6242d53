import type { Documents, Words } from './documents.js';
import type { PostingLists } from './postings.js';

/** An index as searches read it: all reads of one search happen in one turn, so on one snapshot. */
export interface IndexView {
  readonly postings: PostingLists;
  readonly documents: Documents;
  readonly words: Words;
  /** The type searched. */
  readonly type: string;
  readonly limits: SearchLimits;
}

/** Where searches change from collecting what they find to walking along lists. The results are the same. */
export interface SearchLimits {
  /** So many documents are collected and brought into order by their numbers. */
  readonly collected: number;
  /** So many documents are read and sorted for each page. */
  readonly sorted: number;
}
