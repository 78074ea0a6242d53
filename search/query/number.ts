import type { Interval, IntervalQuery } from '../interval.js';
import { bySpans } from './by-spans.js';
import type { SpanType } from './spans.js';

/** Numbers as spans: a number is a single point. */
export const numberSpans: SpanType<Interval, IntervalQuery> = {
  spans: (value) => [{ ...value, units: [''] }],
  query: (interval) => ({ unit: '', interval, exact: true }),
};

/** Numbers by the spans they are. */
export const numberQuery = bySpans(numberSpans);
