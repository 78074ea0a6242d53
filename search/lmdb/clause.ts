import type { AccessFilter } from '../../fhir/access.js';
import { parameterTypes, type ServedType } from '../parameter-types.js';
import type { Filter, SearchRequest, ValueFilter } from '../request.js';
import { inRange, sortKey, type TermRanges } from '../term.js';
import { type IndexedDocument, lacks } from './documents.js';
import { allOf, type KeyRange, keyRange, lists, postingKey } from './postings.js';

/** One condition of a search in terms of the index; a search is all of its clauses. */
export interface Clause {
  /** The lists whose documents together satisfy it; absent where only `accepts` can tell. */
  readonly ranges?: readonly KeyRange[];
  /** Whether it is decided exactly; otherwise documents may satisfy it that do not match, never the other way round. */
  readonly exact: boolean;
  accepts(document: IndexedDocument): boolean;
}

/** The clauses of a search by a caller. */
export const clausesOf = ({ type, filters }: SearchRequest, access: AccessFilter): Clause[] => [
  ...accessClauses(type, access),
  ...filters.map((filter) => clauseOf(type, filter)),
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

function clauseOf(type: string, filter: Filter): Clause {
  const { code } = filter.parameter;
  if (filter.kind === 'missing') return filter.missing ? missing(type, code) : present(type, code);
  const { ranges, exact } = termRanges<ServedType>(filter);
  const accepts = (document: IndexedDocument): boolean =>
    document.terms?.[code]?.some((term) => ranges.some((range) => inRange(term, range))) ?? false;
  if (filter.negated) return { exact, accepts: (document) => !exact || !accepts(document) };
  return { ranges: ranges.map((range) => keyRange(type, code, range)), exact, accepts };
}

function termRanges<T extends ServedType>({ type, queries }: ValueFilter<T>): TermRanges {
  const found = queries.map((query) => parameterTypes[type].ranges(query));
  return { ranges: found.flatMap(({ ranges }) => ranges), exact: found.every(({ exact }) => exact) };
}

function bySignature(type: string, wanted: (signature: string) => boolean): KeyRange {
  const range = allOf(type, lists.signature);
  return { ...range, accepts: (key) => wanted(key.slice(range.from.length)) };
}

const missing = (type: string, code: string): Clause => ({
  ranges: [bySignature(type, (signature) => lacks(signature, code, false))],
  exact: true,
  accepts: ({ terms }) => terms?.[code] === undefined,
});

const present = (type: string, code: string): Clause => ({
  ranges: [bySignature(type, (signature) => !lacks(signature, code, false))],
  exact: true,
  accepts: ({ terms }) => terms?.[code] !== undefined,
});

/** The documents without a value to sort by. */
export const unsortedBy = (type: string, code: string): Clause => ({
  ranges: [bySignature(type, (signature) => lacks(signature, code, true))],
  exact: true,
  accepts: ({ terms }) => sortKey(terms?.[code] ?? [], false) === null,
});
