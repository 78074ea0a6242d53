import type { AttributeValue, Item, ItemKey } from './table.js';

/** An item without its key, as LMDB keeps it. */
export type Attributes = Record<string, AttributeValue>;

/** The longest key LMDB takes with pages of 4 KB, in bytes. */
const maxKeyBytes = 1978;

/**
 * The bytes an item is stored under: partition key, a zero byte, sort key. LMDB orders bytes, so that is by
 * partition first (no partition key holds a zero byte), then by the sort key's UTF-8 bytes.
 * @throws Error for a key that is empty, too long, or holds a zero character where it may not.
 */
export function storedKey({ pk, sk }: ItemKey): Buffer {
  if (pk === '' || sk === '') throw new Error('A partition key and a sort key must not be empty');
  const key = lowerBound(pk, sk);
  if (key.length > maxKeyBytes) throw new Error(`A key has at most ${String(maxKeyBytes)} bytes`);
  return key;
}

/** The item's key of stored bytes. */
export function keyOf(stored: Uint8Array): ItemKey {
  const text = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength).toString('utf8');
  const end = text.indexOf('\0');
  return { pk: text.slice(0, end), sk: text.slice(end + 1) };
}

/** The first bytes a key of this partition can have, from a sort key on. */
export function lowerBound(pk: string, from = ''): Buffer {
  if (pk.includes('\0')) throw new Error('A partition key must not hold a zero character');
  return Buffer.from(`${pk}\0${from}`);
}

/** The first bytes behind all keys of this partition, or behind a sort key. */
export const upperBound = (pk: string, to?: string): Buffer =>
  to === undefined ? Buffer.from(`${pk}\u0001`) : Buffer.from(`${pk}\0${to}\0`);

/** The attributes of an item; those that are undefined are not there. */
export function attributesOf(item: Item): Attributes {
  const attributes: Attributes = {};
  for (const [name, value] of Object.entries(item)) {
    if (value !== undefined && name !== 'pk' && name !== 'sk') attributes[name] = value;
  }
  return attributes;
}
