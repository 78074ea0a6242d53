import {
  GraphQLError,
  type GraphQLInputType,
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  GraphQLString,
  type GraphQLSchema,
  isInputObjectType,
  isListType,
  isNonNullType,
  type OperationDefinitionNode,
  typeFromAST,
} from 'graphql';
import { Decimal } from '../../fhir/json.js';
import { maxNesting } from './limits.js';

const record = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Decimal)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;

/**
 * A variable's value as graphql-java, on which AppSync runs, would take it for its type: a number or boolean given for a
 * String or ID becomes its text, so that decimals keep their digits.
 */
function inputFor(type: GraphQLInputType, value: unknown, depth: number): unknown {
  if (depth > maxNesting) throw new GraphQLError(`Variables are nested deeper than ${String(maxNesting)} levels.`);
  if (isNonNullType(type)) return inputFor(type.ofType, value, depth);
  if (isListType(type)) {
    const { ofType } = type;
    if (!Array.isArray(value)) return inputFor(ofType, value, depth);
    return value.map((one) => inputFor(ofType, one, depth + 1));
  }
  if (isInputObjectType(type)) {
    const members = record(value);
    if (members === undefined) return value;
    const fields = type.getFields();
    return Object.fromEntries(
      Object.entries(members).map(([name, member]) => {
        const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
        return [name, field === undefined ? member : inputFor(field.type, member, depth + 1)];
      }),
    );
  }
  if (type === GraphQLString || type === GraphQLID) {
    if (value instanceof Decimal) return value.text;
    return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  }
  if ((type === GraphQLFloat || type === GraphQLInt) && value instanceof Decimal) return value.valueOf();
  return value;
}

/**
 * The variables of an operation, ready for GraphQL's own coercion.
 * @param given as `parseJson` read them: numbers may be `Decimal`.
 * @throws GraphQLError when they are nested deeper than `maxNesting`.
 */
export function inputVariables(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const variables: Record<string, unknown> = { ...given };
  for (const { variable, type } of operation.variableDefinitions ?? []) {
    const name = variable.name.value;
    const inputType = typeFromAST(schema, type) as GraphQLInputType | undefined;
    if (inputType !== undefined && Object.hasOwn(given, name)) variables[name] = inputFor(inputType, given[name], 0);
  }
  return variables;
}
