import { FilterError, isMembers } from './dynamodb-expression.js';

/** One comparison of a subscription filter. */
export interface SubscriptionFilterEntry {
  readonly fieldName: string;
  readonly operator: string;
  readonly value: unknown;
}

/** Groups of which one must hold; in a group all filters. */
export interface SubscriptionFilter {
  readonly filterGroup: readonly { readonly filters: readonly SubscriptionFilterEntry[] }[];
}

type Group = readonly SubscriptionFilterEntry[];

/** https://docs.aws.amazon.com/appsync/latest/devguide/aws-appsync-real-time-enhanced-filtering.html */
const operators: ReadonlySet<string> = new Set([
  ...['eq', 'ne', 'le', 'lt', 'ge', 'gt', 'contains', 'notContains', 'beginsWith', 'in', 'notIn', 'between'],
  'containsAny',
]);

/** The most groups one filter becomes: what `or` multiplies would otherwise have no end. */
const maxGroups = 1_000;

/** All ways to take one group of each: what must hold together of alternatives. */
const together = (alternatives: readonly (readonly Group[])[]): readonly Group[] =>
  alternatives.reduce<readonly Group[]>(
    (before, next) => {
      if (before.length * next.length > maxGroups)
        throw new FilterError(`The filter has over ${String(maxGroups)} groups`);
      return before.flatMap((group) => next.map((other) => [...group, ...other]));
    },
    [[]],
  );

function entriesOf(fieldName: string, given: unknown): Group {
  if (!isMembers(given)) throw new FilterError(`${fieldName} must be an object with operators`);
  return Object.entries(given).map(([operator, value]) => {
    if (!operators.has(operator)) throw new FilterError(`${operator} is no operator of a subscription filter`);
    return { fieldName, operator, value };
  });
}

function groupsOf(given: unknown, ignored: ReadonlySet<string>): readonly Group[] {
  if (!isMembers(given)) throw new FilterError('A subscription filter must be an object');
  const alternatives = Object.entries(given)
    .filter(([name, value]) => !ignored.has(name) && value !== null && value !== undefined)
    .map(([name, value]): readonly Group[] => {
      const list: readonly unknown[] = Array.isArray(value) ? value : [value];
      if (name === 'and') return together(list.map((one) => groupsOf(one, ignored)));
      if (name === 'or') {
        const groups = list.flatMap((one) => groupsOf(one, ignored));
        return groups.length === 0 ? [[]] : groups;
      }
      return [entriesOf(name, value)];
    });
  return together(alternatives);
}

/**
 * `util.transform.toSubscriptionFilter`: a filter object as groups of comparisons.
 * @param filter such as `{ severity: { ge: 3 }, or: [{ team: { eq: 'a' } }, { team: { eq: 'b' } }] }`.
 * @param ignoredFields members of `filter` that are left out.
 * @param rules comparisons by field, at least one of which must hold beside the filter.
 * @returns the filter; null when nothing is asked for.
 * @throws FilterError for an operator that there is not.
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/transformation-helpers-in-utils-transform-js.html
 */
export function toSubscriptionFilter(
  filter: unknown,
  ignoredFields?: readonly string[] | null,
  rules?: unknown,
): SubscriptionFilter | null {
  const groups = groupsOf(filter ?? {}, new Set(ignoredFields ?? []));
  const strict = isMembers(rules) ? Object.entries(rules).map(([name, given]) => entriesOf(name, given)) : [];
  const all = (strict.length === 0 ? groups : together([groups, strict])).filter((group) => group.length > 0);
  return all.length === 0 ? null : { filterGroup: all.map((filters) => ({ filters })) };
}
