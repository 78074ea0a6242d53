import { invalidRequest } from '../../fhir/outcome.js';
import type { Resource } from '../../fhir/resource.js';

/** One value of an input parameter, of the type its definition says. */
export interface InputValue {
  /** Where it stands, for errors: the parameter's name in a query, FHIRPath in a body. */
  readonly place: string;
  /** The JSON of a data type, or a resource. */
  readonly value: unknown;
}

/** The input parameters of an operation by name; those that are not there have no entry. */
export type OperationInput = ReadonlyMap<string, readonly InputValue[]>;

/** A value of a data type that is no primitive. */
export type InputElement = Readonly<Record<string, unknown>>;

const first = (input: OperationInput, name: string): unknown => input.get(name)?.[0]?.value;

/** The value of a parameter whose type is written as a JSON string; undefined without it. */
export const inputText = (input: OperationInput, name: string): string | undefined =>
  first(input, name) as string | undefined;

/** The values of such a parameter that may be repeated. */
export const inputTexts = (input: OperationInput, name: string): readonly string[] =>
  (input.get(name) ?? []).map(({ value }) => value as string);

/** The value of a boolean; undefined without it. */
export const inputFlag = (input: OperationInput, name: string): boolean | undefined =>
  first(input, name) as boolean | undefined;

/** The value of an integer; undefined without it. */
export const inputInteger = (input: OperationInput, name: string): number | undefined =>
  first(input, name) as number | undefined;

/** The value of a parameter whose type is no primitive; undefined without it. */
export const inputElement = (input: OperationInput, name: string): InputElement | undefined =>
  first(input, name) as InputElement | undefined;

/** The resource that is a parameter's value; undefined without it. */
export const inputResource = (input: OperationInput, name: string): Resource | undefined =>
  first(input, name) as Resource | undefined;

/** The input that a query can say: its primitive values, by name, as text. */
export const asQuery = (input: OperationInput): (readonly [string, string])[] =>
  [...input].flatMap(([name, values]) =>
    values.flatMap(({ value }) => (isPrimitive(value) ? [[name, String(value)] as const] : [])),
  );

const isPrimitive = (value: unknown): value is string | number | boolean =>
  ['string', 'number', 'boolean'].includes(typeof value);

/**
 * A value that must be there.
 * @param value what `inputText` or another gave.
 * @throws OperationOutcomeError 400.
 */
export function requireInput<Value>(value: Value | undefined, name: string): Value {
  if (value === undefined) throw invalidRequest(`The parameter ${name} is needed`, name);
  return value;
}
