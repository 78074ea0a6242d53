import type { Clause } from './clause.js';
import { documentCount } from './documents.js';
import { together } from './merged.js';
import { type DocumentNumber, partOf, type Walk } from './numbers.js';
import { type KeyRange, lists, postingKey } from './postings.js';
import type { IndexView } from './view.js';

/** The most lists that are walked along side by side. */
const sideBySide = 64;

/** A clause on few lists is checked by looking a document up in them, which is quicker than reading the document. */
const fewLists = 4;

/** The documents of one clause, in the order of their numbers. */
interface Collected {
  readonly clause: Clause;
  readonly numbers: readonly DocumentNumber[];
}

/** Reading along a list costs about this much less than a look into it: three times on 10⁵ documents, rounded up. */
const readsPerLook = 4;

/** From so many documents on it is asked first whether lists are worth reading along. */
const longNumbers = 256;

/** Fewer documents are looked at one by one: so many, and so many where lists must be looked for first. */
const worthNarrowing = 8;
const worthLooking = 32;

/**
 * Narrows what was collected by the clauses on short lists, and by those on lists whose part between the first and the last
 * document is short: what was written together stands together.
 * @returns the documents left, and the clauses still to be checked.
 */
export function narrowed(
  view: IndexView,
  { clause, numbers }: Collected,
  clauses: readonly Clause[],
): { numbers: readonly DocumentNumber[]; others: Clause[] } {
  let left = numbers;
  const others: Clause[] = [];
  const isUnlooked = (each: Clause): boolean => each.isUnlooked === true;
  for (const other of [...clauses.filter((each) => !isUnlooked(each)), ...clauses.filter(isUnlooked)]) {
    if (other === clause) continue;
    const isWorthIt = left.length >= (isUnlooked(other) ? worthLooking : worthNarrowing);
    const inLists = isWorthIt && onLists(other) ? documentsAmong(view, other.ranges, left) : undefined;
    if (inLists === undefined) others.push(other);
    else left = left.filter((number) => inLists.has(number));
  }
  return { numbers: left, others };
}

/** The documents of lists, at least those among others; undefined where reading the lists is more work than looking at each. */
function documentsAmong(
  view: IndexView,
  ranges: readonly KeyRange[],
  numbers: readonly DocumentNumber[],
): ReadonlySet<DocumentNumber> | undefined {
  const { postings, documents } = view;
  const length = sizeOf(view, ranges, Infinity);
  if (length <= numbers.length) return new Set(collect(view, ranges, Infinity));
  if (ranges.length > fewLists) return undefined;
  const [first = '', last = ''] = [numbers[0], numbers.at(-1)];
  let reads = numbers.length * readsPerLook;
  // A list that goes evenly over all documents would be given up after as many reads: none are made then.
  const part = (documentCount(last) - documentCount(first)) / documents.size();
  if (numbers.length > longNumbers && length * part > reads) return undefined;
  const inLists = new Set<DocumentNumber>();
  for (const range of ranges) {
    if (!('key' in range)) return undefined;
    for (const number of postings.documents(range.key, { from: first })) {
      if (number > last) break;
      if ((reads -= 1) < 0) return undefined;
      inLists.add(number);
    }
  }
  return inLists;
}

/**
 * The documents of the most selective clause, in the order of their numbers.
 * @returns undefined when every clause has more than `atMost`; then nothing was collected.
 */
export function collectSmallest(view: IndexView, clauses: readonly Clause[], atMost: number): Collected | undefined {
  const known = shortestKnown(clauses);
  let best = smallestOf(
    view,
    clauses.filter(({ isUnlooked }) => isUnlooked !== true),
    atMost,
  );
  if (best === undefined || best.size > fewNumbers) best = smallestOf(view, clauses, atMost);
  let numbers: readonly DocumentNumber[] | undefined;
  if (known !== undefined && known.numbers.length <= Math.min(atMost, best?.size ?? Infinity)) {
    best = { clause: known, size: known.numbers.length };
    numbers = known.numbers;
  }
  if (best === undefined || best.size > fewNumbers) {
    for (const clause of clauses) {
      if (clause.ranges === undefined || onLists(clause)) continue;
      const found = collect(view, clause.ranges, best === undefined ? atMost : best.size);
      if (found === undefined) continue;
      best = { clause, size: found.length };
      numbers = found;
    }
  }
  if (best === undefined) return undefined;
  return { clause: best.clause, numbers: numbers ?? collect(view, best.clause.ranges ?? [], Infinity) ?? [] };
}

