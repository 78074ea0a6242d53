import type { Interval, IntervalQuery } from '../interval.js';
import { bySpans } from './by-spans.js';
import type { SpanType } from './spans.js';

/** Dates, times and periods as the milliseconds they last. */
export const dateSpans: SpanType<Interval, IntervalQuery> = {
  spans: (value) => [{ ...value, units: [''] }],
  query: (interval) => ({ unit: '', interval, exact: true }),
};

/** Dates, times and periods by the milliseconds they last. */
export const dateQuery = bySpans(dateSpans);
