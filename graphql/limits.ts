/** What one GraphQL request may take; beyond is an error, never a part of the answer. */
export interface GraphqlLimits {
  /** The deepest nesting of fields. */
  readonly depth: number;
  /** The most fields of an operation, each fragment counted wherever it is used. */
  readonly fields: number;
  /** The most fields of an operation that have an alias, counted likewise. */
  readonly aliases: number;
  /** The most searches: lists and connections, at the root and inside resources. */
  readonly searches: number;
  /** The most resources that are looked at: read, referred to, found. */
  readonly resources: number;
  /** The most values and objects of an answer. */
  readonly values: number;
  /** Whether the schema may be asked for by `__schema` and `__type`. */
  readonly introspection: boolean;
}

/** The limits of a server that sets none. */
export const standardLimits: GraphqlLimits = {
  depth: 30,
  fields: 2_000,
  aliases: 200,
  searches: 1_000,
  resources: 10_000,
  values: 1_000_000,
  introspection: true,
};

/** The most matches of a list without `_count`: beyond them it is an error. */
export const mostListed = 1_000;

/** The most tokens of a document; graphql-js reads no further. */
export const mostTokens = 20_000;

/** The deepest nesting of brackets in a document, and of values in variables: whoever walks them must not overflow the stack. */
export const deepestBrackets = 200;

/** The most named fragments of a document: each may lead to the next. */
export const mostFragments = 200;
