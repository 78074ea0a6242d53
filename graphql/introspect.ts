import {
  type DocumentNode,
  FieldsOnCorrectTypeRule,
  GraphQLError,
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
import { introspectionError } from './introspection-limit.js';
import type { Operation } from './request.js';
import { makeSchema } from './schema.js';
import { writeIntrospection } from './write-introspection.js';

const rules = [
  FieldsOnCorrectTypeRule,
  KnownArgumentNamesRule,
  KnownTypeNamesRule,
  ProvidedRequiredArgumentsRule,
  ScalarLeafsRule,
  ValuesOfCorrectTypeRule,
];

/** Answers by what was asked: making that of the standard query takes half a second. */
const answers = new WeakMap<GraphQLSchema, Map<string, Promise<string>>>();
const mostAnswers = 2;

/** Schemas by version and root: each is made once, when it is first asked for. */
const schemas = new WeakMap<FhirDefinitions, Map<string | undefined, Promise<GraphQLSchema>>>();
const mostKept = 4;

function schemaOf(definitions: FhirDefinitions, root: string | undefined): Promise<GraphQLSchema> {
  let known = schemas.get(definitions);
  if (known === undefined || known.size >= mostKept) {
    schemas.set(definitions, (known = new Map<string | undefined, Promise<GraphQLSchema>>()));
  }
  let schema = known.get(root);
  if (schema === undefined) known.set(root, (schema = makeSchema(definitions, root)));
  return schema;
}

/** What makes a selection one about the schema. */
const roots: ReadonlySet<string> = new Set(['__schema', '__type']);

/**
 * Whether an operation asks about the schema.
 * @throws OperationOutcomeError 400 when it asks for resources as well, 413 when it asks for the schema many times.
 */
export function isIntrospection({ definition, fragments }: Operation): boolean {
  const known = new Map<string, boolean>();
  const isAbout = (selection: SelectionNode): boolean => {
    if (selection.kind === Kind.FIELD) return roots.has(selection.name.value) || areAbout(selection.selectionSet);
    if (selection.kind === Kind.INLINE_FRAGMENT) return areAbout(selection.selectionSet);
    const { value: name } = selection.name;
    let about = known.get(name);
    if (about === undefined) known.set(name, (about = areAbout(fragments.get(name)?.selectionSet)));
    return about;
  };
  const areAbout = (set: SelectionSetNode | undefined): boolean => set?.selections.some(isAbout) ?? false;
  if (!areAbout(definition.selectionSet)) return false;
  const isName = (each: SelectionNode): boolean => each.kind === Kind.FIELD && each.name.value === '__typename';
  if (!definition.selectionSet.selections.every((each) => isName(each) || isAbout(each))) {
    throw invalidRequest('__schema and __type are asked for by themselves, without resources');
  }
  const tooMuch = introspectionError(documentOf({ definition, fragments }), definition);
  if (tooMuch !== undefined) throw tooCostly(tooMuch.message);
  return true;
}

const documentOf = ({ definition, fragments }: Pick<Operation, 'definition' | 'fragments'>): DocumentNode => ({
  kind: Kind.DOCUMENT,
  definitions: [definition, ...fragments.values()],
});

/**
 * Answers `__schema` and `__type`. https://spec.graphql.org/October2021/#sec-Introspection
 * @param root the type of the resource the query stands on; undefined for the whole system.
 * @returns the JSON text of the data: 17 MB for the standard query, R4. It is made in slices, other requests between them.
 * @throws GraphqlRefusal with what is wrong.
 */
export async function introspect(
  definitions: FhirDefinitions,
  operation: Operation,
  root: string | undefined,
): Promise<string> {
  const schema = await schemaOf(definitions, root);
  const document = documentOf(operation);
  let known = answers.get(schema);
  if (known === undefined || known.size >= mostAnswers) {
    answers.set(schema, (known = new Map<string, Promise<string>>()));
  }
  const variables = Object.fromEntries([...operation.variables].filter(([, value]) => value !== undefined));
  const question = print(document) + JSON.stringify(variables);
  let text = known.get(question);
  if (text === undefined) {
    const mistakes = validate(schema, document, rules);
    if (mistakes.length > 0) throw refusal(mistakes);
    known.set(question, (text = writeIntrospection(schema, { document, operation: operation.definition, variables })));
  }
  try {
    return await text;
  } catch (error) {
    throw error instanceof GraphQLError ? refusal([error]) : error;
  }
}

const refusal = (errors: ReturnType<typeof validate>): GraphqlRefusal =>
  new GraphqlRefusal(
    errors.map(({ message, path, locations }) => ({
      error: invalidRequest(message),
      path: path ?? [],
      locations: locations ?? [],
    })),
  );
