import { firstSorted, sortKey } from '../term.js';
import { collectSmallest, deciderOf, inNumberOrder, narrowed } from './candidates.js';
import type { Clause } from './clause.js';
import { unsortedBy } from './clauses.js';
import { comparePlaces, type OrderRule, type Place, sortKeys } from './documents.js';
import { allOf } from './postings.js';
import type { IndexView } from './view.js';

/**
 * The documents that satisfy all clauses, in the order of the rules, each once, as they are asked for.
 * @param after only places after this one, in the walk's direction.
 */
export function* inOrder(
  view: IndexView,
  clauses: readonly Clause[],
  rules: readonly OrderRule[],
  after?: Place,
  backwards = false,
): Generator<Place> {
  const [first, ...rest] = rules;
  if (first === undefined) {
    const walk = { backwards, ...(after === undefined ? {} : { after: after.number }) };
    for (const number of inNumberOrder(view, clauses, walk)) yield { keys: [], number };
    return;
  }
  const smallest = collectSmallest(view, clauses, view.limits.sorted);
  if (smallest !== undefined) {
    const { numbers, others } = narrowed(view, smallest, clauses);
    const satisfies = deciderOf(view, others);
    const places: Place[] = [];
    for (const number of numbers) {
      if (!satisfies(number)) continue;
      const document = view.documents.readLately(number);
      if (document !== undefined) places.push({ keys: sortKeys(document, rules), number, document });
    }
    const direction = backwards ? -1 : 1;
    places.sort((a, b) => direction * comparePlaces(a, b, rules));
    for (const place of places)
      if (after === undefined || direction * comparePlaces(place, after, rules) > 0) yield place;
    return;
  }
  const last = after === undefined ? undefined : (after.keys[0] ?? null);
  if (backwards) {
    if (last === undefined || last === null) yield* withoutValue(view, clauses, first, rest, after, backwards);
    yield* byValue(view, clauses, first, rest, last === null ? undefined : after, backwards);
  } else {
    if (last !== null) yield* byValue(view, clauses, first, rest, after, backwards);
    yield* withoutValue(view, clauses, first, rest, last === null ? after : undefined, backwards);
  }
}

/** Walks along the values of the first rule's parameter. */
function* byValue(
  view: IndexView,
  clauses: readonly Clause[],
  { code, descending }: OrderRule,
  rest: readonly OrderRule[],
  after: Place | undefined,
  backwards: boolean,
): Generator<Place> {
  const { from, to } = allOf(view.type, code, firstSorted);
  const prefix = from.slice(0, -firstSorted.length);
  const last = after?.keys[0] ?? undefined;
  const start = last === undefined ? {} : { start: prefix + last };
  for (const key of view.postings.keys(from, to, { ...start, backwards: descending !== backwards })) {
    const term = key.slice(prefix.length);
    const inside = term === last ? after : undefined;
    // A document with several values stands at the one it sorts by only.
    const sortsHere: Clause = {
      exact: true,
      accepts: (document) => sortKey(document.termsOf(code) ?? [], descending) === term,
    };
    if (rest.length === 0) {
      const walk = { backwards, ...(inside === undefined ? {} : { after: inside.number }) };
      const satisfies = deciderOf(view, [...clauses, sortsHere]);
      for (const number of view.postings.documents(key, walk)) if (satisfies(number)) yield { keys: [term], number };
      continue;
    }
    const hasValue: Clause = { ...sortsHere, ranges: [{ key }] };
    yield* within(term, inOrder(view, [...clauses, hasValue, sortsHere], rest, behind(inside), backwards));
  }
}

/** The documents without a value for the first rule's parameter. */
function* withoutValue(
  view: IndexView,
  clauses: readonly Clause[],
  { code }: OrderRule,
  rest: readonly OrderRule[],
  after: Place | undefined,
  backwards: boolean,
): Generator<Place> {
  yield* within(
    null,
    inOrder(view, [...clauses, unsortedBy(view.postings, view.type, code)], rest, behind(after), backwards),
  );
}

const behind = (place: Place | undefined): Place | undefined =>
  place === undefined ? undefined : { keys: place.keys.slice(1), number: place.number };

function* within(key: string | null, places: Iterable<Place>): Generator<Place> {
  for (const { keys, number } of places) yield { keys: [key, ...keys], number };
}
