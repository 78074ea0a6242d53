import { type AccessFilter, compartmentsOfAccess } from '../access.js';
import { keyText } from '../../fhir/resource.js';
import { holding, inside } from '../document.js';
import { parameterTypes, type ServedType } from '../parameter-types.js';
import { refersRanges } from '../refers.js';
import type { AnyFilter, Filter, MissingFilter, RefersFilter, ValueFilter, WordsFilter } from '../request.js';
import type { TypeSearchPlan } from '../search-index.js';
import { firstSorted, inRange, sortKey, type TermRange, type TermRanges } from '../term.js';
import { lacks } from './documents.js';
import { deciderOf } from './candidates.js';
import type { Clause } from './clause.js';
import type { DocumentNumber } from './numbers.js';
import { allOf, type KeyRange, keyRange, lists, postingKey, type PostingLists } from './postings.js';
import type { ReadDocument } from './read-document.js';
import type { IndexView } from './view.js';

/** The clauses of a search by a caller. */
export const clausesOf = (view: IndexView, { request, access }: TypeSearchPlan): Clause[] => [
  ...accessClauses(view, access),
  ...request.filters.flatMap((filter) => clausesOfFilter(view, filter)),
];

function accessClauses(view: IndexView, access: AccessFilter): Clause[] {
  if (access.kind === 'everything') return [];
  const compartments = compartmentsOfAccess(access);
  const inside = compartments === undefined ? [] : [inCompartments(view.type, compartments)];
  if (compartments !== undefined && access.grants.every(({ filters }) => filters.length === 0)) return inside;
  const ways = access.grants.map((grant) => [
    ...(grant.compartments === undefined ? [] : [inCompartments(view.type, grant.compartments)]),
    ...grant.filters.flatMap((filter) => clausesOfFilter(view, filter)),
  ]);
  const [only, ...others] = ways;
  return only !== undefined && others.length === 0 ? only : [...inside, eitherClause(view, ways)];
}

/** All clauses of one of several ways hold. */
function eitherClause(view: IndexView, ways: readonly (readonly Clause[])[]): Clause {
  const deciders = ways.map((clauses) => deciderOf(view, clauses));
  return {
    exact: ways.flat().every(({ exact }) => exact),
    accepts: () => true,
    holds: (number) => deciders.some((satisfies) => satisfies(number)),
  };
}

const inCompartments = (type: string, compartments: readonly string[]): Clause => ({
  ranges: compartments.map((compartment) => ({ key: postingKey(type, lists.compartment, compartment) })),
  exact: true,
  accepts: (document) => compartments.some((compartment) => document.compartments.includes(compartment)),
});

function clausesOfFilter(view: IndexView, filter: Filter): Clause[] {
  switch (filter.kind) {
    case 'missing':
      return [missingClause(view, filter)];
    case 'values':
      return valueClauses<ServedType>(view, filter);
    case 'keys':
      return [keysClause(view, filter.ids)];
    case 'refers':
      return [refersClause(view, filter)];
    case 'compartment':
      return [inCompartments(view.type, [keyText(filter.compartment)])];
    case 'words':
      return [wordsClause(view, filter)];
    case 'contains':
      return [
        {
          ranges: [{ key: postingKey(view.type, holding, filter.type) }],
          exact: false,
          accepts: (document) => document.termsOf(holding)?.includes(filter.type) ?? false,
        },
      ];
    case 'all':
      return filter.filters.flatMap((each) => clausesOfFilter(view, each));
    case 'any':
      return anyClauses(view, filter);
    case 'not':
      return [notClause(view, filter.filter)];
  }
}

/** What decides that one of the conditions holds; and, where each has lists, that a document is in one of those. */
function anyClauses(view: IndexView, { filters }: AnyFilter<Filter>): Clause[] {
  const alternatives = filters.map((filter) => clausesOfFilter(view, filter));
  const deciding = eitherClause(view, alternatives);
  const onLists = alternatives.map((clauses) => clauses.find(({ ranges }) => ranges !== undefined));
  if (!onLists.every((clause) => clause !== undefined)) return [deciding];
  const narrowing: Clause = {
    ranges: onLists.flatMap(({ ranges = [] }) => ranges),
    exact: true,
    accepts: (document) => onLists.some((clause) => clause.accepts(document)),
  };
  return [narrowing, deciding];
}

/** Of candidates that may not match, those that do not are unknown: then all documents are candidates. */
function notClause(view: IndexView, filter: Filter): Clause {
  const clauses = clausesOfFilter(view, filter);
  const exact = clauses.every((clause) => clause.exact);
  const satisfies = deciderOf(view, clauses);
  return { exact, accepts: () => true, holds: (number) => !exact || !satisfies(number) };
}

function missingClause({ type, postings }: IndexView, { parameter, missing }: MissingFilter): Clause {
  const { code } = parameter;
  return {
    ranges: bySignature(postings, type, (signature) => lacks(signature, code, false) === missing),
    exact: true,
    accepts: (document) => (document.termsOf(code) === undefined) === missing,
  };
}

function valueClauses<T extends ServedType>({ type, postings }: IndexView, filter: ValueFilter<T>): Clause[] {
  const { code } = filter.parameter;
  const { ranges, exact } = termRanges(filter);
  const accepts = (document: ReadDocument): boolean =>
    document.termsOf(code)?.some((term) => ranges.some((range) => inRange(term, range))) ?? false;
  if (!filter.negated) {
    const lists = (): KeyRange[] => keysInUse(postings, type, code, ranges);
    const isNamed = ranges.every((range) => 'term' in range);
    return [isNamed ? { ranges: lists(), exact, accepts } : laterOnLists(lists, { exact, accepts })];
  }
  const deciding: Clause = { exact, accepts: (document) => !exact || !accepts(document) };
  const others = exact ? otherLists(postings, type, code, ranges) : undefined;
  return others === undefined ? [deciding] : [{ ranges: others, exact: true, accepts: () => true }, deciding];
}

