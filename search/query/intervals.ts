import type { Interval, IntervalQuery } from '../interval.js';
import { allOf, anyOf, noneOf, type QueryDsl } from '../opensearch/condition.js';
import type { ParameterQuery } from './parameter-query.js';

/** A parameter type whose values are spans of numbers: each a nested object, so that its two ends stay together. */
export const byIntervals: ParameterQuery<Interval, IntervalQuery> = {
  index(fields, code, values) {
    const seen = new Set<string>();
    for (const { low, high } of values) {
      const key = `${String(low)} ${String(high)}`;
      if (seen.has(key)) continue;
      seen.add(key);
      fields.rng.push({ code, low: finite(low), high: finite(high) });
    }
  },
  condition(code, queries) {
    const wanted = queries.map(conditionOf);
    const found = wanted.filter((query) => query !== undefined);
    const isExact = found.length === wanted.length;
    const ofCode: QueryDsl = { term: { 'rng.code': code } };
    const query = { nested: { path: 'rng', query: isExact ? allOf([ofCode, anyOf(found)]) : ofCode } };
    return { query, exact: isExact, clauses: isExact ? 1 + 3 * found.length : 1 };
  },
};

/** JSON has no infinity, and a negative zero would sort before zero. */
const finite = (value: number): number =>
  value === 0 ? 0 : Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));

/** Beyond it a number cannot be told from infinity with certainty. */
const greatest = 1e308;

/** A span as its prefix says (`intervalMatches`); undefined where the index cannot tell. */
function conditionOf({ prefix, low, high }: IntervalQuery): QueryDsl | undefined {
  if (Math.abs(low) > greatest || Math.abs(high) > greatest) return undefined;
  const lowEnd = (bounds: QueryDsl): QueryDsl => ({ range: { 'rng.low': bounds } });
  const highEnd = (bounds: QueryDsl): QueryDsl => ({ range: { 'rng.high': bounds } });
  const within = allOf([lowEnd({ gte: finite(low) }), highEnd({ lte: finite(high) })]);
  switch (prefix) {
    case 'eq':
      return within;
    case 'ne':
      return noneOf(within);
    case 'gt':
      return highEnd({ gt: finite(high) });
    case 'lt':
      return lowEnd({ lt: finite(low) });
    case 'ge':
      return anyOf([highEnd({ gt: finite(high) }), within]);
    case 'le':
      return anyOf([lowEnd({ lt: finite(low) }), within]);
    case 'sa':
      return lowEnd({ gt: finite(high) });
    case 'eb':
      return highEnd({ lt: finite(low) });
    case 'ap':
      return allOf([lowEnd({ lte: finite(high) }), highEnd({ gte: finite(low) })]);
  }
}
