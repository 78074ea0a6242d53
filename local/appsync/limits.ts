import { GraphQLError, Lexer, Source, syntaxError, TokenKind } from 'graphql';

/** Limits of one operation; AppSync's own and its settings. https://docs.aws.amazon.com/general/latest/gr/appsync.html */
export interface OperationLimits {
  /** The deepest nesting of fields, 75 at most on AppSync (`queryDepthLimit`); 0 for none. */
  readonly maxDepth: number;
  /** The most resolver runs of one request, 10,000 on AppSync (`resolverCountLimit`). */
  readonly maxResolvers: number;
  /** How long the operation may take: 30 seconds on AppSync. */
  readonly maxMilliseconds: number;
  /** The most characters of JSON that its resolvers may give together; AppSync answers 5 MB at most. */
  readonly maxCharacters: number;
}

/** AppSync's limits when an API sets none. */
export const standardLimits: OperationLimits = {
  maxDepth: 75,
  maxResolvers: 10_000,
  maxMilliseconds: 30_000,
  // A resolver gives whole resources of which the query takes a part: ten times the greatest answer.
  maxCharacters: 50_000_000,
};

/** The most functions of a pipeline, and the greatest batch. https://docs.aws.amazon.com/general/latest/gr/appsync.html */
export const maxFunctions = 10;
export const greatestBatch = 2_000;

/** The most characters that a handler may give: AppSync's size of an evaluated template. */
export const maxEvaluated = 5_000_000;

/**
 * The most fields of an operation, each fragment counted wherever it is used. AppSync names no such limit;
 * `ctx.info.selectionSetList` has each of them, and fragments in fragments double them as often as one likes.
 */
export const maxFields = 20_000;

/** The most tokens of a query, graphql-java's default. */
export const maxTokens = 15_000;

/**
 * The deepest nesting of brackets in a query, as graphql-java's rules, and of objects and lists in variables. Whoever
 * walks them must not overflow the stack.
 */
export const maxNesting = 500;

const opening: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const closing: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

/**
 * Refuses a query that is nested too deep to be parsed.
 * @throws GraphQLError where it is nested deeper than `maxNesting`, or holds what is no token.
 */
export function refuseDeepNesting(query: string): void {
  const source = new Source(query);
  const lexer = new Lexer(source);
  let depth = 0;
  for (let count = 0; count <= maxTokens; count += 1) {
    const { kind, start } = lexer.advance();
    if (kind === TokenKind.EOF) return;
    if (opening.has(kind)) depth += 1;
    else if (closing.has(kind)) depth -= 1;
    if (depth > maxNesting) throw syntaxError(source, start, `Nested deeper than ${String(maxNesting)} levels.`);
  }
}

/** An error when an operation is nested deeper than allowed. */
export function depthError(depth: number, limits: OperationLimits): GraphQLError | undefined {
  if (limits.maxDepth === 0 || depth <= limits.maxDepth) return undefined;
  return new GraphQLError(`Query depth ${String(depth)} exceeds the limit of ${String(limits.maxDepth)}`);
}
