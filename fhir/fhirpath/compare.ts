import { isDeepStrictEqual } from 'node:util';
import { parseDateTime } from '../datetime.js';
import { decimalNumber } from '../json.js';
import { type Collection, EvaluationError, type FhirNode } from './node.js';

const dateTypes: ReadonlySet<string> = new Set(['date', 'dateTime', 'instant']);

/**
 * Whether two values are equal; undefined when nobody knows: one has no value, or two dates are equal as far as the
 * less precise one goes. https://hl7.org/fhirpath/N1/#equals
 */
export function equalNodes(left: FhirNode, right: FhirNode): boolean | undefined {
  if (left.value === undefined || right.value === undefined) return undefined;
  const [a, b] = [decimalNumber(left.value), decimalNumber(right.value)];
  if (a !== undefined && b !== undefined) return a === b;
  if (dateTypes.has(left.type) || dateTypes.has(right.type)) {
    const order = compareDates(left.value, right.value);
    return order === undefined ? undefined : order === 0;
  }
  return left.value === right.value || isDeepStrictEqual(left.value, right.value);
}

/**
 * The order of two values: below 0, 0, or above 0; undefined when nobody knows: units that differ, dates that overlap.
 * https://hl7.org/fhirpath/N1/#comparison
 * @throws EvaluationError for values that have no order.
 */
export function orderOf(left: FhirNode, right: FhirNode): number | undefined {
  if (left.value === undefined || right.value === undefined) return undefined;
  const [a, b] = [decimalNumber(left.value), decimalNumber(right.value)];
  if (a !== undefined && b !== undefined) return a - b;
  if (dateTypes.has(left.type) || dateTypes.has(right.type)) return compareDates(left.value, right.value);
  if (typeof left.value === 'string' && typeof right.value === 'string') {
    return left.value < right.value ? -1 : left.value > right.value ? 1 : 0;
  }
  if (isQuantity(left.value) && isQuantity(right.value)) return compareQuantities(left.value, right.value);
  throw new EvaluationError(`a ${left.type} and a ${right.type} cannot be compared`);
}

function compareDates(left: unknown, right: unknown): number | undefined {
  if (typeof left !== 'string' || typeof right !== 'string') return undefined;
  if (left === right) return 0;
  const [a, b] = [parseDateTime(left), parseDateTime(right)];
  if (a === undefined || b === undefined) return undefined;
  // Seconds and their fraction are one precision: .5 is .500.
  if (left.includes('T') && right.includes('T')) return a.low - b.low;
  if (a.high < b.low) return -1;
  if (b.high < a.low) return 1;
  return a.low === b.low && a.high === b.high ? 0 : undefined;
}

interface Quantity {
  readonly value?: unknown;
  readonly unit?: unknown;
  readonly system?: unknown;
  readonly code?: unknown;
}

const isQuantity = (value: unknown): value is Quantity => typeof value === 'object' && value !== null;

/** Units are not converted: what has another unit has no known order. */
function compareQuantities(left: Quantity, right: Quantity): number | undefined {
  const [a, b] = [decimalNumber(left.value), decimalNumber(right.value)];
  const sameUnit =
    left.system === right.system && left.code === right.code && (left.code !== undefined || left.unit === right.unit);
  return a === undefined || b === undefined || !sameUnit ? undefined : a - b;
}

/**
 * A text that equal values share and others do not, so that many are told apart without comparing each with each.
 * @returns undefined for an element without a value, which is equal to nothing.
 */
export function identityOf({ type, value }: FhirNode): string | undefined {
  if (value === undefined) return undefined;
  const number = decimalNumber(value);
  if (number !== undefined) return `n${String(number)}`;
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value !== 'string') return `o${JSON.stringify(sorted(value))}`;
  const span = dateTypes.has(type) ? parseDateTime(value) : undefined;
  if (span === undefined) return `s${value}`;
  return value.includes('T') ? `t${String(span.low)}` : `d${String(span.low)} ${String(span.high)}`;
}

/** A JSON value with the members of its objects in one order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (decimalNumber(value) !== undefined || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  );
}

/** The items of a collection, each once. https://hl7.org/fhirpath/N1/#distinct-collection */
export function distinct(input: Collection): Collection {
  if (input.length < 2) return input;
  const seen = new Set<string>();
  return input.filter((item) => {
    const identity = identityOf(item);
    if (identity === undefined) return true;
    if (seen.has(identity)) return false;
    seen.add(identity);
    return true;
  });
}

/** Tells whether items are in a collection. */
export function membership(collection: Collection): (item: FhirNode) => boolean {
  if (collection.length === 0) return () => false;
  const identities = new Set(collection.map(identityOf));
  return (item) => {
    const identity = identityOf(item);
    return identity !== undefined && identities.has(identity);
  };
}
