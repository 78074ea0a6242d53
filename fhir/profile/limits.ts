import { parseDateTime, type TimeSpan } from '../datetime.js';
import { decimalNumber } from '../json.js';
import type { ProfileLimit } from './profile.js';

/** How a value stands to a limit: `unknown` where they cannot be compared (other units). */
export type Comparison = 'below' | 'within' | 'above' | 'unknown';

/**
 * Compares a value with a least or greatest one. Dates of a part (`2020`) are within as long as some of what they
 * mean is. Of a date, a limit may be a duration: so long before now for the least, after now for the greatest.
 * https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.minValue_x_
 * @param direction of a duration from now: -1 for a least value, 1 for a greatest.
 */
export function compareToLimit(value: unknown, limit: ProfileLimit, direction: -1 | 1): Comparison {
  const number = decimalNumber(value);
  const other = decimalNumber(limit.value);
  if (number !== undefined && other !== undefined) return order(number, number, { low: other, high: other });
  if (typeof value === 'string') {
    if (limit.type === 'Time') return typeof limit.value === 'string' ? compareTexts(value, limit.value) : 'unknown';
    const span = parseDateTime(value);
    const bound = limit.type === 'Quantity' ? fromNow(limit.value, direction) : spanOf(limit.value);
    return span === undefined || bound === undefined ? 'unknown' : order(span.low, span.high, bound);
  }
  return limit.type === 'Quantity' ? compareQuantities(value, limit.value) : 'unknown';
}

const order = (low: number, high: number, bound: TimeSpan): Comparison =>
  high < bound.low ? 'below' : low > bound.high ? 'above' : 'within';

const compareTexts = (one: string, other: string): Comparison =>
  one === other ? 'within' : one < other ? 'below' : 'above';

const spanOf = (value: unknown): TimeSpan | undefined => (typeof value === 'string' ? parseDateTime(value) : undefined);

type Quantity = Readonly<Record<string, unknown>>;
const quantityOf = (value: unknown): Quantity | undefined =>
  typeof value === 'object' && value !== null ? (value as Quantity) : undefined;

function compareQuantities(value: unknown, limit: unknown): Comparison {
  const [one, other] = [quantityOf(value), quantityOf(limit)];
  const [a, b] = [decimalNumber(one?.['value']), decimalNumber(other?.['value'])];
  if (one === undefined || other === undefined || a === undefined || b === undefined) return 'unknown';
  const names = other['code'] === undefined ? ['unit'] : ['system', 'code'];
  if (names.some((name) => one[name] !== other[name])) return 'unknown';
  return order(a, a, { low: b, high: b });
}

const fixedLengths: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  wk: 604_800_000,
};

/** The moment a duration away from now; years and months go by the calendar. */
function fromNow(duration: unknown, direction: -1 | 1): TimeSpan | undefined {
  const quantity = quantityOf(duration);
  const value = decimalNumber(quantity?.['value']);
  const unit = quantity?.['code'] ?? quantity?.['unit'];
  if (value === undefined || typeof unit !== 'string') return undefined;
  const moment = new Date();
  const length = fixedLengths[unit];
  if (length !== undefined) moment.setTime(moment.getTime() + direction * value * length);
  else if (unit === 'a') moment.setUTCFullYear(moment.getUTCFullYear() + direction * value);
  else if (unit === 'mo') moment.setUTCMonth(moment.getUTCMonth() + direction * value);
  else return undefined;
  return { low: moment.getTime(), high: moment.getTime() };
}
