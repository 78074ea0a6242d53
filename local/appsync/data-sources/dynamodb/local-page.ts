import { validationError, type WireItem, type WireMembers, type WireValue } from './api.js';
import { conditionHolds, projected } from './evaluate.js';
import {
  type Condition,
  type Operand,
  parseCondition,
  parseProjection,
  type Path,
  type Placeholders,
} from './expression.js';
import {
  type IndexSchema,
  isIndexed,
  itemKeyText,
  type KeySchema,
  keyAttributes,
  keyOf,
  type LocalTable,
} from './table-schema.js';
import { canonicalText, compareValues } from './values.js';

const order = (a: WireValue | undefined, b: WireValue | undefined): number =>
  a === undefined || b === undefined ? 0 : (compareValues(a, b) ?? 0);

/** The order of a table or index: by partition, which has none of its own, then sort key, then the table's key. */
function compareItems(keys: KeySchema, table: KeySchema, a: WireItem, b: WireItem): number {
  const partition = (item: WireItem): string => canonicalText(item[keys.hash.name] ?? { NULL: true });
  const [left, right] = [partition(a), partition(b)];
  if (left !== right) return left < right ? -1 : 1;
  const sorted = keys.range === undefined ? 0 : order(a[keys.range.name], b[keys.range.name]);
  if (sorted !== 0) return sorted;
  const [first, second] = [itemKeyText(table, a), itemKeyText(table, b)];
  return first < second ? -1 : first > second ? 1 : 0;
}

const pathName = (condition: Condition): string | undefined => {
  const operand =
    condition.kind === 'compare'
      ? condition.left
      : condition.kind === 'between'
        ? condition.of
        : condition.kind === 'function'
          ? condition.arguments[0]
          : undefined;
  return operand?.kind === 'path' && operand.path.length === 1 ? operand.path[0] : undefined;
};

/**
 * Whether a condition is one that Query takes: the partition key is equal to a value, and at most one of the sort key.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html
 */
function requireKeyCondition(condition: Condition, keys: KeySchema): void {
  const parts = condition.kind === 'and' ? [condition.left, condition.right] : [condition];
  const ofHash = parts.filter((part) => pathName(part) === keys.hash.name);
  const ofRange = parts.filter((part) => keys.range !== undefined && pathName(part) === keys.range.name);
  const isEqual = ofHash.length === 1 && ofHash.every((part) => part.kind === 'compare' && part.sign === '=');
  if (!isEqual || ofHash.length + ofRange.length !== parts.length) {
    throw validationError(
      `Query condition missed key schema element: ${isEqual ? (keys.range?.name ?? '') : keys.hash.name}`,
    );
  }
  const isSort = ofRange.every(
    (part) =>
      part.kind === 'between' ||
      (part.kind === 'compare' && part.sign !== '<>') ||
      (part.kind === 'function' && part.name === 'begins_with'),
  );
  if (!isSort) throw validationError('Query key condition not supported');
}

/** The attributes a condition speaks of. */
function attributesOf(condition: Condition): string[] {
  const named = (operands: readonly Operand[]): string[] =>
    operands.flatMap((operand) => (operand.kind === 'value' ? [] : [operand.path[0]]));
  switch (condition.kind) {
    case 'and':
    case 'or':
      return [...attributesOf(condition.left), ...attributesOf(condition.right)];
    case 'not':
      return attributesOf(condition.of);
    case 'compare':
      return named([condition.left, condition.right]);
    case 'between':
      return named([condition.of, condition.low, condition.high]);
    case 'in':
      return named([condition.of, ...condition.list]);
    case 'function':
      return named(condition.arguments);
  }
}

/** A Query reads by its keys: its filter may not speak of them. */
function requireNoKeys(filter: Condition, keys: KeySchema): void {
  const names = keyAttributes(keys).map(({ name }) => name);
  const named = attributesOf(filter).find((name) => names.includes(name));
  if (named === undefined) return;
  throw validationError(
    `Filter Expression can only contain non-primary key attributes: Primary key attribute: ${named}`,
  );
}

