import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { Remembered } from '../../fhir/remembered.js';
import { fragmentsOf } from '../../graphql/fragments.js';
import { introspectionError } from '../../graphql/introspection-limit.js';
import { sizeOf } from '../../graphql/measure.js';
import { requestErrorJson } from './error-json.js';
import { depthError, maxFields, maxTokens, type OperationLimits, refuseDeepNesting } from './limits.js';

/** A query that may be executed, or the errors that say why not. */
export type PreparedOperation =
  | { readonly document: DocumentNode; readonly operation: OperationDefinitionNode }
  | { readonly errors: readonly object[] };

/**
 * Parses and validates queries, remembering those seen lately.
 * @param introspection whether the schema may be asked for.
 * @returns a function from query text and operation name to what may be executed.
 */
export function operationPreparer(
  limits: OperationLimits,
  introspection = true,
): (schema: GraphQLSchema, query: string, operationName: string | undefined) => PreparedOperation {
  const remembered = new Remembered<PreparedOperation>();
  return (schema, query, operationName) => {
    const key = `${operationName ?? ''}\n${query}`;
    const known = remembered.get(key);
    if (known !== undefined) return known;
    const prepared = prepare(schema, query, operationName, limits, introspection);
    if (!('errors' in prepared)) remembered.set(key, prepared);
    return prepared;
  };
}

function prepare(
  schema: GraphQLSchema,
  query: string,
  operationName: string | undefined,
  limits: OperationLimits,
  introspection: boolean,
): PreparedOperation {
  let document: DocumentNode;
  try {
    refuseDeepNesting(query);
    document = parse(query, { maxTokens });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return { errors: [requestErrorJson(error, 'InvalidSyntax')] };
  }
  const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
  const problems = validate(schema, document, rules, { maxErrors: 20 });
  if (problems.length > 0) return { errors: problems.map((problem) => requestErrorJson(problem, kindOf(problem))) };
  const operations = document.definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION);
  const [operation, another] =
    operationName === undefined ? operations : operations.filter((one) => one.name?.value === operationName);
  if (operation === undefined || another !== undefined) {
    const message =
      operationName === undefined
        ? 'Must provide operation name if query contains multiple operations.'
        : `Unknown operation named '${operationName}'.`;
    return { errors: [{ message, errorType: 'BadRequestException' }] };
  }
  const { depth, fields } = sizeOf({ definition: operation, fragments: fragmentsOf(document) });
  const tooDeep = depthError(depth, limits);
  if (tooDeep !== undefined) return { errors: [requestErrorJson(tooDeep, 'QueryDepthLimit')] };
  if (fields > maxFields) {
    const message = `The operation has ${String(fields)} fields, fragments put in; ${String(maxFields)} are allowed`;
    return { errors: [{ message, errorType: 'QueryTooLarge' }] };
  }
  const repeated = introspectionError(document, operation);
  return repeated === undefined
    ? { document, operation }
    : { errors: [requestErrorJson(repeated, 'BadFaithIntrospection')] };
}

/** The names graphql-java, and so AppSync, gives the rules, by how graphql-js words their breaking. */
const kinds: readonly (readonly [RegExp, string])[] = [
  [/^GraphQL introspection has been disabled/, 'IntrospectionDisabled'],
  [/^Cannot query field/, 'FieldUndefined'],
  [/^Unknown argument/, 'UnknownArgument'],
  [/^Unknown directive/, 'UnknownDirective'],
  [/^Unknown fragment/, 'UndefinedFragment'],
  [/^Unknown type/, 'UnknownType'],
  [/^Variable ".*" is not defined/, 'UndefinedVariable'],
  [/^Variable ".*" is never used/, 'UnusedVariable'],
  [/^Variable ".*" of type/, 'VariableTypeMismatch'],
  [/^Fragment ".*" is never used/, 'UnusedFragment'],
  [/must have a selection of subfields/, 'SubSelectionRequired'],
  [/must not have a selection/, 'SubSelectionNotAllowed'],
  [/is required, but it was not provided/, 'MissingFieldArgument'],
  [/conflict because/, 'FieldsConflict'],
];

const kindOf = (error: GraphQLError): string =>
  kinds.find(([pattern]) => pattern.test(error.message))?.[1] ?? 'WrongType';
