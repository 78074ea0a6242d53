import { decimalNumber } from '../../fhir/json.js';
import { justBelow } from '../../fhir/just-below.js';
import { invalidRequest } from '../../fhir/outcome.js';
import type { ExtractedValue } from '../../fhir/search-parameter.js';
import { ucumSystem } from '../../fhir/ucum.js';
import { splitEscaped, unescaped } from '../escape.js';
import {
  type Interval,
  intervalMatches,
  type IntervalQuery,
  intervalRanges,
  intervalTerms,
  type Prefix,
  prefixOperators,
  splitPrefix,
} from '../interval.js';
import { withSystem } from '../filter-syntax.js';
import type { ParameterType, QueryContext } from '../parameter-type.js';
import { separator, termPart, unsorted } from '../term.js';
import { canonicalUnit } from '../ucum.js';
import { implicitLimits } from './number.js';

/** A measured amount of a resource, or a range of them. */
export interface QuantityValue {
  /** In its own unit. */
  readonly own: Interval;
  /** In the unit that its kind is compared in, and which that is; without a code nothing can be compared with it. */
  readonly canonical: Interval;
  readonly comparedIn?: string;
  readonly system: string;
  /** The unit as code and as text; `''` without. */
  readonly code: string;
  readonly unit: string;
}

/** What is asked for: `number`, `number||unit`, `number|system|` or `number|system|code`. */
export type QuantityQuery =
  | { readonly kind: 'any'; readonly own: IntervalQuery }
  | { readonly kind: 'unit'; readonly own: IntervalQuery; readonly unit: string }
  | { readonly kind: 'system'; readonly own: IntervalQuery; readonly system: string }
  | { readonly kind: 'coded'; readonly canonical: IntervalQuery; readonly comparedIn: string };

/** Limits of an interval, the high end not part of it where `open` says so. */
interface Limits {
  readonly low: number;
  readonly high: number;
  readonly open?: 'low' | 'high';
}

/** An open end is moved after it was converted, since conversion rounds. */
function closed({ low, high, open }: Limits, convert: (value: number) => number = (value) => value): Interval {
  const [from, to] = [Number.isFinite(low) ? convert(low) : low, Number.isFinite(high) ? convert(high) : high];
  return { low: open === 'low' ? -justBelow(-from) : from, high: open === 'high' ? justBelow(to) : to };
}

