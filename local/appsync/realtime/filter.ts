import type { SubscriptionFilter, SubscriptionFilterEntry } from '../util/subscription-filter.js';

/** A filter that AppSync does not take; the message says why. */
export class FilterError extends Error {
  override readonly name = 'FilterError';
}

type Scalar = string | number | boolean;

const isScalar = (value: unknown): value is Scalar => ['string', 'number', 'boolean'].includes(typeof value);
const isOrdered = (value: unknown): value is string | number => typeof value === 'string' || typeof value === 'number';
const isOrderedList = (value: unknown): value is readonly (string | number)[] =>
  Array.isArray(value) && value.every(isOrdered);

/** Compares two values of the same kind; undefined for values of different kinds, which no order holds between. */
function order(left: unknown, right: unknown): number | undefined {
  if (!isOrdered(left) || typeof left !== typeof right) return undefined;
  return left === right ? 0 : left < (right as typeof left) ? -1 : 1;
}

const isIn = (field: unknown, values: readonly unknown[]): boolean => isScalar(field) && values.includes(field);

function contains(field: unknown, value: string | number): boolean {
  if (Array.isArray(field)) return field.includes(value);
  return typeof field === 'string' && typeof value === 'string' && field.includes(value);
}

/** What an operator takes and when it holds. */
interface Operator {
  /** What its value must be, for the message. */
  readonly takes: string;
  accepts(value: unknown): boolean;
  holds(field: unknown, value: never): boolean;
}

const equality = (holds: (field: unknown, value: Scalar) => boolean): Operator => ({
  takes: 'a string, a number or a boolean',
  accepts: isScalar,
  holds,
});

const comparison = (holds: (order: number) => boolean): Operator => ({
  takes: 'a string or a number',
  accepts: isOrdered,
  holds(field, value) {
    const found = order(field, value);
    return found !== undefined && holds(found);
  },
});

const list = (most: number, holds: (field: unknown, values: readonly (string | number)[]) => boolean): Operator => ({
  takes: `a list of 1 to ${String(most)} strings or numbers`,
  accepts: (value) => isOrderedList(value) && value.length > 0 && value.length <= most,
  holds,
});

/** https://docs.aws.amazon.com/appsync/latest/devguide/extensions-js.html#extensions-setSubscriptionInvalidationFilter-js */
const operators: Readonly<Record<string, Operator>> = {
  eq: equality((field, value) => field === value),
  ne: equality((field, value) => field !== value),
  le: comparison((found) => found <= 0),
  lt: comparison((found) => found < 0),
  ge: comparison((found) => found >= 0),
  gt: comparison((found) => found > 0),
  contains: { takes: 'a string or a number', accepts: isOrdered, holds: contains },
  notContains: {
    takes: 'a string or a number',
    accepts: isOrdered,
    holds: (field, value) => !contains(field, value),
  },
  beginsWith: {
    takes: 'a string',
    accepts: (value) => typeof value === 'string',
    holds: (field, value) => typeof field === 'string' && field.startsWith(value),
  },
  in: list(5, isIn),
  notIn: list(5, (field, values) => !isIn(field, values)),
  containsAny: list(20, (field, values) => values.some((value) => contains(field, value))),
  between: {
    takes: 'a list of two strings or numbers',
    accepts: (value) => isOrderedList(value) && value.length === 2,
    holds(field, [low, high]: readonly [string | number, string | number]) {
      const [above, below] = [order(field, low), order(field, high)];
      return above !== undefined && below !== undefined && above >= 0 && below <= 0;
    },
  },
};

const mostNested = 5;
const longestFieldName = 256;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function readRule(rule: unknown): SubscriptionFilterEntry {
  if (!isRecord(rule)) throw new FilterError('A rule of a subscription filter must be an object');
  const { fieldName, operator, value } = rule;
  if (typeof fieldName !== 'string' || fieldName === '' || fieldName.length > longestFieldName) {
    throw new FilterError(`fieldName must have 1 to ${String(longestFieldName)} characters`);
  }
  if (fieldName.split('.').length > mostNested) {
    throw new FilterError(`${fieldName} is nested deeper than ${String(mostNested)} levels`);
  }
  const known = typeof operator === 'string' && Object.hasOwn(operators, operator) ? operators[operator] : undefined;
  if (typeof operator !== 'string' || known === undefined) {
    throw new FilterError(`${String(operator)} is no operator: there are ${Object.keys(operators).join(', ')}`);
  }
  if (!known.accepts(value)) throw new FilterError(`${operator} of ${fieldName} takes ${known.takes}`);
  return { fieldName, operator, value };
}

/**
 * Reads what `extensions.setSubscriptionFilter` was given.
 * @returns the filter.
 * @throws FilterError when AppSync would not take it.
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/aws-appsync-real-time-enhanced-filtering.html
 */
export function readFilter(given: unknown): SubscriptionFilter {
  const group = isRecord(given) ? given['filterGroup'] : undefined;
  if (!Array.isArray(group)) throw new FilterError('A subscription filter must have a list "filterGroup"');
  return {
    filterGroup: group.map((filter: unknown) => {
      const rules = isRecord(filter) ? filter['filters'] : undefined;
      if (!Array.isArray(rules)) throw new FilterError('A member of "filterGroup" must have a list "filters"');
      return { filters: rules.map(readRule) };
    }),
  };
}

/** The value of a field; undefined when it is not there. */
const valueAt = (event: unknown, fieldName: string): unknown =>
  fieldName
    .split('.')
    .reduce<unknown>((at, name) => (isRecord(at) && Object.hasOwn(at, name) ? at[name] : undefined), event);

/**
 * Whether an event passes a filter: all rules of one of its filters hold.
 * @param filter as `readFilter` gives it.
 * @param event what the mutation gave for its selection; a field that was not selected is not there, so that only the
 *   negative operators (`ne`, `notIn`, `notContains`) hold of it.
 */
export const passes = (filter: SubscriptionFilter, event: unknown): boolean =>
  filter.filterGroup.some(({ filters }) =>
    filters.every(({ fieldName, operator, value }) =>
      operators[operator]?.holds(valueAt(event, fieldName), value as never),
    ),
  );

/**
 * The filter of a subscription whose resolver sets none: each argument equals the field of its name. An argument that
 * is null must find null, one that was not given does not count.
 * https://docs.aws.amazon.com/appsync/latest/devguide/aws-appsync-real-time-data.html#using-subscription-arguments
 */
export const passesArguments = (given: Readonly<Record<string, unknown>>, event: unknown): boolean =>
  Object.entries(given).every(([name, value]) => {
    const found = valueAt(event, name) ?? null;
    return value === undefined || JSON.stringify(found) === JSON.stringify(value);
  });
