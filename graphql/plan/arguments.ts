import type { ArgumentNode, FieldNode } from 'graphql';
import { decimalText } from '../../fhir/json.js';
import { invalidRequest, type OperationOutcomeError } from '../../fhir/outcome.js';
import { nearest } from '../../fhir/nearest.js';
import { valueOf, type Variables } from '../variables.js';

/** The arguments of a field by name; one that is null, or a variable that is not given, has no entry. */
export type Arguments = ReadonlyMap<string, unknown>;

/**
 * Reads the arguments of a field.
 * @throws OperationOutcomeError 400 for one that stands twice.
 */
export function argumentsOf(nodes: readonly ArgumentNode[] | undefined, variables: Variables): Arguments {
  const found = new Map<string, unknown>();
  const seen = new Set<string>();
  for (const { name, value } of nodes ?? []) {
    if (seen.has(name.value)) throw invalidRequest(`The argument ${name.value} stands twice`);
    seen.add(name.value);
    const read = valueOf(value, variables);
    if (read !== undefined && read !== null) found.set(name.value, read);
  }
  return found;
}

/**
 * Refuses arguments a field does not have.
 * @throws OperationOutcomeError 400 that says which it has.
 */
export function requireKnown({ arguments: given, name: { value: field } }: FieldNode, known: readonly string[]): void {
  for (const { name } of given ?? []) if (!known.includes(name.value)) throw unknownArgument(field, name.value, known);
}

/** 400: the field has no such argument. */
export function unknownArgument(field: string, name: string, known: readonly string[]): OperationOutcomeError {
  const near = nearest(name, known);
  const hint =
    near === undefined
      ? known.length === 0
        ? 'it has none'
        : known.length > 12
          ? ''
          : `it has ${known.join(', ')}`
      : `did you mean ${near}?`;
  return invalidRequest(`${field} has no argument ${name}${hint === '' ? '' : `; ${hint}`}`);
}

/** An argument as text: of a name, a string, a number or a boolean. @throws OperationOutcomeError 400 for anything else. */
export function textArgument(given: Arguments, name: string): string | undefined {
  const value = given.get(name);
  if (value === undefined) return undefined;
  const text = scalarText(value);
  if (text === undefined || text === '') throw invalidRequest(`${name} must be a text`);
  return text;
}

/** The text of a scalar; undefined for a list or an object. */
export const scalarText = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : typeof value === 'boolean' ? String(value) : decimalText(value);

/** An argument that is a whole number from `least`. @throws OperationOutcomeError 400 for anything else. */
export function wholeArgument(given: Arguments, name: string, least = 0): number | undefined {
  const value = given.get(name);
  if (value === undefined) return undefined;
  const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= least) return number;
  throw invalidRequest(`${name} must be a whole number from ${String(least)}`);
}

/** An argument that is true or false. @throws OperationOutcomeError 400 for anything else. */
export function flagArgument(given: Arguments, name: string): boolean | undefined {
  const value = given.get(name);
  if (value === undefined || typeof value === 'boolean') return value;
  if (value === 'true' || value === 'false') return value === 'true';
  throw invalidRequest(`${name} must be true or false`);
}
