import { anyOf, anyTerm, type Condition, type QueryDsl } from '../opensearch/condition.js';
import { keyed, type TermField } from '../opensearch/fields.js';
import type { ParameterType } from '../parameter-type.js';
import { afterAll, separator, type TermRange, type TermRanges } from '../term.js';
import type { ParameterQuery } from './parameter-query.js';

/**
 * A parameter type that is found by its terms, as in the embedded index.
 * @param field the field its terms stand in.
 * @param type its meaning.
 */
export const byTerms = <Value, Query>(
  field: TermField,
  type: ParameterType<Value, Query>,
): ParameterQuery<Value, Query> => ({
  index(fields, code, values) {
    for (const term of values.flatMap((value) => type.terms(value)).flatMap(withFirstPart))
      fields[field].add(keyed(code, term));
  },
  condition: (code, queries) =>
    inRanges(
      field,
      code,
      queries.map((query) => type.ranges(query)),
    ),
});

/** A term as it is indexed: itself, and its first part. */
export function withFirstPart(term: string): string[] {
  const start = firstPart(term);
  return start === undefined ? [term] : [term, start];
}

/**
 * The first of a term's parts (a code without its system, an id without its type), which is indexed as a term of its
 * own: it is often searched for, and terms are found faster than ranges, in any number. No other term looks like it.
 */
function firstPart(term: string): string | undefined {
  const end = term.indexOf(separator) + separator.length;
  return end < separator.length ? undefined : term.slice(0, end) + afterAll;
}

/** A range as a term, where it is that of all terms with a first part. */
function asTerm(range: TermRange): TermRange {
  if ('term' in range || range.accepts !== undefined || range.to !== range.from + afterAll) return range;
  return firstPart(range.from) === range.to ? { term: range.to } : range;
}

/**
 * The documents with a term in one of the ranges.
 * @param key stands before the terms in the field.
 */
export function inRanges(field: string, key: string, found: readonly TermRanges[]): Condition {
  const ranges = found.flatMap((each) => each.ranges.map(asTerm));
  const terms = new Set(ranges.flatMap((range) => ('term' in range ? [keyed(key, range.term)] : [])));
  const queries = [
    ...anyTerm(field, [...terms]),
    ...ranges.flatMap((range) => ('term' in range ? [] : [between(field, key, range)])),
  ];
  // What a range's predicate would not accept is found too.
  const isExact = ranges.every((range) => 'term' in range || range.accepts === undefined);
  return { query: anyOf(queries), exact: isExact && found.every(({ exact }) => exact), clauses: queries.length };
}

type Between = Exclude<TermRange, { readonly term: string }>;

const between = (field: string, key: string, { from, to }: Between): QueryDsl =>
  to === from + afterAll
    ? { prefix: { [field]: keyed(key, from) } }
    : { range: { [field]: { gte: keyed(key, from), lt: keyed(key, to) } } };
