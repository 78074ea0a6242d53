import {
  type DocumentNode,
  executeSync,
  FieldsOnCorrectTypeRule,
  type GraphQLSchema,
  Kind,
  KnownArgumentNamesRule,
  KnownTypeNamesRule,
  ProvidedRequiredArgumentsRule,
  ScalarLeafsRule,
  type SelectionNode,
  validate,
  MaxIntrospectionDepthRule,
  ValuesOfCorrectTypeRule,
} from 'graphql';
import type { FhirDefinitions } from '../fhir/definitions.js';
import { invalidRequest, tooCostly } from '../fhir/outcome.js';
import { GraphqlRefusal } from './failure.js';
import { sizeOf } from './measure.js';
import type { Operation } from './request.js';
import { makeSchema } from './schema.js';
import type { JsonObject } from './variables.js';

const rules = [
  FieldsOnCorrectTypeRule,
  KnownArgumentNamesRule,
  KnownTypeNamesRule,
  MaxIntrospectionDepthRule,
  ProvidedRequiredArgumentsRule,
  ScalarLeafsRule,
  ValuesOfCorrectTypeRule,
];

/** Schemas by version and root: each is made once, when it is first asked for. */
const schemas = new WeakMap<FhirDefinitions, Map<string | undefined, GraphQLSchema>>();
const mostKept = 4;

function schemaOf(definitions: FhirDefinitions, root: string | undefined): GraphQLSchema {
  let known = schemas.get(definitions);
  if (known === undefined || known.size >= mostKept) {
    schemas.set(definitions, (known = new Map<string | undefined, GraphQLSchema>()));
  }
  let schema = known.get(root);
  if (schema === undefined) known.set(root, (schema = makeSchema(definitions, root)));
  return schema;
}

/** Each alias may ask for the whole schema once more. */
const mostAliases = 10;

/**
 * Whether an operation asks about the schema.
 * @throws OperationOutcomeError 400 when it asks for resources as well, 413 when it asks for the schema many times.
 */
export function isIntrospection(operation: Operation): boolean {
  const { fragments, definition } = operation;
  const isAbout = (selection: SelectionNode): boolean => {
    if (selection.kind === Kind.FIELD) return selection.name.value === '__schema' || selection.name.value === '__type';
    const set =
      selection.kind === Kind.INLINE_FRAGMENT
        ? selection.selectionSet
        : fragments.get(selection.name.value)?.selectionSet;
    return set?.selections.some(isAbout) === true;
  };
  const { selections } = definition.selectionSet;
  if (!selections.some(isAbout)) return false;
  const isName = (each: SelectionNode): boolean => each.kind === Kind.FIELD && each.name.value === '__typename';
  if (!selections.every((each) => isAbout(each) || isName(each))) {
    throw invalidRequest('__schema and __type are asked for by themselves, without resources');
  }
  if (sizeOf(operation).aliases > mostAliases) {
    throw tooCostly(`A query about the schema has at most ${String(mostAliases)} aliases`);
  }
  return true;
}

/**
 * Answers `__schema` and `__type`. https://spec.graphql.org/October2021/#sec-Introspection
 * @param root the type of the resource the query stands on; undefined for the whole system.
 * @throws GraphqlRefusal with what is wrong.
 */
export function introspect(definitions: FhirDefinitions, operation: Operation, root: string | undefined): JsonObject {
  const schema = schemaOf(definitions, root);
  const document: DocumentNode = {
    kind: Kind.DOCUMENT,
    definitions: [operation.definition, ...operation.fragments.values()],
  };
  const mistakes = validate(schema, document, rules);
  if (mistakes.length > 0) throw refusal(mistakes);
  const { data, errors } = executeSync({ schema, document, variableValues: Object.fromEntries(operation.variables) });
  if (errors !== undefined) throw refusal(errors);
  return { ...data };
}

const refusal = (errors: ReturnType<typeof validate>): GraphqlRefusal =>
  new GraphqlRefusal(
    errors.map(({ message, path, locations }) => ({
      error: invalidRequest(message),
      path: path ?? [],
      locations: locations ?? [],
    })),
  );
