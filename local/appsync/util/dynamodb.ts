/**
 * `util.dynamodb`: plain values to DynamoDB's typed JSON.
 * https://docs.aws.amazon.com/appsync/latest/devguide/dynamodb-helpers-in-util-dynamodb-js.html
 */

/** A value in DynamoDB's typed JSON, such as `{ S: 'text' }`. */
export type TypedValue = Readonly<Record<string, unknown>>;

const present = <T>(value: T | null | undefined): value is T => value !== null && value !== undefined;

/** Any value by its JavaScript type; lists become `L`; sets are those `toStringSet` and its likes made. */
export function toDynamoDB(value: unknown): TypedValue {
  if (!present(value)) return { NULL: null };
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: value };
  if (typeof value === 'boolean') return { BOOL: value };
  if (Array.isArray(value)) return { L: value.map(toDynamoDB) };
  return isSet(value as object) ? (value as TypedValue) : { M: toMapValues(value as Record<string, unknown>) };
}

/** A set as `toStringSet` and its likes give it, which may stand among plain values: it has one member, `SS`, `NS` or `BS`. */
const isSet = (value: object): boolean => {
  const [[type, members] = [], ...others] = Object.entries(value) as [string, unknown][];
  const kind = type === 'NS' ? 'number' : type === 'SS' || type === 'BS' ? 'string' : undefined;
  return (
    others.length === 0 &&
    kind !== undefined &&
    Array.isArray(members) &&
    members.length > 0 &&
    members.every((one) => typeof one === kind)
  );
};

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

/**
 * A file in S3 as a value: JSON text.
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/dynamodb-helpers-in-util-dynamodb-js.html
 */
export const toS3Object = (key: string, bucket: string, region: string, version?: string | null): TypedValue => ({
  S: JSON.stringify({ s3: { key, bucket, region, ...(present(version) ? { version } : {}) } }),
});

/** What `toS3Object` wrote: key, bucket, region and version. @throws SyntaxError for other texts. */
export const fromS3ObjectJson = (text: string): unknown => (JSON.parse(text) as { s3?: unknown }).s3 ?? null;
