import { toDynamoDB, type TypedValue } from './dynamodb.js';

/** An expression with what its `#names` and `:values` stand for, as AppSync's DynamoDB requests have it. */
export interface DynamoDbExpression {
  readonly expression: string;
  readonly expressionNames: Readonly<Record<string, string>>;
  readonly expressionValues: Readonly<Record<string, TypedValue>>;
}

/** A filter or condition that says nothing DynamoDB understands. */
export class FilterError extends Error {
  override readonly name = 'FilterError';
}

type Members = Readonly<Record<string, unknown>>;
export const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const comparisons: Readonly<Record<string, string>> = { eq: '=', ne: '<>', le: '<=', lt: '<', ge: '>=', gt: '>' };

const attributeTypes: Readonly<Record<string, string>> = {
  _null: 'NULL',
  string: 'S',
  stringSet: 'SS',
  number: 'N',
  numberSet: 'NS',
  binary: 'B',
  binarySet: 'BS',
  boolean: 'BOOL',
  list: 'L',
  map: 'M',
};

/** Gathers the names and values of one expression. Names of attributes are always written as `#name`. */
export class ExpressionParts {
  readonly names: Record<string, string> = {};
  readonly values: Record<string, TypedValue> = {};

  /** @returns the document path of an attribute, such as `#address.#city` or `#tags[1]`. */
  path(steps: readonly string[]): string {
    return steps.map((step) => this.#name(step)).join('.');
  }

  /** @returns the placeholder of a value, named after where it stands: `:title_contains`. */
  value(name: string, value: unknown): string {
    const wanted = `:${placeholder(name)}`;
    let key = wanted;
    for (let count = 1; Object.hasOwn(this.values, key); count += 1) key = `${wanted}_${String(count)}`;
    this.values[key] = toDynamoDB(value);
    return key;
  }

  /** @returns the expression with its names and values. */
  of(expression: string): DynamoDbExpression {
    return { expression, expressionNames: this.names, expressionValues: this.values };
  }

  #name(step: string): string {
    const [, attribute = step, index = ''] = /^([^[\]]+)((?:\[\d+\])+)$/.exec(step) ?? [];
    const wanted = `#${placeholder(attribute)}`;
    let key = wanted;
    for (let count = 1; Object.hasOwn(this.names, key) && this.names[key] !== attribute; count += 1) {
      key = `${wanted}_${String(count)}`;
    }
    this.names[key] = attribute;
    return key + index;
  }
}

const placeholder = (text: string): string => text.replaceAll(/\W/g, '_');

type Operand = (path: string, name: string, value: unknown, parts: ExpressionParts) => string;

const functionOf =
  (name: string, before = ''): Operand =>
  (path, valueName, value, parts) =>
    `${before}${name}(${path}, ${parts.value(valueName, value)})`;

const operators: Readonly<Record<string, Operand>> = {
  ...Object.fromEntries(
    Object.entries(comparisons).map(([name, sign]): [string, Operand] => [
      name,
      (path, valueName, value, parts) => `${path} ${sign} ${parts.value(valueName, value)}`,
    ]),
  ),
  between(path, name, value, parts) {
    const [low, high] = listOf(value, name, 2);
    return `${path} BETWEEN ${parts.value(`${name}_1`, low)} AND ${parts.value(`${name}_2`, high)}`;
  },
  in(path, name, value, parts) {
    const values = listOf(value, name).map((one, index) => parts.value(`${name}_${String(index)}`, one));
    return `${path} IN (${values.join(', ')})`;
  },
  beginsWith: functionOf('begins_with'),
  contains: functionOf('contains'),
  notContains: functionOf('contains', 'NOT '),
  attributeExists: (path, _name, value) => `attribute_${value === false ? 'not_exists' : 'exists'}(${path})`,
  attributeType(path, name, value, parts) {
    const type = Object.hasOwn(attributeTypes, String(value)) ? attributeTypes[String(value)] : undefined;
    if (type === undefined) throw new FilterError(`${name}: ${String(value)} is no attribute type`);
    return `attribute_type(${path}, ${parts.value(name, type)})`;
  },
  size(path, name, value, parts) {
    if (!isMembers(value)) throw new FilterError(`${name} must be an object with operators`);
    return joined(operations(`size(${path})`, name, value, parts), 'AND');
  },
};

