import type { DocumentNumber } from './numbers.js';
import type { KeyRange } from './postings.js';
import type { ReadDocument } from './read-document.js';

/** One condition of a search in terms of the index; a search is all of its clauses. */
export interface Clause {
  /** The lists whose documents together satisfy it; absent where only `accepts` or `holds` can tell. */
  readonly ranges?: readonly KeyRange[];
  /**
   * Whether its lists are still to be looked for among the terms of a range, which is done when `ranges` are first asked
   * for. Where another clause has few documents, it is less work to look at those.
   */
  readonly isUnlooked?: boolean;
  /** The documents that satisfy it, in order, where they are known one by one. */
  readonly numbers?: readonly DocumentNumber[];
  /** Whether it is decided exactly; otherwise documents may satisfy it that do not match, never the other way round. */
  readonly exact: boolean;
  accepts(document: ReadDocument): boolean;
  /** Tells of a document in the index by its number alone, in place of `accepts`. */
  readonly holds?: (number: DocumentNumber) => boolean;
}
