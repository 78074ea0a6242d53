import { RequestError } from '../../data-source.js';
import { compareNumbers, normalNumber } from './decimal.js';
import type { WireItem, WireValue } from './api.js';

/** The type of a value, such as `S`. */
export const typeOf = (value: WireValue): string => Object.keys(value)[0] ?? '';

/** What a value holds, whatever its type. */
export const contentOf = (value: WireValue): unknown => (Object.values(value) as unknown[])[0];

const bytes = (type: string, text: string): Buffer => Buffer.from(text, type.startsWith('B') ? 'base64' : 'utf8');

/** The order of two scalars of one type, S, N or B; undefined for values that have none. */
export function compareValues(a: WireValue, b: WireValue): number | undefined {
  if ('N' in a && 'N' in b) return compareNumbers(a.N, b.N);
  if ('S' in a && 'S' in b) return Buffer.compare(bytes('S', a.S), bytes('S', b.S));
  if ('B' in a && 'B' in b) return Buffer.compare(bytes('B', a.B), bytes('B', b.B));
  return undefined;
}

/** A text that two values share exactly when they are equal: sets without their order, numbers by what they are. */
export function canonicalText(value: WireValue): string {
  if ('N' in value) return `N${normalNumber(value.N)}`;
  if ('NS' in value) return `NS${JSON.stringify(value.NS.map(normalNumber).sort())}`;
  if ('SS' in value) return `SS${JSON.stringify([...value.SS].sort())}`;
  if ('BS' in value) return `BS${JSON.stringify([...value.BS].sort())}`;
  if ('L' in value) return `L${JSON.stringify(value.L.map(canonicalText))}`;
  if ('M' in value) return `M${canonicalItem(value.M)}`;
  return typeOf(value) + JSON.stringify(contentOf(value));
}

/** {@link canonicalText} of an item. */
export const canonicalItem = (item: WireItem): string =>
  JSON.stringify(
    Object.entries(item)
      .map(([name, value]) => [name, canonicalText(value)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

/** The size of a value by DynamoDB's function `size`; undefined for types without one. */
export function sizeOf(value: WireValue): number | undefined {
  const content = contentOf(value);
  if ('S' in value || 'B' in value) return bytes(typeOf(value), content as string).length;
  if ('M' in value) return Object.keys(value.M).length;
  return Array.isArray(content) ? content.length : undefined;
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string');

const record = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;

const scalar = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;

/**
 * Reads a typed value of a request object: numbers may be numbers or texts.
 * @param place where it stands, for the message.
 * @throws RequestError for what has none of DynamoDB's forms.
 */
export function wireValue(value: unknown, place: string): WireValue {
  const members = record(value);
  const [type = '', ...others] = Object.keys(members ?? {});
  const content = members?.[type];
  const fail = (): never => {
    throw new RequestError(`Value for field '$[${place}]' is not a typed value such as { "S": "text" }.`);
  };
  if (others.length > 0) return fail();
  switch (type) {
    case 'S':
      return typeof content === 'string' ? { S: content } : fail();
    case 'B':
      return typeof content === 'string' ? { B: content } : fail();
    case 'N': {
      const text = scalar(content);
      return text === undefined ? fail() : { N: normalNumber(text) };
    }
    case 'BOOL':
      return typeof content === 'boolean' ? { BOOL: content } : fail();
    case 'NULL':
      return { NULL: true };
    case 'SS':
      return isTexts(content) ? { SS: [...new Set(content)] } : fail();
    case 'BS':
      return isTexts(content) ? { BS: [...new Set(content)] } : fail();
    case 'NS': {
      const texts = Array.isArray(content) ? content.map(scalar) : [];
      return isTexts(texts) ? { NS: [...new Set(texts.map(normalNumber))] } : fail();
    }
    case 'L':
      return Array.isArray(content)
        ? { L: content.map((one, index) => wireValue(one, `${place}.L[${String(index)}]`)) }
        : fail();
    case 'M':
      return { M: wireItem(content, `${place}.M`) };
    default:
      return fail();
  }
}

/** Reads an object of typed values: a key, an item, values of an expression. @throws RequestError */
export function wireItem(value: unknown, place: string): WireItem {
  const members = record(value);
  if (members === undefined) throw new RequestError(`Value for field '$[${place}]' not found.`);
  return Object.fromEntries(Object.entries(members).map(([name, one]) => [name, wireValue(one, `${place}.${name}`)]));
}

/** A value as AppSync hands it to response handlers: plain JSON, sets as lists. */
export function plainValue(value: WireValue): unknown {
  if ('N' in value) return Number(value.N);
  if ('NULL' in value) return null;
  if ('NS' in value) return value.NS.map(Number);
  if ('L' in value) return value.L.map(plainValue);
  return 'M' in value ? plainItem(value.M) : contentOf(value);
}

/** An item as AppSync hands it to response handlers. */
export const plainItem = (item: WireItem): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(item).map(([name, value]) => [name, plainValue(value)]));