function listOf(value: unknown, name: string, length?: number): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0 && (length === undefined || value.length === length)) return value;
  throw new FilterError(`${name} must be a list of ${length === undefined ? 'values' : `${String(length)} values`}`);
}

const operatorOf = (name: string): Operand | undefined =>
  Object.hasOwn(operators, name) ? operators[name] : undefined;

/** The clauses of one attribute: several operators must all hold; an operator that is null was not given. */
const operations = (path: string, name: string, given: Members, parts: ExpressionParts): string[] =>
  Object.entries(given)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([operator, value]) => {
      const write = operatorOf(operator);
      if (write === undefined) throw new FilterError(`${operator} is no operator of a DynamoDB filter`);
      return write(path, `${name}_${operator}`, value, parts);
    });

function joined(clauses: readonly string[], by: 'AND' | 'OR'): string {
  const [first = '', ...others] = clauses;
  return others.length === 0 ? first : clauses.map((clause) => `(${clause})`).join(` ${by} `);
}

const prefixed = (prefix: string, name: string): string => (prefix === '' ? name : `${prefix}_${name}`);

function clausesOf(filter: unknown, steps: readonly string[], prefix: string, parts: ExpressionParts): string[] {
  if (!isMembers(filter)) throw new FilterError('A DynamoDB filter must be an object');
  return Object.entries(filter).flatMap(([name, given]) => {
    if (given === null || given === undefined) return [];
    if (name === 'and' || name === 'or') {
      const each = (Array.isArray(given) ? given : [given]).map((one, index) =>
        joined(clausesOf(one, steps, prefixed(prefix, `${name}_${String(index)}`), parts), 'AND'),
      );
      const clause = joined(
        each.filter((one) => one !== ''),
        name === 'and' ? 'AND' : 'OR',
      );
      return clause === '' ? [] : [clause];
    }
    if (name === 'not') {
      const clause = joined(clausesOf(given, steps, prefixed(prefix, name), parts), 'AND');
      return clause === '' ? [] : [`NOT (${clause})`];
    }
    if (!isMembers(given)) throw new FilterError(`${name} must be an object with operators`);
    const below = [...steps, ...name.split('.')];
    // Without an operator among its members it is a map whose attributes are meant.
    if (Object.keys(given).some((operator) => operatorOf(operator) !== undefined)) {
      if (Object.values(given).every((value) => value === null || value === undefined)) return [];
      return operations(parts.path(below), prefixed(prefix, below.join('_')), given, parts);
    }
    return clausesOf(given, below, prefix, parts);
  });
}

/**
 * Turns a filter object into a DynamoDB expression: members must all hold; `and`, `or` and `not` combine filters.
 * @param filter such as `{ title: { contains: 'x' }, or: [{ n: { gt: 1 } }] }`.
 * @returns the expression, empty for a filter that says nothing.
 * @throws FilterError for an operator that there is not, or a value it cannot take.
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/transformation-helpers-in-utils-transform-js.html
 */
export function filterExpression(filter: unknown): DynamoDbExpression {
  const parts = new ExpressionParts();
  return parts.of(joined(clausesOf(filter, [], '', parts), 'AND'));
}

/**
 * Turns the `query` of the DynamoDB module into a key condition: `{ id: { eq: 'a' }, at: { beginsWith: '2020' } }`.
 * @throws FilterError as {@link filterExpression}.
 */
export function keyCondition(query: unknown): DynamoDbExpression {
  const parts = new ExpressionParts();
  // DynamoDB takes no parentheses around the two parts of a key condition.
  return parts.of(clausesOf(query, [], '', parts).join(' AND '));
}
