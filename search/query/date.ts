import type { Interval, IntervalQuery } from '../interval.js';
import { byIntervals } from './intervals.js';
import type { ParameterQuery } from './parameter-query.js';

/** Dates, times and periods by the milliseconds they last. */
export const dateQuery: ParameterQuery<Interval, IntervalQuery> = byIntervals;
