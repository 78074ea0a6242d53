import { Decimal, decimalNumber } from '../json.js';

type JsonObject = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Decimal);

/**
 * Whether a value is a fixed value, members and all; numbers count by their value.
 * https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.fixed_x_
 */
export function isFixed(value: unknown, fixed: unknown): boolean {
  if (Array.isArray(value) && Array.isArray(fixed)) {
    return value.length === fixed.length && value.every((item, place) => isFixed(item, fixed[place]));
  }
  if (isObject(value) && isObject(fixed)) {
    const names = Object.keys(value);
    return names.length === Object.keys(fixed).length && names.every((name) => isFixed(value[name], fixed[name]));
  }
  return isSame(value, fixed);
}

/**
 * Whether a value holds a pattern: at least its members, and for each item of its lists one that holds it.
 * https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.pattern_x_
 */
export function holdsPattern(value: unknown, pattern: unknown): boolean {
  if (Array.isArray(pattern)) {
    return Array.isArray(value) && pattern.every((each) => value.some((item) => holdsPattern(item, each)));
  }
  if (isObject(pattern)) {
    return isObject(value) && Object.entries(pattern).every(([name, each]) => holdsPattern(value[name], each));
  }
  return isSame(value, pattern);
}

const isSame = (value: unknown, other: unknown): boolean => {
  const [a, b] = [decimalNumber(value), decimalNumber(other)];
  return a === undefined || b === undefined ? value === other : a === b;
};
