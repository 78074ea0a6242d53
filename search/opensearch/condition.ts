/** A query in OpenSearch's query language. https://docs.opensearch.org/2.19/query-dsl/ */
export type QueryDsl = Readonly<Record<string, unknown>>;

/** A condition of a search as a query. */
export interface Condition {
  readonly query: QueryDsl;
  /** Whether only documents that match satisfy it; otherwise others may as well. */
  readonly exact: boolean;
  /** How many of the clauses it has, of which OpenSearch allows a limited number in one search. */
  readonly clauses: number;
}

/** No document. */
export const nothing: QueryDsl = { match_none: {} };

/** What satisfies one of the queries. */
export function anyOf(queries: readonly QueryDsl[]): QueryDsl {
  const [only, ...others] = queries;
  if (only === undefined) return nothing;
  return others.length === 0 ? only : { bool: { should: queries, minimum_should_match: 1 } };
}

/** What satisfies all of the queries. */
export const allOf = (queries: readonly QueryDsl[]): QueryDsl => ({ bool: { filter: queries } });

/** What does not satisfy the query. */
export const noneOf = (query: QueryDsl): QueryDsl => ({ bool: { must_not: [query] } });

/** OpenSearch refuses a `terms` query of more than 65,536 terms (`index.max_terms_count`). */
const mostTerms = 60_000;

/** Queries for documents with one of the terms in a field. */
export function anyTerm(field: string, terms: readonly string[]): QueryDsl[] {
  const queries: QueryDsl[] = [];
  for (let i = 0; i < terms.length; i += mostTerms) queries.push({ terms: { [field]: terms.slice(i, i + mostTerms) } });
  return queries;
}
