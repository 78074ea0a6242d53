import { FilterError, isMembers } from './dynamodb-expression.js';

type Query = Readonly<Record<string, unknown>>;
type Operator = (field: string, value: unknown) => Query;

const of =
  (kind: string): Operator =>
  (field, value) => ({ [kind]: { [field]: value } });
const range =
  (bound: string): Operator =>
  (field, value) => ({ range: { [field]: { [bound]: value } } });
const not = (query: Query): Query => ({ bool: { must_not: query } });

/** The operators of util.transform.toElasticsearchQueryDSL by their names. */
const operators: Readonly<Record<string, Operator>> = {
  eq: of('term'),
  ne: (field, value) => not({ term: { [field]: value } }),
  gt: range('gt'),
  gte: range('gte'),
  lt: range('lt'),
  lte: range('lte'),
  range(field, value) {
    if (!Array.isArray(value) || value.length !== 2) throw new FilterError(`${field}.range must be a list of two`);
    const [gte, lte] = value as readonly unknown[];
    return { range: { [field]: { gte, lte } } };
  },
  match: of('match'),
  matchPhrase: of('match_phrase'),
  matchPhrasePrefix: of('match_phrase_prefix'),
  multiMatch: (field, value) => ({ multi_match: { fields: [field], query: value } }),
  wildcard: of('wildcard'),
  regexp: of('regexp'),
  exists: (field, value) => (value === false ? not({ exists: { field } }) : { exists: { field } }),
};

function all(queries: readonly Query[], how: 'must' | 'should' = 'must'): Query {
  const [first, ...others] = queries;
  if (first === undefined) return { match_all: {} };
  return others.length === 0 ? first : { bool: { [how]: queries } };
}

function queryOf(given: unknown): Query {
  if (!isMembers(given)) throw new FilterError('A query must be an object');
  return all(
    Object.entries(given).map(([name, value]) => {
      if (name === 'and' || name === 'or') {
        return all((Array.isArray(value) ? value : [value]).map(queryOf), name === 'and' ? 'must' : 'should');
      }
      if (name === 'not') return not(queryOf(value));
      if (!isMembers(value)) throw new FilterError(`${name} must be an object with operators`);
      return all(
        Object.entries(value).map(([operator, operand]) => {
          const write = Object.hasOwn(operators, operator) ? operators[operator] : undefined;
          if (write === undefined) throw new FilterError(`${operator} is no operator of an OpenSearch query`);
          return write(name, operand);
        }),
      );
    }),
  );
}

/**
 * `util.transform.toElasticsearchQueryDSL`: a query object as OpenSearch's query DSL; members must all hold.
 * @returns JSON text.
 * @throws FilterError for an operator that there is not.
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/transformation-helpers-in-utils-transform-js.html
 */
export const toElasticsearchQueryDSL = (query: unknown): string => JSON.stringify(queryOf(query));
