import type { AccessFilter } from '../../fhir/access.js';
import { parameterTypes, type ServedType } from '../parameter-types.js';
import type { Filter, SearchRequest, ValueFilter } from '../request.js';
import { inRange, sortKey, type TermRanges } from '../term.js';
import { type IndexedDocument, lacks } from './documents.js';
import { allOf, type KeyRange, keyRange, lists, postingKey, type Postings } from './postings.js';

/** One condition of a search in terms of the index; a search is all of its clauses. */
export interface Clause {
  /** The lists whose documents together satisfy it; absent where only `accepts` can tell. */
  readonly ranges?: readonly KeyRange[];
  /** Whether it is decided exactly; otherwise documents may satisfy it that do not match, never the other way round. */
  readonly exact: boolean;
  accepts(document: IndexedDocument): boolean;
}

/** The clauses of a search by a caller. */
export const clausesOf = ({ type, filters }: SearchRequest, access: AccessFilter, postings: Postings): Clause[] => [
  ...accessClauses(type, access),
  ...filters.map((filter) => clauseOf(type, filter, postings)),
];

function accessClauses(type: string, access: AccessFilter): Clause[] {
  if (access.kind === 'everything') return [];
  const { compartments } = access;
  return [
    {
      ranges: compartments.map((compartment) => ({ key: postingKey(type, lists.compartment, compartment) })),
      exact: true,
      accepts: (document) => compartments.some((compartment) => document.compartments.includes(compartment)),
    },
  ];
}

function clauseOf(type: string, filter: Filter, postings: Postings): Clause {
  const { code } = filter.parameter;
  if (filter.kind === 'missing') {
    return {
      ranges: bySignature(postings, type, (signature) => lacks(signature, code, false) === filter.missing),
      exact: true,
      accepts: ({ terms }) => (terms?.[code] === undefined) === filter.missing,
    };
  }
  const { ranges, exact } = termRanges<ServedType>(filter);
  const accepts = (document: IndexedDocument): boolean =>
    document.terms?.[code]?.some((term) => ranges.some((range) => inRange(term, range))) ?? false;
  if (filter.negated) return { exact, accepts: (document) => !exact || !accepts(document) };
  const keys = ranges.map((range) => keyRange(type, code, range));
  return { ranges: keys.length > 1 ? keys.filter((range) => isInUse(postings, range)) : keys, exact, accepts };
}

/** Whether there is such a list: what is in none is not looked up again and again. */
const isInUse = (postings: Postings, range: KeyRange): boolean => !('key' in range) || postings.count(range.key, 1) > 0;

function termRanges<T extends ServedType>({ type, queries }: ValueFilter<T>): TermRanges {
  const found = queries.map((query) => parameterTypes[type].ranges(query));
  return { ranges: found.flatMap(({ ranges }) => ranges), exact: found.every(({ exact }) => exact) };
}

/** The lists of all documents whose signature is wanted; there are few signatures. */
function bySignature(postings: Postings, type: string, wanted: (signature: string) => boolean): KeyRange[] {
  const { from, to } = allOf(type, lists.signature);
  return [...postings.keys(from, to)].filter((key) => wanted(key.slice(from.length))).map((key) => ({ key }));
}

/** The documents without a value to sort by. */
export const unsortedBy = (postings: Postings, type: string, code: string): Clause => ({
  ranges: bySignature(postings, type, (signature) => lacks(signature, code, true)),
  exact: true,
  accepts: ({ terms }) => sortKey(terms?.[code] ?? [], false) === null,
});