function indexOf(table: LocalTable, input: WireMembers): IndexSchema | undefined {
  const { IndexName } = input;
  if (typeof IndexName !== 'string') return undefined;
  const index = table.schema.indexes.find(({ name }) => name === IndexName);
  if (index === undefined) throw validationError(`The table does not have the specified index: ${IndexName}`);
  if (index.isGlobal && input['ConsistentRead'] === true) {
    throw validationError('Consistent reads are not supported on global secondary indexes');
  }
  return index;
}

/** A number between 0 and `segments` by the partition, so that segments are disjoint. */
function segmentOf(item: WireItem, keys: KeySchema, segments: number): number {
  let hash = 0;
  for (const character of canonicalText(item[keys.hash.name] ?? { NULL: true })) {
    hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  }
  return hash % segments;
}

const readText = <Read>(value: unknown, read: (text: string) => Read): Read | undefined =>
  typeof value === 'string' ? read(value) : undefined;

/**
 * A page of a Query or Scan over a table or one of its indexes: the limit counts items read, before the filter.
 * @returns `Items`, `Count`, `ScannedCount` and, where more may follow, `LastEvaluatedKey`.
 */
export function readPage(
  kind: 'Query' | 'Scan',
  table: LocalTable,
  input: WireMembers,
  placeholders: Placeholders,
): WireMembers {
  const index = indexOf(table, input);
  const keys: KeySchema = index ?? table.schema;
  const condition = readText(input['KeyConditionExpression'], (text) => parseCondition(text, placeholders));
  if (kind === 'Query') {
    if (condition === undefined)
      throw validationError(
        'Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.',
      );
    requireKeyCondition(condition, keys);
  }
  const filter = readText(input['FilterExpression'], (text) => parseCondition(text, placeholders));
  if (kind === 'Query' && filter !== undefined) requireNoKeys(filter, keys);
  const projection = readText(input['ProjectionExpression'], (text) => parseProjection(text, placeholders));
  placeholders.requireUsed();

  const descending = kind === 'Query' && input['ScanIndexForward'] === false;
  const sign = descending ? -1 : 1;
  const compare = (a: WireItem, b: WireItem): number => sign * compareItems(keys, table.schema, a, b);
  const { TotalSegments, Segment } = input;
  const after = input['ExclusiveStartKey'] as WireItem | undefined;
  const meant = [...table.items.values()]
    .filter((item) => index === undefined || isIndexed(index, item))
    .filter((item) => condition === undefined || conditionHolds(condition, item))
    .filter((item) => typeof TotalSegments !== 'number' || segmentOf(item, table.schema, TotalSegments) === Segment)
    .filter((item) => after === undefined || compare(item, after) > 0)
    .sort(compare);
  const limit = typeof input['Limit'] === 'number' ? input['Limit'] : meant.length;
  const page = meant.slice(0, limit);
  const last =
    meant.length > limit || (page.length === limit && page.length > 0 && typeof input['Limit'] === 'number')
      ? page.at(-1)
      : undefined;
  const found = page.filter((item) => filter === undefined || conditionHolds(filter, item));
  return {
    Items: found.map((item) => shown(item, table, index, projection)),
    Count: found.length,
    ScannedCount: page.length,
    ...(last === undefined ? {} : { LastEvaluatedKey: { ...keyOf(table.schema, last), ...keyOf(keys, last) } }),
  };
}

/** What an index has of an item, and of that what the projection asks for. */
function shown(
  item: WireItem,
  table: LocalTable,
  index: IndexSchema | undefined,
  projection: readonly Path[] | undefined,
): WireItem {
  const attributes = index?.projected;
  const kept =
    index === undefined || attributes === undefined
      ? item
      : Object.fromEntries(
          Object.entries(item).filter(([name]) =>
            [
              ...attributes,
              ...[...keyAttributes(table.schema), ...keyAttributes(index)].map((one) => one.name),
            ].includes(name),
          ),
        );
  return projection === undefined ? kept : projected(kept, projection);
}
