import { allOf, anyOf, type QueryDsl } from '../opensearch/condition.js';
import type { ParameterQuery } from './parameter-query.js';
import { spanClauses, spanCondition, spanFields, type SpanType } from './spans.js';

/** A parameter type that is found by spans: each value a nested object, so that its two ends stay together. */
export const bySpans = <Value, Query>(type: SpanType<Value, Query>): ParameterQuery<Value, Query> => ({
  index(fields, code, values) {
    const spans = values.flatMap((value) => type.spans(value));
    fields.rng.push(...spanFields(spans).map((span) => ({ code, ...span })));
  },
  condition(code, queries) {
    const wanted = queries.map((query) => type.query(query));
    const conditions = wanted.map((query) => spanCondition('rng', query)).filter((each) => each !== undefined);
    const ofCode: QueryDsl = { term: { 'rng.code': code } };
    const isKnown = conditions.length === wanted.length;
    return {
      query: { nested: { path: 'rng', query: isKnown ? allOf([ofCode, anyOf(conditions)]) : ofCode } },
      exact: isKnown && wanted.every(({ exact }) => exact),
      clauses: 1 + spanClauses * conditions.length,
    };
  },
});
