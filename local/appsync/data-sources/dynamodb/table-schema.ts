import { validationError, type WireItem, type WireValue } from './api.js';
import { canonicalText, typeOf } from './values.js';

/** An attribute of a key. */
export interface KeyAttribute {
  readonly name: string;
  readonly type: 'S' | 'N' | 'B';
}

/** A partition key and, where there is one, a sort key. */
export interface KeySchema {
  readonly hash: KeyAttribute;
  readonly range?: KeyAttribute;
}

/** A secondary index. */
export interface IndexSchema extends KeySchema {
  readonly name: string;
  readonly isGlobal: boolean;
  /** The attributes it has beside the keys; all without it. */
  readonly projected?: readonly string[];
}

/** A table as `AWS::DynamoDB::Table` describes it. */
export interface TableSchema extends KeySchema {
  readonly name: string;
  readonly indexes: readonly IndexSchema[];
}

/** A table in memory: its items by the text of their keys. */
export interface LocalTable {
  readonly schema: TableSchema;
  readonly items: Map<string, WireItem>;
}

/** The attributes of a key schema. */
export const keyAttributes = ({ hash, range }: KeySchema): readonly KeyAttribute[] =>
  range === undefined ? [hash] : [hash, range];

const isEmpty = (value: WireValue): boolean => ('S' in value && value.S === '') || ('B' in value && value.B === '');

/**
 * A key as text, which identifies its item.
 * @param key exactly the attributes of the table's key.
 * @throws DynamoDbError when it is another key.
 */
export function keyText(schema: KeySchema, key: WireItem): string {
  const attributes = keyAttributes(schema);
  const isKey =
    Object.keys(key).length === attributes.length &&
    attributes.every(
      ({ name, type }) => Object.hasOwn(key, name) && key[name] !== undefined && typeOf(key[name]) === type,
    );
  if (!isKey) throw validationError('The provided key element does not match the schema');
  return itemKeyText(schema, key);
}

/** The text of an item's key. @throws DynamoDbError when an attribute of it is missing, empty or of another type. */
export function itemKeyText(schema: KeySchema, item: WireItem): string {
  return JSON.stringify(
    keyAttributes(schema).map(({ name, type }) => {
      const value = Object.hasOwn(item, name) ? item[name] : undefined;
      if (value === undefined)
        throw validationError(`One or more parameter values were invalid: Missing the key ${name} in the item`);
      if (typeOf(value) !== type)
        throw validationError(
          `One or more parameter values were invalid: Type mismatch for key ${name} expected: ${type} actual: ${typeOf(value)}`,
        );
      if (isEmpty(value))
        throw validationError(
          `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: ${name}`,
        );
      return canonicalText(value);
    }),
  );
}

/** The attributes of a key out of an item. */
export const keyOf = (schema: KeySchema, item: WireItem): WireItem =>
  Object.fromEntries(
    keyAttributes(schema).flatMap(({ name }) => {
      const value = item[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );

/** Whether an index holds an item: it has all attributes of the index's key. */
export const isIndexed = (index: KeySchema, item: WireItem): boolean =>
  keyAttributes(index).every(({ name }) => Object.hasOwn(item, name));

/** @throws DynamoDbError for an item whose attribute has another type than an index's key. */
export function requireIndexTypes(schema: TableSchema, item: WireItem): void {
  for (const index of schema.indexes) {
    for (const { name, type } of keyAttributes(index)) {
      const value = Object.hasOwn(item, name) ? item[name] : undefined;
      if (value !== undefined && typeOf(value) !== type) {
        throw validationError(
          `One or more parameter values were invalid: Type mismatch for Index Key ${name} Expected: ${type} Actual: ${typeOf(value)} IndexName: ${index.name}`,
        );
      }
    }
  }
}
