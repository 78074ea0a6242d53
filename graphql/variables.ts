import { Kind, type OperationDefinitionNode, type TypeNode, type ValueNode } from 'graphql';
import { Decimal, decimalNumber } from '../fhir/json.js';
import { invalidRequest } from '../fhir/outcome.js';
import { GraphqlRefusal, mistakeAt } from './failure.js';
import { deepestBrackets } from './limits.js';

/** The values of the variables an operation declares; undefined for one that is not given. */
export type Variables = ReadonlyMap<string, unknown>;

/** A JSON object, as parsed. */
export type JsonObject = Record<string, unknown>;

/** Whether a JSON value is an object: no array, no null, no number that kept its digits. */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Decimal);

/** What GraphQL's own scalars take; other types are checked where the variable is used. */
const scalars: Readonly<Record<string, ((value: unknown) => boolean) | undefined>> = {
  Boolean: (value) => typeof value === 'boolean',
  Int: (value) => Number.isInteger(decimalNumber(value)),
  Float: (value) => decimalNumber(value) !== undefined,
  String: (value) => typeof value === 'string',
  ID: (value) => typeof value === 'string' || Number.isInteger(decimalNumber(value)),
};

/**
 * Reads the values of an operation's variables.
 * @param given the request's `variables`; what the operation does not declare does not count.
 * @throws GraphqlRefusal naming a variable that is missing, or not of its type; OperationOutcomeError 400 when `given` is
 * no JSON object.
 */
export function readVariables(operation: OperationDefinitionNode, given: unknown): Variables {
  if (given !== undefined && given !== null && !isJsonObject(given)) {
    throw invalidRequest('variables must be a JSON object', 'variables');
  }
  const values = new Map<string, unknown>();
  const declared = new Set<string>();
  const refuse = (message: string, node: Parameters<typeof mistakeAt>[2] & object): GraphqlRefusal =>
    new GraphqlRefusal([mistakeAt(message, [], node)]);
  for (const node of operation.variableDefinitions ?? []) {
    const name = node.variable.name.value;
    if (declared.has(name)) throw refuse(`The variable $${name} is declared twice`, [node]);
    declared.add(name);
    const isGiven = isJsonObject(given) && Object.hasOwn(given, name) && given[name] !== undefined;
    let value = isGiven ? given[name] : undefined;
    if (value === undefined && node.defaultValue !== undefined) value = valueOf(node.defaultValue, new Map());
    if (value === undefined) {
      if (node.type.kind === Kind.NON_NULL_TYPE) throw refuse(`The variable $${name} is needed`, [node]);
      values.set(name, undefined);
      continue;
    }
    if (nestingOf(value) > deepestBrackets) throw refuse(`The variable $${name} is nested too deep`, [node]);
    if (!isOf(node.type, value)) throw refuse(`The variable $${name} is not of type ${typeText(node.type)}`, [node]);
    values.set(name, value);
  }
  return values;
}

function isOf(type: TypeNode, value: unknown): boolean {
  if (type.kind === Kind.NON_NULL_TYPE) return value !== null && isOf(type.type, value);
  if (value === null) return true;
  if (type.kind === Kind.LIST_TYPE) {
    return Array.isArray(value) ? value.every((each) => isOf(type.type, each)) : isOf(type.type, value);
  }
  return scalars[type.name.value]?.(value) ?? true;
}

const typeText = (type: TypeNode): string =>
  type.kind === Kind.NON_NULL_TYPE
    ? `${typeText(type.type)}!`
    : type.kind === Kind.LIST_TYPE
      ? `[${typeText(type.type)}]`
      : type.name.value;

/** How deep objects and lists are nested, as far as it counts. Without recursion: variables may be nested at will. */
function nestingOf(value: unknown): number {
  let depth = 0;
  let level: unknown[] = [value];
  while (level.length > 0 && depth <= deepestBrackets) {
    level = level.flatMap((each): unknown[] =>
      Array.isArray(each) ? each : isJsonObject(each) ? Object.values(each) : [],
    );
    if (level.length > 0) depth += 1;
  }
  return depth;
}

/**
 * The JSON of a literal, variables put in: numbers with their digits, names without quotes as text (`use: official`).
 * @returns undefined for a variable that is not given; members of an object with such a variable are left out.
 * @throws OperationOutcomeError 400 for an object with a member twice, or a variable that is not declared: as an argument
 * that is not given it would widen a search, or undo a lock.
 */
export function valueOf(node: ValueNode, variables: Variables): unknown {
  switch (node.kind) {
    case Kind.VARIABLE: {
      const { value: name } = node.name;
      if (!variables.has(name)) throw invalidRequest(`The variable $${name} is not declared by the operation`);
      return variables.get(name);
    }
    case Kind.NULL:
      return null;
    case Kind.INT:
    case Kind.FLOAT: {
      const value = Number(node.value);
      return String(value) === node.value ? value : new Decimal(node.value);
    }
    case Kind.STRING:
    case Kind.ENUM:
    case Kind.BOOLEAN:
      return node.value;
    case Kind.LIST:
      return node.values.map((each) => valueOf(each, variables) ?? null);
    case Kind.OBJECT: {
      const members = new Map<string, unknown>();
      for (const { name, value } of node.fields) {
        if (members.has(name.value)) throw invalidRequest(`${name.value} stands twice in one object`);
        const member = valueOf(value, variables);
        if (member !== undefined) members.set(name.value, member);
      }
      return Object.fromEntries(members);
    }
  }
}
