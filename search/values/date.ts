import { parseDateTime } from '../../fhir/datetime.js';
import { invalidRequest } from '../../fhir/outcome.js';
import type { ExtractedValue } from '../../fhir/search-parameter.js';
import { unescaped } from '../escape.js';
import {
  type Interval,
  intervalMatches,
  type IntervalQuery,
  intervalRanges,
  intervalTerms,
  prefixOperators,
  splitPrefix,
} from '../interval.js';
import type { ParameterType, QueryContext } from '../parameter-type.js';

/** The longest span that is found by its start alone: a day. */
const usual = 86_400_000;

const timeSpan = (text: unknown): Interval[] => {
  const span = typeof text === 'string' ? parseDateTime(text) : undefined;
  return span === undefined ? [] : [span];
};

/** A period lasts from the first moment of its start to the last of its end; a missing end is open. */
function periodSpan(period: { start?: unknown; end?: unknown }): Interval[] {
  const [start] = timeSpan(period.start);
  const [end] = timeSpan(period.end);
  if (start === undefined && end === undefined) return [];
  const low = start?.low ?? -Infinity;
  return [{ low, high: Math.max(low, end?.high ?? Infinity) }];
}

/** A timing lasts from the first to the last of its events and bounds. https://hl7.org/fhir/R4/search.html#date */
function timingSpan(timing: {
  event?: unknown;
  repeat?: { boundsPeriod?: { start?: unknown; end?: unknown } | null } | null;
}): Interval[] {
  const spans = [
    ...(Array.isArray(timing.event) ? timing.event.flatMap(timeSpan) : []),
    ...periodSpan(timing.repeat?.boundsPeriod ?? {}),
  ];
  if (spans.length === 0) return [];
  return [
    {
      low: spans.reduce((least, { low }) => Math.min(least, low), Infinity),
      high: spans.reduce((greatest, { high }) => Math.max(greatest, high), -Infinity),
    },
  ];
}

function spansOf({ type, value }: ExtractedValue): Interval[] {
  if (typeof value !== 'object' || value === null) return timeSpan(value);
  if (type === 'Period') return periodSpan(value);
  return type === 'Timing' ? timingSpan(value) : [];
}

function parse(text: string, { name, now }: QueryContext): IntervalQuery {
  const { prefix, rest } = splitPrefix(unescaped(text).trim());
  const span = spanOf(rest, text, name);
  if (prefix !== 'ap') return { prefix, ...span };
  const tolerance = Math.abs(now - span.low) / 10; // a tenth of the gap between now and the date
  return { prefix, low: span.low - tolerance, high: span.high + tolerance };
}

/** @throws OperationOutcomeError 400 for what is no date. */
function spanOf(text: string, written: string, name: string): Interval {
  const span = parseDateTime(text.replace(/ (?=\d\d:\d\d$)/, '+')); // a + that was not encoded arrives as a blank
  if (span !== undefined) return span;
  throw invalidRequest(
    `${name} needs a date such as 2012, 2012-05, 2012-05-31 or 2012-05-31T12:00:00Z, not "${written}"`,
    name,
  );
}

/** Dates, times and periods, compared as the spans they last. */
export const dateType: ParameterType<Interval, IntervalQuery> = {
  modifiers: [],
  parse,
  operators: {
    ...prefixOperators(parse),
    co: (value, { name }) => ({ prefix: 'co', ...spanOf(value, value, name) }),
    // They overlap: `ap` without a tolerance.
    po: (value, { name }) => ({ prefix: 'ap', ...spanOf(value, value, name) }),
  },
  values: (extracted) => extracted.flatMap(spansOf),
  matches: intervalMatches,
  terms: (value) => intervalTerms(value, usual),
  ranges: (query) => intervalRanges(query, usual),
};
