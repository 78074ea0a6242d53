import { RequestError, requestMembers } from '../data-source.js';
import { typedString } from './typed-string.js';

/** A key condition: one partition, and what sort keys of it are meant. */
export interface KeyCondition {
  readonly pk: string;
  /** Inclusive bounds within which every meant sort key lies. */
  readonly from?: string;
  readonly to?: string;
  /** Whether a sort key within the bounds is meant. */
  includes(sk: string): boolean;
}

const sortForms: readonly (readonly [
  RegExp,
  (name: (at: number) => string, value: (at: number) => string) => SortCondition,
])[] = [
  [/^(\S+)\s*=\s*(:\w+)$/, (name, value) => sortCondition(name(1), { from: value(2), to: value(2) })],
  [/^(\S+)\s*<=\s*(:\w+)$/, (name, value) => sortCondition(name(1), { to: value(2) })],
  [/^(\S+)\s*>=\s*(:\w+)$/, (name, value) => sortCondition(name(1), { from: value(2) })],
  [/^(\S+)\s*<\s*(:\w+)$/, (name, value) => sortCondition(name(1), { to: value(2) }, (sk) => sk !== value(2))],
  [/^(\S+)\s*>\s*(:\w+)$/, (name, value) => sortCondition(name(1), { from: value(2) }, (sk) => sk !== value(2))],
  [
    /^(\S+)\s+between\s+(:\w+)\s+and\s+(:\w+)$/i,
    (name, value) => sortCondition(name(1), { from: value(2), to: value(3) }),
  ],
  [
    /^begins_with\s*\(\s*(\S+?)\s*,\s*(:\w+)\s*\)$/i,
    (name, value) =>
      sortCondition(name(1), { from: value(2), to: `${value(2)}\u{10ffff}` }, (sk) => sk.startsWith(value(2))),
  ],
];

type SortCondition = { readonly name: string } & Omit<KeyCondition, 'pk'>;

const sortCondition = (
  name: string,
  bounds: { from?: string; to?: string },
  includes: (sk: string) => boolean = () => true,
): SortCondition => ({ name, ...bounds, includes });

/**
 * Reads the `query` of a Query request.
 * @param query its expression, expressionNames and expressionValues (DynamoDB-typed).
 * @throws RequestError for an expression that is not `pk = :v`, or that and one condition of sk.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html
 */
export function parseKeyCondition(query: Readonly<Record<string, unknown>>): KeyCondition {
  const expression = query['expression'];
  if (typeof expression !== 'string') throw new RequestError("Value for field '$[query.expression]' not found.");
  const names = requestMembers(query['expressionNames'] ?? {});
  const values = requestMembers(query['expressionValues'] ?? {});
  const value = (key: string): string => typedString(values[key], `query.expressionValues.${key}`);
  const name = (text: string): string => (text.startsWith('#') ? String(names[text]) : text);
  const [, partitionName, partitionValue, sortText] =
    /^\s*(\S+)\s*=\s*(:\w+)\s*(?:and\s+([\s\S]+?))?\s*$/i.exec(expression) ?? [];
  if (partitionName === undefined || partitionValue === undefined || name(partitionName) !== 'pk') {
    throw new RequestError(`Invalid KeyConditionExpression: ${expression}`);
  }
  const pk = value(partitionValue);
  if (sortText === undefined) return { pk, includes: () => true };
  for (const [form, make] of sortForms) {
    const found = form.exec(sortText);
    if (found === null) continue;
    const { name: sortName, ...rest } = make(
      (at) => name(found[at] ?? ''),
      (at) => value(found[at] ?? ''),
    );
    if (sortName === 'sk') return { pk, ...rest };
  }
  throw new RequestError(`Invalid KeyConditionExpression: ${expression}`);
}
