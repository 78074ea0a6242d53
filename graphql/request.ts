import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  Lexer,
  type OperationDefinitionNode,
  parse,
  Source,
  TokenKind,
} from 'graphql';
import { invalidRequest, tooCostly } from '../fhir/outcome.js';
import { Remembered } from '../fhir/remembered.js';
import type { GraphqlCall } from '../interactions/graphql-call.js';
import { GraphqlRefusal, mistakeAt } from './failure.js';
import { deepestBrackets, mostFragments, mostTokens } from './limits.js';
import { readVariables, type Variables } from './variables.js';

/** A request, read: the operation to be done and what it refers to. */
export interface Operation {
  readonly definition: OperationDefinitionNode;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly variables: Variables;
  readonly document: DocumentNode;
}

const opening: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const closing: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

/**
 * Reads a request's document and chooses the operation.
 * @throws GraphqlRefusal for what is no GraphQL (with line and column), has no such operation or repeated names;
 * OperationOutcomeError 413 for one that is too long or nested too deep to be read.
 */
export function readOperation({
  query,
  operationName,
  variables,
}: Pick<GraphqlCall, 'query' | 'operationName' | 'variables'>): Operation {
  const document = parsed(query);
  const fragments = new Map<string, FragmentDefinitionNode>();
  const operations: OperationDefinitionNode[] = [];
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      const name = definition.name.value;
      if (fragments.has(name)) throw refused(`There are several fragments ${name}`, definition);
      fragments.set(name, definition);
    } else if (definition.kind === Kind.OPERATION_DEFINITION) operations.push(definition);
    else throw refused('A request holds operations and fragments, no definitions of types', definition);
  }
  if (fragments.size > mostFragments) throw tooCostly(`A query has at most ${String(mostFragments)} fragments`);
  const definition = chosen(operations, operationName);
  return { document, definition, fragments, variables: readVariables(definition, variables) };
}

/** Documents by their texts; nobody changes one. */
const documents = new Remembered<DocumentNode>();

function parsed(query: string): DocumentNode {
  const known = documents.get(query);
  if (known !== undefined) return known;
  try {
    refuseDeepNesting(query);
    const document = parse(query, { maxTokens: mostTokens });
    documents.set(query, document);
    return document;
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    if (/tokens/.test(error.message)) throw tooCostly(`The query has more than ${String(mostTokens)} tokens`);
    throw new GraphqlRefusal([{ error: invalidRequest(error.message), path: [], locations: error.locations ?? [] }]);
  }
}

/** The parser calls itself for each bracket. */
function refuseDeepNesting(query: string): void {
  const lexer = new Lexer(new Source(query));
  let depth = 0;
  for (let count = 0; count <= mostTokens; count += 1) {
    const { kind } = lexer.advance();
    if (kind === TokenKind.EOF) return;
    if (opening.has(kind)) depth += 1;
    else if (closing.has(kind)) depth -= 1;
    if (depth > deepestBrackets) throw tooCostly(`The query is nested deeper than ${String(deepestBrackets)} brackets`);
  }
}

function chosen(operations: readonly OperationDefinitionNode[], name: string | undefined): OperationDefinitionNode {
  const [first, second] = operations;
  if (first === undefined) throw refused('The query holds no operation');
  if (name === undefined) {
    if (second !== undefined) throw refused('The query holds several operations: operationName says which one', second);
    return first;
  }
  const named = operations.filter((operation) => operation.name?.value === name);
  const [found, again] = named;
  if (found === undefined) throw refused(`The query holds no operation ${name}`);
  if (again !== undefined) throw refused(`There are several operations ${name}`, again);
  return found;
}

const refused = (message: string, ...nodes: Parameters<typeof mistakeAt>[2] & object): GraphqlRefusal =>
  new GraphqlRefusal([mistakeAt(message, [], nodes)]);