/** So few documents are looked at one by one rather than narrowed by what must be looked for first. */
const fewNumbers = 256;

/** Of the clauses on lists the one with the fewest documents; undefined when each has more than `atMost`. */
function smallestOf(
  view: IndexView,
  clauses: readonly Clause[],
  atMost: number,
): { readonly clause: Clause; readonly size: number } | undefined {
  const [smallest] = clauses
    .filter(onLists)
    .map((clause) => ({ clause, size: sizeOf(view, clause.ranges, atMost) }))
    .sort((a, b) => a.size - b.size);
  return smallest !== undefined && smallest.size <= atMost ? smallest : undefined;
}

type KnownClause = Clause & { readonly numbers: readonly DocumentNumber[] };

/** Of the clauses whose documents are known one by one, the one with the fewest. */
const shortestKnown = (clauses: readonly Clause[]): KnownClause | undefined =>
  clauses
    .filter((clause): clause is KnownClause => clause.numbers !== undefined)
    .sort((a, b) => a.numbers.length - b.numbers.length)[0];

type ListClause = Clause & { readonly ranges: readonly KeyRange[] };

/** Whether a clause is the documents of a few lists known by name. */
const onLists = (clause: Clause): clause is ListClause =>
  clause.ranges !== undefined && clause.ranges.length <= sideBySide && clause.ranges.every((range) => 'key' in range);

/** How many documents the lists have together, those in several counted several times; more than `atMost` is not counted on. */
function sizeOf({ postings }: Pick<IndexView, 'postings'>, ranges: readonly KeyRange[], atMost: number): number {
  let size = 0;
  for (const range of ranges) {
    if (size > atMost) break;
    if ('key' in range) size += postings.count(range.key, atMost + 1);
  }
  return size;
}

/** The documents of ranges, in order and each once; undefined when there are more than `atMost`. */
function collect(
  { postings }: IndexView,
  ranges: readonly KeyRange[],
  atMost: number,
): readonly DocumentNumber[] | undefined {
  const [only, another] = ranges;
  if (only !== undefined && another === undefined && 'key' in only) return postings.whole(only.key, atMost);
  const found = new Set<DocumentNumber>();
  for (const range of ranges) {
    if ('key' in range) {
      for (const number of postings.documents(range.key)) {
        if (found.add(number).size > atMost) return undefined;
      }
      continue;
    }
    let last: string | undefined;
    let accepted = false;
    for (const { key, value } of postings.entries(range.from, range.to)) {
      if (key !== last) {
        last = key;
        accepted = range.accepts?.(key) ?? true;
      }
      if (accepted && found.add(value).size > atMost) return undefined;
    }
  }
  return [...found].sort();
}

/** What tells of a document whether it satisfies clauses; documents are read only where lists do not tell. */
export function deciderOf(
  { postings, documents }: IndexView,
  clauses: readonly Clause[],
): (number: DocumentNumber) => boolean {
  const byNumber: ((number: DocumentNumber) => boolean)[] = [];
  const toRead: Clause[] = [];
  for (const clause of clauses) {
    if (clause.holds !== undefined) byNumber.push(clause.holds);
    else if (clause.isUnlooked !== true && onLists(clause) && clause.ranges.length <= fewLists) {
      const keys = clause.ranges.flatMap((range) => ('key' in range ? [range.key] : []));
      byNumber.push((number) => keys.some((key) => postings.has(key, number)));
    } else toRead.push(clause);
  }
  return (number) => {
    for (const holds of byNumber) if (!holds(number)) return false;
    if (toRead.length === 0) return true;
    const document = documents.readLately(number);
    return document?.isDeleted === false && toRead.every((clause) => clause.accepts(document));
  };
}

/** Whether `deciderOf` decides clauses without reading a document. */
export const decidedByLists = (clauses: readonly Clause[]): boolean =>
  clauses.every((clause) => clause.holds !== undefined || (onLists(clause) && clause.ranges.length <= fewLists));

