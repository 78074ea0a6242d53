/** A document's number in the index, in the order documents were first indexed: six characters that sort as it counts. */
export type DocumentNumber = string;

/** Where a walk along a posting list starts, and which way it goes. */
export interface Walk {
  /** Only documents after this one, in the walk's direction. */
  readonly after?: DocumentNumber;
  /** Only documents from this one on. */
  readonly from?: DocumentNumber;
  readonly backwards?: boolean;
}

const byCharacters = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Where in a sorted list the first one that is not before another is. */
export function firstFrom(sorted: readonly string[], wanted: string, compare = byCharacters): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(sorted[middle] ?? '', wanted) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether a document stands in a list, which is in order. */
export const isIn = (list: readonly DocumentNumber[], document: DocumentNumber): boolean =>
  list[firstFrom(list, document)] === document;

/** The part of a list that a walk passes, in its direction. */
export function partOf(
  list: readonly DocumentNumber[],
  { after, from = after, backwards = false }: Walk,
): readonly DocumentNumber[] {
  if (from === undefined) return backwards ? list.toReversed() : list;
  const at = firstFrom(list, from);
  if (!backwards) return list.slice(list[at] === after ? at + 1 : at);
  return list.slice(0, list[at] === from && from !== after ? at + 1 : at).reverse();
}
