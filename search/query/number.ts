import type { Interval, IntervalQuery } from '../interval.js';
import { byIntervals } from './intervals.js';
import type { ParameterQuery } from './parameter-query.js';

/** Numbers as spans: a number is a single point. */
export const numberQuery: ParameterQuery<Interval, IntervalQuery> = byIntervals;
