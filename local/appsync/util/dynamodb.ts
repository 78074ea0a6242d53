/**
 * `util.dynamodb`: plain values to DynamoDB's typed JSON.
 * https://docs.aws.amazon.com/appsync/latest/devguide/dynamodb-helpers-in-util-dynamodb-js.html
 */

/** A value in DynamoDB's typed JSON, such as `{ S: 'text' }`. */
export type TypedValue = Readonly<Record<string, unknown>>;

const present = <T>(value: T | null | undefined): value is T => value !== null && value !== undefined;

/** Any value by its JavaScript type; lists become `L`, never sets. */
export function toDynamoDB(value: unknown): TypedValue {
  if (!present(value)) return { NULL: null };
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: value };
  if (typeof value === 'boolean') return { BOOL: value };
  return Array.isArray(value) ? { L: value.map(toDynamoDB) } : { M: toMapValues(value as Record<string, unknown>) };
}

export const toString = (value?: string | null): TypedValue | null => (present(value) ? { S: value } : null);
export const toStringSet = (values?: string[] | null): TypedValue | null => (present(values) ? { SS: values } : null);
export const toNumber = (value?: number | null): TypedValue | null => (present(value) ? { N: value } : null);
export const toNumberSet = (values?: number[] | null): TypedValue | null => (present(values) ? { NS: values } : null);
/** @param value Base64 text. */
export const toBinary = (value?: string | null): TypedValue | null => (present(value) ? { B: value } : null);
/** @param values Base64 texts. */
export const toBinarySet = (values?: string[] | null): TypedValue | null => (present(values) ? { BS: values } : null);
export const toBoolean = (value?: boolean | null): TypedValue | null => (present(value) ? { BOOL: value } : null);
export const toNull = (): TypedValue => ({ NULL: null });
export const toList = (values?: unknown[] | null): TypedValue | null => (present(values) ? toDynamoDB(values) : null);
export const toMap = (value?: Record<string, unknown> | null): TypedValue | null =>
  present(value) ? toDynamoDB(value) : null;

/** A map whose values are typed, without an `M` around it: the form of keys and attribute values. */
export function toMapValues(value: Readonly<Record<string, unknown>>): Record<string, TypedValue> {
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, toDynamoDB(one)]));
}
