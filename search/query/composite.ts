import type { SearchParameterType } from '../../fhir/search-parameter.js';
import { allOf, anyOf, type QueryDsl } from '../opensearch/condition.js';
import { keyed } from '../opensearch/fields.js';
import type { Indexing } from '../parameter-type.js';
import { parameterTypes } from '../parameter-types.js';
import type { CompositeQuery, CompositeValue } from '../values/composite.js';
import { dateSpans } from './date.js';
import { numberSpans } from './number.js';
import type { ParameterQuery } from './parameter-query.js';
import { quantitySpans } from './quantity.js';
import { spanClauses, spanCondition, spanFields, type SpanType } from './spans.js';
import { inRanges, withFirstPart } from './terms.js';

const spanTypes: Readonly<Partial<Record<SearchParameterType, SpanType<unknown, unknown>>>> = {
  date: dateSpans,
  number: numberSpans,
  quantity: quantitySpans,
};

/** How the terms of a component that is not found by spans are made. */
function termsOf(type: SearchParameterType): Indexing<unknown, unknown> {
  const found = parameterTypes[type] as Indexing<unknown, unknown> & {
    readonly inComposite?: Indexing<unknown, unknown>;
  };
  return found.inComposite ?? found;
}

/** An element's spans are those of its first component that has spans; a second such is left to `match`. */
const spanPlace = (parts: readonly { readonly type: SearchParameterType }[]): number =>
  parts.findIndex(({ type }) => spanTypes[type] !== undefined);

const nothingSaid: QueryDsl = { match_all: {} };

/** Composites: each element a nested object, so that only values of one element are found together. */
export const compositeQuery: ParameterQuery<CompositeValue, CompositeQuery> = {
  index(fields, code, elements) {
    for (const element of elements) {
      const part = element.flatMap(({ type, values }, i) =>
        spanTypes[type] === undefined
          ? values
              .flatMap((value) => termsOf(type).terms(value).flatMap(withFirstPart))
              .map((term) => keyed(String(i), term))
          : [],
      );
      const shared = { code, part: [...new Set(part)] };
      const measured = element[spanPlace(element)];
      if (measured === undefined) fields.comp.push(shared);
      else {
        const spans = measured.values.flatMap((value) => spanTypes[measured.type]?.spans(value) ?? []);
        fields.comp.push(...spanFields(spans).map((span) => ({ ...shared, ...span })));
      }
    }
  },
  condition(code, queries) {
    const found = queries.map((query) => {
      const place = spanPlace(query);
      return query.map(({ type, query: part }, i) => {
        const spans = spanTypes[type];
        if (spans === undefined) return inRanges('comp.part', String(i), [termsOf(type).ranges(part)]);
        const span = spans.query(part);
        const condition = i === place ? spanCondition('comp', span) : undefined;
        return { query: condition ?? nothingSaid, exact: condition !== undefined && span.exact, clauses: spanClauses };
      });
    });
    const elements = anyOf(found.map((parts) => allOf(parts.map(({ query }) => query))));
    return {
      query: { nested: { path: 'comp', query: allOf([{ term: { 'comp.code': code } }, elements]) } },
      exact: found.flat().every(({ exact }) => exact),
      clauses: found.flat().reduce((sum, { clauses }) => sum + clauses, 1),
    };
  },
};
