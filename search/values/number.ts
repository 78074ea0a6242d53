import { decimalNumber } from '../../fhir/json.js';
import { justBelow } from '../../fhir/just-below.js';
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

const pattern = /^([+-]?)(\d{1,300})(?:\.(\d{1,300}))?(?:[eE]([+-]?\d{1,3}))?$/;

/**
 * The numbers a decimal means by its digits: 100 is 99.5 up to, not including, 100.5.
 * @see https://hl7.org/fhir/R4/search.html#number
 * @returns undefined for what is no decimal.
 */
export function implicitRange(text: string): Interval | undefined {
  const limits = implicitLimits(text);
  return limits === undefined ? undefined : { low: limits.low, high: justBelow(limits.end) };
}

/** As `implicitRange`; `end` is the first number that is not part of it. */
export function implicitLimits(text: string): { low: number; end: number } | undefined {
  const [matched, sign, whole, written = '', exponent] = pattern.exec(text) ?? [];
  if (matched === undefined || whole === undefined) return undefined;
  // The specification reads 1e2 as 95 up to 105: as if it were written 1.0e2.
  const fraction = written === '' && exponent !== undefined ? '0' : written;
  const tenths = BigInt(`${sign ?? ''}${whole}${fraction}0`); // in tenths of the last digit, so that a half is 5
  const power = `e${String(Number(exponent ?? 0) - fraction.length - 1)}`;
  return { low: Number(`${String(tenths - 5n)}${power}`), end: Number(`${String(tenths + 5n)}${power}`) };
}

const point = (value: unknown): number | undefined => decimalNumber(value);

/** The numbers an element holds: a number, or a Range, whose missing end is open. */
function numbersOf({ type, value }: ExtractedValue): Interval[] {
  if (type === 'Range') {
    const { low, high } = value as { low?: { value?: unknown }; high?: { value?: unknown } };
    const from = point(low?.value);
    const to = point(high?.value);
    if (from === undefined && to === undefined) return [];
    const [start, end] = [from ?? -Infinity, to ?? Infinity];
    return [{ low: Math.min(start, end), high: Math.max(start, end) }]; // whichever way round they stand
  }
  const exact = point(typeof value === 'object' && value !== null && 'value' in value ? value.value : value);
  return exact === undefined ? [] : [{ low: exact, high: exact }];
}

function parse(text: string, { name }: QueryContext): IntervalQuery {
  const { prefix, rest } = splitPrefix(unescaped(text).trim());
  const range = implicitRange(rest);
  if (range === undefined) throw invalidRequest(`${name} needs a number such as 100, 5.40 or 1e2, not "${text}"`, name);
  if (prefix === 'eq' || prefix === 'ne') return { prefix, ...range };
  const exact = Number(rest);
  if (prefix !== 'ap') return { prefix, low: exact, high: exact };
  const tolerance = Math.abs(exact) / 10;
  return { prefix, low: Math.min(range.low, exact - tolerance), high: Math.max(range.high, exact + tolerance) };
}

/** Numbers. `eq`, `ne` and `ap` go by the digits given, the other prefixes by the exact number. */
export const numberType: ParameterType<Interval, IntervalQuery> = {
  modifiers: [],
  parse,
  operators: prefixOperators(parse),
  values: (extracted) => extracted.flatMap(numbersOf),
  matches: intervalMatches,
  terms: (value) => intervalTerms(value, 0),
  ranges: (query) => intervalRanges(query, 0),
};
