import type { AccessFilter } from '../../fhir/access.js';
import type { ServedType } from '../parameter-types.js';
import { parameterQueries } from '../query/parameter-queries.js';
import type { Filter, SearchRequest, SortRule, ValueFilter } from '../request.js';
import { allOf, anyOf, anyTerm, type Condition, noneOf, type QueryDsl } from './condition.js';
import { sortFields } from './document.js';

/** What a search asks OpenSearch. */
export interface Plan {
  /** Candidates: all that match, and opaque documents. */
  readonly query: QueryDsl;
  /** Those among them that are decided by their fields. */
  readonly decided: QueryDsl;
  /** Those that are not. */
  readonly opaque: QueryDsl;
  /** Whether what is decided by its fields is decided exactly. */
  readonly exact: boolean;
}

/** OpenSearch allows 1,024 clauses in a search (`indices.query.bool.max_clause_count`); some are ours. */
const mostClauses = 900;

const isOpaque: QueryDsl = { term: { opaque: true } };

/**
 * The query of a search by a caller. Conditions with more clauses than OpenSearch takes are left to `match`.
 * @param tenant whose resources are searched.
 */
export function planOf(tenant: string, { type, filters }: SearchRequest, access: AccessFilter): Plan {
  const scope = [{ term: { tenant } }, { term: { type } }, { term: { deleted: false } }, ...accessQueries(access)];
  const conditions = filters.map(conditionOf);
  const taken = withinLimit(conditions);
  const conditionsHold = taken.map(({ query }) => query);
  return {
    query: allOf(taken.length === 0 ? scope : [...scope, anyOf([allOf(conditionsHold), isOpaque])]),
    decided: allOf([...scope, ...conditionsHold, noneOf(isOpaque)]),
    opaque: allOf([...scope, isOpaque]),
    exact: taken.length === conditions.length && conditions.every(({ exact }) => exact),
  };
}

const accessQueries = (access: AccessFilter): QueryDsl[] =>
  access.kind === 'everything' ? [] : [anyOf(anyTerm('compartments', access.compartments))];

function conditionOf(filter: Filter): Condition {
  const { code } = filter.parameter;
  if (filter.kind === 'missing') {
    const present = { term: { present: code } };
    return { query: filter.missing ? noneOf(present) : present, exact: true, clauses: 1 };
  }
  const condition = valuesCondition<ServedType>(filter);
  if (!filter.negated) return condition;
  // Of candidates that may not match, those that do not are unknown: all are candidates.
  if (!condition.exact) return { query: { match_all: {} }, exact: false, clauses: 1 };
  return { ...condition, query: noneOf(condition.query) };
}

function valuesCondition<T extends ServedType>({ type, parameter, queries }: ValueFilter<T>): Condition {
  return parameterQueries[type].condition(parameter.code, queries);
}

/** As many of the conditions, those with few clauses first, as may stand in one search. */
function withinLimit(conditions: readonly Condition[]): Condition[] {
  let clauses = 0;
  return conditions
    .toSorted((a, b) => a.clauses - b.clauses)
    .filter((condition) => (clauses += condition.clauses) <= mostClauses);
}

/**
 * The order of a search: its rules, then the id, which makes it total. Resources without a value come last.
 * @param backwards the same order from its end.
 */
export function orderOf(rules: readonly SortRule[], backwards: boolean): QueryDsl[] {
  const byRules = rules.map(({ parameter: { code }, descending }): QueryDsl => {
    const order = { order: descending === backwards ? 'asc' : 'desc', missing: backwards ? '_first' : '_last' };
    const own = sortFields[code];
    if (own !== undefined) return { [own]: order };
    const nested = { path: 'sort', filter: { term: { 'sort.code': code } } };
    return { [descending ? 'sort.max' : 'sort.min']: { ...order, nested } };
  });
  return [...byRules, { id: { order: backwards ? 'desc' : 'asc' } }];
}
