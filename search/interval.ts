import type { QueryContext } from './parameter-type.js';
import { afterAll, type TermRange, type TermRanges, unsorted } from './term.js';

/** A range of numbers, both ends part of it. A date is the milliseconds it lasts, a number a single point. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** How a value has to lie to the interval asked for. https://hl7.org/fhir/R4/search.html#prefix */
export const prefixes = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'] as const;

/** A prefix of date and number searches. */
export type Prefix = (typeof prefixes)[number];

/** How a value lies to an interval asked for: as a prefix says, or `co`: it contains the interval. */
export interface IntervalQuery extends Interval {
  readonly prefix: Prefix | 'co';
}

/**
 * The operators of `_filter` that are prefixes as well.
 * @param parse reads a value with its prefix.
 */
export const prefixOperators = <Query>(
  parse: (text: string, context: QueryContext) => Query,
): Readonly<Record<Prefix, (value: string, context: QueryContext) => Query>> => ({
  eq: (value, context) => parse(`eq${value}`, context),
  ne: (value, context) => parse(`ne${value}`, context),
  gt: (value, context) => parse(`gt${value}`, context),
  lt: (value, context) => parse(`lt${value}`, context),
  ge: (value, context) => parse(`ge${value}`, context),
  le: (value, context) => parse(`le${value}`, context),
  sa: (value, context) => parse(`sa${value}`, context),
  eb: (value, context) => parse(`eb${value}`, context),
  ap: (value, context) => parse(`ap${value}`, context),
});

const within = (value: Interval, query: Interval): boolean => value.low >= query.low && value.high <= query.high;

/**
 * Whether a value lies to a query as its prefix says. `ge` and `le` find a value that only overlaps the interval asked
 * for as well, such as a stay that ends on the day: the specification's words leave that out, other servers find it
 * (docs/adr/0046-ge-and-le-find-what-overlaps.md).
 * @see https://hl7.org/fhir/R4/search.html#prefix
 */
export function intervalMatches(value: Interval, query: IntervalQuery): boolean {
  switch (query.prefix) {
    case 'eq':
      return within(value, query);
    case 'ne':
      return !within(value, query);
    case 'gt':
      return value.high > query.high;
    case 'lt':
      return value.low < query.low;
    case 'ge':
      return value.high >= query.low;
    case 'le':
      return value.low <= query.high;
    case 'sa':
      return value.low > query.high;
    case 'eb':
      return value.high < query.low;
    case 'ap':
      return value.low <= query.high && value.high >= query.low;
    case 'co':
      return value.low <= query.low && value.high >= query.high;
  }
}

/** Splits `ge2012` into its prefix and the rest; without one it is `eq`. */
export function splitPrefix(text: string): { prefix: Prefix; rest: string } {
  const found = prefixes.find((each) => text.startsWith(each));
  return found === undefined ? { prefix: 'eq', rest: text } : { prefix: found, rest: text.slice(2) };
}

/** Digits whose order is that of their characters. */
const digits = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';
const view = new DataView(new ArrayBuffer(8));

const writeWord = (word: number): string => {
  let text = '';
  for (let shift = 30; shift >= 0; shift -= 6) text += digits.charAt((word >>> shift) & 63);
  return text;
};
const readWord = (text: string): number => {
  let word = 0;
  for (const digit of text) word = ((word << 6) | digits.indexOf(digit)) >>> 0;
  return word;
};

/** A number as 12 characters that sort as numbers do, infinities included. */
export function sortableNumber(value: number): string {
  view.setFloat64(0, value === 0 ? 0 : value);
  const high = view.getUint32(0);
  const low = view.getUint32(4);
  return high >>> 31 === 1
    ? writeWord(~high >>> 0) + writeWord(~low >>> 0)
    : writeWord((high | 0x80000000) >>> 0) + writeWord(low);
}

/** The number `sortableNumber` wrote. */
export function readSortableNumber(text: string): number {
  const high = readWord(text.slice(0, 6));
  const low = readWord(text.slice(6, 12));
  const negative = high >>> 31 === 0;
  view.setUint32(0, negative ? ~high >>> 0 : (high & 0x7fffffff) >>> 0);
  view.setUint32(4, negative ? ~low >>> 0 : low);
  return view.getFloat64(0);
}

/** The interval of a term without its key, whichever way round it was written. */
function intervalOf(term: string): Interval {
  if (term.startsWith(unsorted)) {
    return { high: readSortableNumber(term.slice(1, 13)), low: readSortableNumber(term.slice(13, 25)) };
  }
  const low = readSortableNumber(term.slice(0, 12));
  return { low, high: term.length > 12 ? readSortableNumber(term.slice(12, 24)) : low };
}

/**
 * The terms of an interval: low end, then high end; one that is longer than `usual` is found by its high end as well,
 * so that a search for high ends looks at usual ones by their low end and reads no more than it must.
 * @param key stands before each term, for intervals that are not to be compared with others.
 */
export function intervalTerms({ low, high }: Interval, usual: number, key = ''): string[] {
  const start = sortableNumber(low);
  if (high === low) return [key + start];
  const end = sortableNumber(high);
  return high - low > usual ? [key + start + end, key + unsorted + end + start] : [key + start + end];
}

/** Where the terms of matching intervals are, exactly; `usual` and `key` as `intervalTerms` was given. */
export function intervalRanges(query: IntervalQuery, usual: number, key = ''): TermRanges {
  const accepts = (term: string): boolean => intervalMatches(intervalOf(term.slice(key.length)), query);
  const lowEnds = (from: number, to: number): TermRange => ({
    from: key + sortableNumber(from),
    to: key + sortableNumber(to) + afterAll,
    accepts,
  });
  const highEnds = (from: number): TermRange => ({
    from: key + unsorted + sortableNumber(from),
    to: key + unsorted + afterAll,
    accepts,
  });
  const ranges = ((): TermRange[] => {
    switch (query.prefix) {
      case 'eq':
        return [lowEnds(query.low, query.high)];
      case 'ne':
        return [lowEnds(-Infinity, Infinity)];
      case 'lt':
      case 'eb':
        return [lowEnds(-Infinity, query.low)];
      case 'le':
        return [lowEnds(-Infinity, query.high)];
      case 'sa':
        return [lowEnds(query.high, Infinity)];
      case 'gt':
        return [lowEnds(below(query.high, usual), Infinity), highEnds(query.high)];
      case 'ge':
        return [lowEnds(below(query.low, usual), Infinity), highEnds(query.low)];
      case 'ap':
      case 'co':
        return [lowEnds(below(query.low, usual), query.high), highEnds(query.low)];
    }
  })();
  return { ranges, exact: true };
}

/** A number that is surely no greater than `from - by`, rounding included. */
const below = (from: number, by: number): number => (Number.isFinite(from) ? from - by - Math.abs(from) * 1e-12 : from);