/** A clause whose lists are looked for when they are first asked for. */
function laterOnLists(look: () => readonly KeyRange[], { exact, accepts }: Pick<Clause, 'exact' | 'accepts'>): Clause {
  let found: readonly KeyRange[] | undefined;
  return {
    exact,
    accepts,
    get ranges() {
      return (found ??= look());
    },
    get isUnlooked() {
      return found === undefined;
    },
  };
}

/** Looking whether a list is there pays off for so many lists. */
const mostLookedUp = 10_000;

/** The lists of a range are named one by one when there are no more of them: how long each is, is known without reading it. */
const fewKeys = 32;

/** The lists of terms; what is in none is not looked up again and again. */
function keysInUse(postings: PostingLists, type: string, code: string, ranges: readonly TermRange[]): KeyRange[] {
  const keys = ranges.map((range) => keyRange(type, code, range));
  const [only, second] = keys;
  if (only === undefined || keys.length > mostLookedUp || (second === undefined && 'key' in only)) return keys;
  const named = new Map<string, KeyRange>();
  const others: KeyRange[] = [];
  for (const range of keys) {
    const found = 'key' in range ? [range.key].filter((key) => postings.count(key, 1) > 0) : keysIn(postings, range);
    if (found === undefined) others.push(range);
    else for (const key of found) named.set(key, { key });
  }
  return [...named.values(), ...others];
}

/**
 * Lists in one of which every document is that has no term in the ranges: those of other terms to sort by, and of documents that
 * have none to sort by. Whoever has terms of the ranges only is in none of them. Undefined where there are many: then all
 * documents are looked at.
 */
function otherLists(
  postings: PostingLists,
  type: string,
  code: string,
  ranges: readonly TermRange[],
): KeyRange[] | undefined {
  const all = allOf(type, code, firstSorted);
  const prefix = all.from.slice(0, -firstSorted.length);
  const keys = keysIn(postings, all)?.filter((key) => {
    const term = key.slice(prefix.length);
    return !ranges.some((range) => inRange(term, range));
  });
  if (keys === undefined) return undefined;
  return [...keys.map((key) => ({ key })), ...bySignature(postings, type, (signature) => lacks(signature, code, true))];
}

/** The keys in a range; undefined when there are many. */
function keysIn(
  postings: PostingLists,
  { from, to, accepts }: Exclude<KeyRange, { readonly key: string }>,
): string[] | undefined {
  const found: string[] = [];
  let looked = 0;
  for (const key of postings.keys(from, to)) {
    if ((looked += 1) > fewKeys) return undefined;
    if (accepts?.(key) ?? true) found.push(key);
  }
  return found;
}

function keysClause({ type, documents, postings }: IndexView, ids: ReadonlySet<string>): Clause {
  const all = postingKey(type, lists.all, '');
  const numbers: DocumentNumber[] = [];
  for (const id of ids) {
    const number = documents.numberOf(type, id);
    if (number !== undefined && postings.has(all, number)) numbers.push(number);
  }
  numbers.sort();
  const known = new Set(numbers);
  return { numbers, exact: true, accepts: ({ id }) => ids.has(id), holds: (number) => known.has(number) };
}

function refersClause({ type, postings }: IndexView, { parameters, targets }: RefersFilter): Clause {
  const { ranges, exact } = refersRanges(targets);
  const terms = new Set(ranges.flatMap((range) => ('term' in range ? [range.term] : [])));
  const others = ranges.filter((range) => !('term' in range));
  const codes = parameters.map(({ code }) => code);
  const pointing =
    targets.contained.size === 0 ? [] : codes.filter((code) => postings.count(postingKey(type, inside, code), 1) > 0);
  return {
    ranges: [
      ...codes.flatMap((code) => keysInUse(postings, type, code, ranges)),
      ...pointing.map((code) => ({ key: postingKey(type, inside, code) })),
    ],
    exact: exact && pointing.length === 0,
    accepts: (document) =>
      codes.some((code) =>
        document.termsOf(code)?.some((term) => terms.has(term) || others.some((range) => inRange(term, range))),
      ) || pointing.some((code) => document.termsOf(inside)?.includes(code)),
  };
}

function wordsClause({ words }: IndexView, { parameter, queries }: WordsFilter): Clause {
  return {
    exact: queries.every(({ phrases }) => phrases.length === 0),
    accepts: () => true,
    holds: (number) => queries.some((query) => words.has(number, parameter, query.words)),
  };
}

function termRanges<T extends ServedType>({ type, queries }: ValueFilter<T>): TermRanges {
  const found = queries.map((query) => parameterTypes[type].ranges(query));
  return { ranges: found.flatMap(({ ranges }) => ranges), exact: found.every(({ exact }) => exact) };
}

/** The lists of all documents whose signature is wanted; there are few signatures. */
function bySignature(postings: PostingLists, type: string, wanted: (signature: string) => boolean): KeyRange[] {
  const { from, to } = allOf(type, lists.signature);
  return [...postings.keys(from, to)].filter((key) => wanted(key.slice(from.length))).map((key) => ({ key }));
}

/** The documents without a value to sort by. */
export const unsortedBy = (postings: PostingLists, type: string, code: string): Clause => ({
  ranges: bySignature(postings, type, (signature) => lacks(signature, code, true)),
  exact: true,
  accepts: (document) => sortKey(document.termsOf(code) ?? [], false) === null,
});
