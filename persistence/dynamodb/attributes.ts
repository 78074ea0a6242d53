import type { AttributeValue as Attribute } from '@aws-sdk/client-dynamodb';
import type { AttributeValue, Item, ItemKey } from '../table.js';

/** The attributes of a stored item, by name, as DynamoDB takes and gives them. */
export type Attributes = Record<string, Attribute>;

/** A value as DynamoDB stores it. Lists hold strings. */
export function toAttribute(value: AttributeValue): Attribute {
  switch (typeof value) {
    case 'string':
      return { S: value };
    case 'number':
      return { N: String(value) };
    case 'boolean':
      return { BOOL: value };
    default:
      return { L: value.map((text) => ({ S: text })) };
  }
}

/** An item as DynamoDB stores it; attributes that are undefined are not there. */
export function toAttributes(item: Item): Attributes {
  const attributes: Attributes = {};
  for (const [name, value] of Object.entries(item)) if (value !== undefined) attributes[name] = toAttribute(value);
  return attributes;
}

/** A key as DynamoDB takes it. */
export const keyAttributes = ({ pk, sk }: ItemKey): Attributes => ({ pk: { S: pk }, sk: { S: sk } });

/**
 * The item of stored attributes.
 * @throws Error for an attribute that no adapter stores (a set, binary, null, a map).
 */
export function fromAttributes(attributes: Attributes): Item {
  const item: Record<string, AttributeValue> = {};
  for (const [name, attribute] of Object.entries(attributes)) item[name] = fromAttribute(name, attribute);
  return item as Item;
}

function fromAttribute(name: string, attribute: Attribute): AttributeValue {
  if (attribute.S !== undefined) return attribute.S;
  if (attribute.N !== undefined) return Number(attribute.N);
  if (attribute.BOOL !== undefined) return attribute.BOOL;
  if (attribute.L !== undefined) return attribute.L.map(({ S = '' }) => S);
  throw new Error(`The attribute ${name} of a stored item is of a kind that is not used here`);
}

/**
 * The bytes DynamoDB counts an item as, for its limits and units.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */
export function itemBytes(attributes: Attributes): number {
  let bytes = 0;
  for (const [name, attribute] of Object.entries(attributes)) bytes += Buffer.byteLength(name) + valueBytes(attribute);
  return bytes;
}

/** A number takes a byte for two digits and one more; 21 is the most it takes. */
function valueBytes({ S, N, L }: Attribute): number {
  if (S !== undefined) return Buffer.byteLength(S);
  if (N !== undefined) return Math.min(21, Math.ceil(N.length / 2) + 1);
  if (L !== undefined) return L.reduce((bytes, each) => bytes + valueBytes(each) + 1, 3);
  return 1;
}