/** How a unit is compared: UCUM's in their canonical unit, others with the same code of the same system. */
function comparison(system: string, code: string): { comparedIn: string; convert?: (value: number) => number } {
  const unit = system === ucumSystem ? canonicalUnit(code) : undefined;
  if (unit !== undefined) return { comparedIn: unit.key, convert: unit.convert };
  return { comparedIn: `${termPart(system, 100)}|${termPart(code, 100)}` };
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function quantity(element: Readonly<Record<string, unknown>>, limits: Limits): QuantityValue {
  const isMoney = typeof element['currency'] === 'string'; // R4's Money; STU3's is a Quantity with this system
  const system = isMoney ? 'urn:iso:std:iso:4217' : text(element['system']);
  const code = text(isMoney ? element['currency'] : element['code']);
  const { comparedIn, convert } = code === '' ? {} : comparison(system, code);
  return {
    own: closed(limits),
    canonical: closed(limits, convert),
    ...(comparedIn === undefined ? {} : { comparedIn }),
    system,
    code,
    unit: text(element['unit']),
  };
}

/** What a comparator leaves open: `<5` is anything below 5. https://hl7.org/fhir/R4/datatypes.html#quantity */
function comparedLimits(value: number, comparator: unknown): Limits {
  switch (comparator) {
    case '<':
      return { low: -Infinity, high: value, open: 'high' };
    case '<=':
      return { low: -Infinity, high: value };
    case '>=':
      return { low: value, high: Infinity };
    case '>':
      return { low: value, high: Infinity, open: 'low' };
    default:
      return { low: value, high: value };
  }
}

type Element = Readonly<Record<string, unknown>>;
const element = (value: unknown): Element => (typeof value === 'object' && value !== null ? (value as Element) : {});

/** A Range lasts from its low to its high quantity; a missing end is open. Ends in units of different kinds are none. */
function rangeOf({ low, high }: Element): QuantityValue[] {
  const [from] = quantitiesOf({ type: 'Quantity', value: low });
  const [to] = quantitiesOf({ type: 'Quantity', value: high });
  if (from === undefined || to === undefined) {
    const end = from ?? to;
    const open = (interval: Interval): Interval =>
      to === undefined ? { ...interval, high: Infinity } : { ...interval, low: -Infinity };
    return end === undefined ? [] : [{ ...end, own: open(end.own), canonical: open(end.canonical) }];
  }
  if (to.code === '' && to.unit === '' && from.code !== '')
    return rangeOf({ low, high: { ...element(low), value: element(high)['value'] } });
  const canonical = spanOf(from.canonical, to.canonical);
  const isSameUnit = from.system === to.system && from.code === to.code && (from.code !== '' || from.unit === to.unit);
  if (isSameUnit) return [{ ...from, own: spanOf(from.own, to.own), canonical }];
  if (from.comparedIn === undefined || from.comparedIn !== to.comparedIn) return [];
  // 500 mg to 1 g: in the unit that both are compared in, since neither is the range's own.
  return [{ ...from, own: canonical, canonical, code: '', unit: '' }];
}

/** From the least to the greatest, whichever way round the ends stand. */
const spanOf = (a: Interval, b: Interval): Interval => ({
  low: Math.min(a.low, b.low),
  high: Math.max(a.high, b.high),
});

/** The span of samples: each is the origin plus a multiple of the factor. https://hl7.org/fhir/R4/datatypes.html#SampledData */
function samplesOf({ origin, factor, data }: Element): QuantityValue[] {
  const zero = decimalNumber(element(origin)['value']);
  if (zero === undefined || typeof data !== 'string') return [];
  let [low, high] = [Infinity, -Infinity];
  for (const sample of data.split(/\s+/)) {
    if (sample === 'L') low = -Infinity;
    else if (sample === 'U') high = Infinity;
    else if (sample !== '' && sample !== 'E') {
      const value = zero + Number(sample) * (decimalNumber(factor) ?? 1);
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low > high) return [];
  return [quantity(element(origin), { low, high })];
}

function quantitiesOf({ type, value }: ExtractedValue): QuantityValue[] {
  const found = element(value);
  if (type === 'Range') return rangeOf(found);
  if (type === 'SampledData') return samplesOf(found);
  const number = decimalNumber(found['value']);
  return number === undefined ? [] : [quantity(found, comparedLimits(number, found['comparator']))];
}

/** The limits a number means with a prefix. https://hl7.org/fhir/R4/search.html#number */
function queryLimits(prefix: Prefix, number: string): Limits | undefined {
  const implicit = implicitLimits(number);
  if (implicit === undefined) return undefined;
  if (prefix === 'eq' || prefix === 'ne') return { low: implicit.low, high: implicit.end, open: 'high' };
  const exact = Number(number);
  if (prefix !== 'ap') return { low: exact, high: exact };
  const tolerance = Math.abs(exact) / 10;
  return { low: Math.min(implicit.low, exact - tolerance), high: Math.max(implicit.end, exact + tolerance) };
}

// Each stands before an interval's terms: of any unit, of a unit as it is written, of units that can be compared.
const anyKey = `${unsorted}#`;
const unitKey = (unit: string): string => `${unsorted}~${termPart(unit)}${separator}`;
const codedKey = (comparedIn: string): string => `${unsorted}=${comparedIn}${separator}`;
const codedTerms = ({ canonical, comparedIn }: QuantityValue): string[] =>
  comparedIn === undefined ? [] : intervalTerms(canonical, 0, codedKey(comparedIn));

function parse(raw: string, { name }: QueryContext): QuantityQuery {
  const [first = '', system = '', code = '', ...more] = splitEscaped(raw, '|').map((part) => unescaped(part).trim());
  const { prefix, rest } = splitPrefix(first);
  const limits = queryLimits(prefix, rest);
  if (limits === undefined || more.length > 0) {
    throw invalidRequest(
      `${name} needs a number such as 5.4, a number and a unit such as 5.4||mg, or 5.4|${ucumSystem}|mg, not "${raw}"`,
      name,
    );
  }
  const own = { prefix, ...closed(limits) };
  if (system === '') return code === '' ? { kind: 'any', own } : { kind: 'unit', own, unit: code };
  if (code === '') return { kind: 'system', own, system };
  const { comparedIn, convert } = comparison(system, code);
  return { kind: 'coded', comparedIn, canonical: { prefix, ...closed(limits, convert) } };
}

/** Measured amounts: Quantity and its specializations, Money, Range, SampledData. https://hl7.org/fhir/R4/search.html#quantity */
export const quantityType: ParameterType<QuantityValue, QuantityQuery> = {
  modifiers: [],
  parse,
  operators: prefixOperators((text, context) => parse(withSystem(text), context)),
  values: (extracted) => extracted.flatMap(quantitiesOf),
  matches(value, query) {
    switch (query.kind) {
      case 'coded':
        return value.comparedIn === query.comparedIn && intervalMatches(value.canonical, query.canonical);
      case 'any':
        return intervalMatches(value.own, query.own);
      case 'unit':
        return (value.code === query.unit || value.unit === query.unit) && intervalMatches(value.own, query.own);
      case 'system':
        return value.system === query.system && intervalMatches(value.own, query.own);
    }
  },
  terms(value) {
    const { own, canonical, code, unit } = value;
    const units = [...new Set([code, unit])].filter((each) => each !== '');
    return [
      ...intervalTerms(canonical, Infinity), // to sort by
      ...intervalTerms(own, 0, anyKey),
      ...codedTerms(value),
      ...units.flatMap((each) => intervalTerms(own, 0, unitKey(each))),
    ];
  },
  ranges(query) {
    switch (query.kind) {
      case 'coded':
        return intervalRanges(query.canonical, 0, codedKey(query.comparedIn));
      case 'any':
        return intervalRanges(query.own, 0, anyKey);
      case 'unit':
        return intervalRanges(query.own, 0, unitKey(query.unit));
      case 'system':
        return { ...intervalRanges(query.own, 0, anyKey), exact: false };
    }
  },
  inComposite: {
    terms: (value) => [...intervalTerms(value.own, 0, anyKey), ...codedTerms(value)],
    ranges(query) {
      if (query.kind === 'coded') return intervalRanges(query.canonical, 0, codedKey(query.comparedIn));
      return { ...intervalRanges(query.own, 0, anyKey), exact: query.kind === 'any' };
    },
  },
};
