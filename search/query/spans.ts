import type { Interval, IntervalQuery } from '../interval.js';
import { allOf, noneOf, type QueryDsl } from '../opensearch/condition.js';

/** A value as a span of numbers, and what it may be compared in: `''` for any unit. */
export interface Span extends Interval {
  readonly units: readonly string[];
}

/** A span asked for, in a unit. */
export interface SpanQuery {
  readonly unit: string;
  readonly interval: IntervalQuery;
  /** Whether every value with a matching span in this unit matches. */
  readonly exact: boolean;
}

/** A parameter type whose values are spans. */
export interface SpanType<Value, Query> {
  spans(value: Value): Span[];
  query(query: Query): SpanQuery;
}

/** A span as it stands in a nested object. */
export interface SpanFields {
  readonly unit: readonly string[];
  readonly low: number;
  readonly high: number;
}

/** Spans with equal ends as one, with the units of all of them. */
export function spanFields(spans: readonly Span[]): SpanFields[] {
  const found = new Map<string, SpanFields>();
  for (const { low, high, units } of spans) {
    const key = `${String(low)} ${String(high)}`;
    const known = found.get(key)?.unit ?? [];
    found.set(key, { unit: [...new Set([...known, ...units])], low: finite(low), high: finite(high) });
  }
  return [...found.values()];
}

/** JSON has no infinity, and a negative zero would sort before zero. */
const finite = (value: number): number =>
  value === 0 ? 0 : Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));

/** Beyond it a number cannot be told from infinity with certainty. */
const greatest = 1e308;

/** The most clauses of one span. */
export const spanClauses = 4;

/**
 * The nested objects whose span lies to the one asked for as its prefix says (`intervalMatches`).
 * @param path of the nested objects.
 * @returns undefined where the index cannot tell.
 */
export function spanCondition(path: string, { unit, interval }: SpanQuery): QueryDsl | undefined {
  const { prefix, low, high } = interval;
  if (Math.abs(low) > greatest || Math.abs(high) > greatest) return undefined;
  const lowEnd = (bounds: QueryDsl): QueryDsl => ({ range: { [`${path}.low`]: bounds } });
  const highEnd = (bounds: QueryDsl): QueryDsl => ({ range: { [`${path}.high`]: bounds } });
  const within = [lowEnd({ gte: finite(low) }), highEnd({ lte: finite(high) })];
  const lies = ((): QueryDsl[] => {
    switch (prefix) {
      case 'eq':
        return within;
      case 'ne':
        return [noneOf(allOf(within))];
      case 'gt':
        return [highEnd({ gt: finite(high) })];
      case 'lt':
        return [lowEnd({ lt: finite(low) })];
      case 'ge':
        return [highEnd({ gte: finite(low) })];
      case 'le':
        return [lowEnd({ lte: finite(high) })];
      case 'sa':
        return [lowEnd({ gt: finite(high) })];
      case 'eb':
        return [highEnd({ lt: finite(low) })];
      case 'ap':
        return [lowEnd({ lte: finite(high) }), highEnd({ gte: finite(low) })];
      case 'co':
        return [lowEnd({ lte: finite(low) }), highEnd({ gte: finite(high) })];
    }
  })();
  return allOf([{ term: { [`${path}.unit`]: unit } }, ...lies]);
}
