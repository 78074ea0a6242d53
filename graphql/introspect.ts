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
  print,
  type SelectionNode,
  type SelectionSetNode,
  validate,
  ValuesOfCorrectTypeRule,
} from 'graphql';
import type { FhirDefinitions } from '../fhir/definitions.js';
import { invalidRequest, tooCostly } from '../fhir/outcome.js';
import { GraphqlRefusal } from './failure.js';
import { sizeOf } from './measure.js';
import type { Operation } from './request.js';
import { makeSchema } from './schema.js';

const rules = [
  FieldsOnCorrectTypeRule,
  KnownArgumentNamesRule,
  KnownTypeNamesRule,
  ProvidedRequiredArgumentsRule,
  ScalarLeafsRule,
  ValuesOfCorrectTypeRule,
];

/** Answers by what was asked: making that of the standard query takes seconds. */
const answers = new WeakMap<GraphQLSchema, Map<string, string>>();
const mostAnswers = 2;

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

/** Each alias may ask for a type once more; none may ask for the whole schema once more. */
const mostAliases = 10;

/** The lists of a type: inside each other they would be the schema times the schema. */
const lists: ReadonlySet<string> = new Set(['fields', 'inputFields', 'possibleTypes', 'interfaces', 'enumValues']);

/** What an operation asks about the schema. */
interface Asked {
  /** Whether it asks about the schema. */
  readonly isAbout: boolean;
  /** The deepest nesting of `lists`. */
  readonly nested: number;
}

const nothing: Asked = { isAbout: false, nested: 0 };

/**
 * Whether an operation asks about the schema.
 * @throws OperationOutcomeError 400 when it asks for resources as well, 413 when it asks for the schema many times.
 */
export function isIntrospection(operation: Operation): boolean {
  const { fragments, definition } = operation;
  const known = new Map<string, Asked>();
  const ofSet = (set: SelectionSetNode | undefined): Asked =>
    (set?.selections ?? []).map(ofSelection).reduce(joined, nothing);
  const ofSelection = (selection: SelectionNode): Asked => {
    if (selection.kind === Kind.INLINE_FRAGMENT) return ofSet(selection.selectionSet);
    const name = selection.name.value;
    if (selection.kind === Kind.FIELD) {
      const inside = ofSet(selection.selectionSet);
      const isAbout = name === '__schema' || name === '__type';
      return { isAbout: inside.isAbout || isAbout, nested: inside.nested + (lists.has(name) ? 1 : 0) };
    }
    let asked = known.get(name);
    if (asked === undefined) known.set(name, (asked = ofSet(fragments.get(name)?.selectionSet)));
    return asked;
  };
  const { selections } = definition.selectionSet;
  const { isAbout, nested } = ofSet(definition.selectionSet);
  if (!isAbout) return false;
  const isName = (each: SelectionNode): boolean => each.kind === Kind.FIELD && each.name.value === '__typename';
  if (!selections.every((each) => isName(each) || ofSelection(each).isAbout)) {
    throw invalidRequest('__schema and __type are asked for by themselves, without resources');
  }
  const isWhole = selections.some((each) => each.kind !== Kind.FIELD || each.name.value === '__schema');
  const possible = isWhole ? 0 : mostAliases;
  if (sizeOf(operation).aliases > possible || nested > 1) {
    throw tooCostly(
      `A query about the schema has at most ${String(possible)} aliases, and no fields of types inside fields of types`,
    );
  }
  return true;
}

const joined = (left: Asked, right: Asked): Asked => ({
  isAbout: left.isAbout || right.isAbout,
  nested: Math.max(left.nested, right.nested),
});

/**
 * Answers `__schema` and `__type`. https://spec.graphql.org/October2021/#sec-Introspection
 * @param root the type of the resource the query stands on; undefined for the whole system.
 * @returns the JSON text of the data: 17 MB for the standard query, R4.
 * @throws GraphqlRefusal with what is wrong.
 */
export function introspect(definitions: FhirDefinitions, operation: Operation, root: string | undefined): string {
  const schema = schemaOf(definitions, root);
  const document: DocumentNode = {
    kind: Kind.DOCUMENT,
    definitions: [operation.definition, ...operation.fragments.values()],
  };
  let known = answers.get(schema);
  if (known === undefined || known.size >= mostAnswers) answers.set(schema, (known = new Map<string, string>()));
  const variableValues = Object.fromEntries(operation.variables);
  const question = print(document) + JSON.stringify(variableValues);
  let text = known.get(question);
  if (text === undefined) {
    const mistakes = validate(schema, document, rules);
    if (mistakes.length > 0) throw refusal(mistakes);
    const { data, errors } = executeSync({ schema, document, variableValues });
    if (errors !== undefined) throw refusal(errors);
    text = JSON.stringify(data);
    known.set(question, text);
  }
  return text;
}

const refusal = (errors: ReturnType<typeof validate>): GraphqlRefusal =>
  new GraphqlRefusal(
    errors.map(({ message, path, locations }) => ({
      error: invalidRequest(message),
      path: path ?? [],
      locations: locations ?? [],
    })),
  );