/** Documents among which are all that satisfy a search, and the clauses still to be checked on each. */
export interface Candidates {
  /** In the order of their numbers, each once, found as they are asked for. */
  readonly numbers: Iterable<DocumentNumber>;
  readonly others: readonly Clause[];
}

/**
 * The most selective clause's documents.
 * @param after only those after this one, in the walk's direction.
 * @param collectAtMost so many are collected and sorted at once; beyond, lists are walked along.
 */
export function candidates(
  view: IndexView,
  clauses: readonly Clause[],
  { after, backwards = false, collectAtMost }: Walk & { readonly collectAtMost: number },
): Candidates {
  const [only, second] = clauses;
  if (only !== undefined && second === undefined && onLists(only)) {
    // A page of what stands in lists known by name costs the page, however long they are.
    const keys = only.ranges.flatMap((range) => ('key' in range ? [range.key] : []));
    return { numbers: merged(view, keys, after, backwards), others: [] };
  }
  const smallest = collectSmallest(view, clauses, collectAtMost);
  if (smallest !== undefined) {
    const { numbers, others } = narrowed(view, smallest, clauses);
    const wanted = after === undefined ? numbers : numbers.filter((each) => (backwards ? each < after : each > after));
    return { numbers: backwards ? wanted.toReversed() : wanted, others };
  }
  const known = shortestKnown(clauses);
  if (known !== undefined) {
    const wanted = known.numbers.filter((each) => after === undefined || (backwards ? each < after : each > after));
    return { numbers: backwards ? wanted.reverse() : wanted, others: clauses.filter((each) => each !== known) };
  }
  const { keys, clause } = keysToWalk(view, clauses);
  return { numbers: merged(view, keys, after, backwards), others: clauses.filter((each) => each !== clause) };
}

/** The documents that satisfy all clauses, in the order of their numbers, each once, as they are asked for. */
export function* inNumberOrder(view: IndexView, clauses: readonly Clause[], walk: Walk): Generator<DocumentNumber> {
  const { numbers, others } = candidates(view, clauses, { collectAtMost: view.limits.collected, ...walk });
  const satisfies = deciderOf(view, others);
  for (const number of numbers) if (satisfies(number)) yield number;
}

/** The lists to walk along when no clause has few documents: those of the shortest clause with few lists, or all documents. */
function keysToWalk(view: IndexView, clauses: readonly Clause[]): { keys: readonly string[]; clause?: Clause } {
  let best: { keys: readonly string[]; clause: Clause; size: number } | undefined;
  for (const clause of clauses) {
    const keys = clause.ranges && keysOf(view, clause.ranges);
    if (keys === undefined) continue;
    const size = keys.reduce((sum, key) => sum + view.postings.count(key, 1_000_000), 0);
    if (best === undefined || size < best.size) best = { keys, clause, size };
  }
  return best ?? { keys: [postingKey(view.type, lists.all, '')] };
}

/** The keys of ranges, if there are few. */
function keysOf({ postings }: IndexView, ranges: readonly KeyRange[]): string[] | undefined {
  const keys = new Set<string>();
  for (const range of ranges) {
    if ('key' in range) keys.add(range.key);
    else {
      for (const key of postings.keys(range.from, range.to)) {
        if (range.accepts?.(key) ?? true) keys.add(key);
        if (keys.size > sideBySide) return undefined;
      }
    }
    if (keys.size > sideBySide) return undefined;
  }
  return [...keys];
}

/** A list of so many documents is read as a whole, and remembered, rather than walked along for a page. */
const shortList = 256;

/** Walks along several lists at once. */
function merged(
  { postings }: IndexView,
  keys: readonly string[],
  after: DocumentNumber | undefined,
  backwards: boolean,
): Iterable<DocumentNumber> {
  const walk = { backwards, ...(after === undefined ? {} : { after }) };
  const [only, another] = keys;
  if (only !== undefined && another === undefined && postings.count(only, shortList + 1) <= shortList) {
    return partOf(postings.whole(only, shortList) ?? [], walk);
  }
  const walks = keys.map((key) => postings.documents(key, walk));
  return together(walks, (a, b) => (backwards ? a > b : a < b));
}
