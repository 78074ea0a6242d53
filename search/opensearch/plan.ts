import { type AccessFilter, compartmentsOfAccess } from '../access.js';
import { keyText } from '../../fhir/resource.js';
import { holding, inside } from '../document.js';
import type { ServedType } from '../parameter-types.js';
import { parameterQueries } from '../query/parameter-queries.js';
import { inRanges } from '../query/terms.js';
import { refersRanges } from '../refers.js';
import type { Filter, RefersFilter, SortRule, ValueFilter, WordsFilter } from '../request.js';
import type { SearchPlan } from '../search-index.js';
import { allOf, anyOf, anyTerm, type Condition, noneOf, type QueryDsl } from './condition.js';
import { sortFields } from './document.js';
import { keyed, wordPlaces } from './fields.js';

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

/** Types that are searched by the same conditions, for the same eyes: a code stands for the same terms on each. */
interface Group {
  readonly types: string[];
  /** One of which everything is in that the caller may see; any without it. */
  readonly compartments: readonly string[] | undefined;
  readonly conditions: readonly Condition[];
}

/**
 * The query of a search by a caller. Conditions with more clauses than OpenSearch takes are left to `match`.
 * @param tenant whose resources are searched.
 */
export function planOf(tenant: string, { request, access, others = [] }: SearchPlan): Plan {
  const groups = new Map<string, Group>();
  for (const plan of [{ request, access }, ...others]) {
    const compartments = compartmentsOfAccess(plan.access);
    const conditions = [...accessConditions(plan.access), ...plan.request.filters.map(conditionOf)];
    const key = JSON.stringify([compartments, conditions]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { types: [plan.request.type], compartments, conditions });
    else group.types.push(plan.request.type);
  }
  const plans = [...groups.values()].map((group) => planOfGroup(tenant, group, mostClauses / groups.size));
  return {
    query: anyOf(plans.map(({ query }) => query)),
    decided: anyOf(plans.map(({ decided }) => decided)),
    opaque: anyOf(plans.map(({ opaque }) => opaque)),
    exact: plans.every(({ exact }) => exact),
  };
}

function planOfGroup(tenant: string, { types, compartments, conditions }: Group, limit: number): Plan {
  const scope = [
    { term: { tenant } },
    { terms: { type: types } },
    { term: { deleted: false } },
    ...(compartments === undefined ? [] : [anyOf(anyTerm('compartments', compartments))]),
  ];
  const taken = withinLimit(conditions, limit);
  const conditionsHold = taken.map(({ query }) => query);
  return {
    query: allOf(taken.length === 0 ? scope : [...scope, anyOf([allOf(conditionsHold), isOpaque])]),
    decided: allOf([...scope, ...conditionsHold, noneOf(isOpaque)]),
    opaque: allOf([...scope, isOpaque]),
    exact: taken.length === conditions.length && conditions.every(({ exact }) => exact),
  };
}

/** What compartments alone do not say: by which criteria resources are open. */
function accessConditions(access: AccessFilter): Condition[] {
  if (access.kind === 'everything' || access.grants.every(({ filters }) => filters.length === 0)) return [];
  const ways = access.grants.map(({ compartments = [], filters }) => {
    const conditions = filters.map(conditionOf);
    const inside = compartments.length === 0 ? [] : [anyOf(anyTerm('compartments', compartments))];
    return { query: allOf([...inside, ...conditions.map(({ query }) => query)]), conditions };
  });
  const all = ways.flatMap(({ conditions }) => conditions);
  return [
    {
      query: anyOf(ways.map(({ query }) => query)),
      exact: all.every(({ exact }) => exact),
      clauses: all.reduce((sum, { clauses }) => sum + clauses, ways.length),
    },
  ];
}

function conditionOf(filter: Filter): Condition {
  switch (filter.kind) {
    case 'missing': {
      const present = { term: { present: filter.parameter.code } };
      return { query: filter.missing ? noneOf(present) : present, exact: true, clauses: 1 };
    }
    case 'values': {
      const condition = valuesCondition<ServedType>(filter);
      return filter.negated ? notCondition(condition) : condition;
    }
    case 'keys': {
      const queries = anyTerm('id', [...filter.ids]);
      return { query: anyOf(queries), exact: true, clauses: queries.length };
    }
    case 'refers':
      return refersCondition(filter);
    case 'compartment':
      return { query: { term: { compartments: keyText(filter.compartment) } }, exact: true, clauses: 1 };
    case 'words':
      return wordsCondition(filter);
    case 'contains':
      return { query: { term: { present: keyed(holding, filter.type) } }, exact: false, clauses: 1 };
    case 'all':
    case 'any': {
      const conditions = filter.filters.map(conditionOf);
      const queries = conditions.map(({ query }) => query);
      return {
        query: filter.kind === 'all' ? allOf(queries) : anyOf(queries),
        exact: conditions.every(({ exact }) => exact),
        clauses: conditions.reduce((sum, { clauses }) => sum + clauses, 1),
      };
    }
    case 'not':
      return notCondition(conditionOf(filter.filter));
  }
}

/** Of candidates that may not match, those that do not are unknown: then all are candidates. */
function notCondition(condition: Condition): Condition {
  if (!condition.exact) return { query: { match_all: {} }, exact: false, clauses: 1 };
  return { ...condition, query: noneOf(condition.query) };
}

function valuesCondition<T extends ServedType>({ type, parameter, queries }: ValueFilter<T>): Condition {
  return parameterQueries[type].condition(parameter.code, queries);
}

function refersCondition({ parameters, targets }: RefersFilter): Condition {
  const ranges = refersRanges(targets);
  const conditions = parameters.map(({ code }) => inRanges('ref', code, [ranges]));
  const looksInside = targets.contained.size > 0;
  const pointing = parameters.map(({ code }) => keyed(inside, code));
  return {
    query: anyOf([...conditions.map(({ query }) => query), ...(looksInside ? anyTerm('present', pointing) : [])]),
    exact: !looksInside && conditions.every(({ exact }) => exact),
    clauses: conditions.reduce((sum, { clauses }) => sum + clauses, 1),
  };
}

function wordsCondition({ parameter, queries }: WordsFilter): Condition {
  const places = wordPlaces[parameter];
  const alternatives = queries.map(({ words }) =>
    allOf(
      words.flatMap((word) =>
        anyTerm(
          'word',
          places.map((place) => keyed(place, word)),
        ),
      ),
    ),
  );
  return {
    query: anyOf(alternatives),
    exact: queries.every(({ phrases }) => phrases.length === 0),
    clauses: queries.reduce((sum, { words }) => sum + words.length, 0),
  };
}

/** As many of the conditions, those with few clauses first, as may stand in one search. */
function withinLimit(conditions: readonly Condition[], limit: number): Condition[] {
  let clauses = 0;
  return conditions
    .toSorted((a, b) => a.clauses - b.clauses)
    .filter((condition) => (clauses += condition.clauses) <= limit);
}

/**
 * The order of a search: its rules, then id and type, which make it total. Resources without a value come last. Without
 * rules opaque documents come first.
 * @param backwards the same order from its end.
 * @param byNumber whether the number stands before the id where an id begins; the order of ids is the same without it.
 */
export function orderOf(rules: readonly SortRule[], backwards: boolean, byNumber: boolean): QueryDsl[] {
  const byRules = rules.map(({ parameter: { code }, descending }): QueryDsl => {
    const order = { order: descending === backwards ? 'asc' : 'desc', missing: backwards ? '_first' : '_last' };
    const own = sortFields[code];
    if (own !== undefined) return { [own]: order };
    const nested = { path: 'sort', filter: { term: { 'sort.code': code } } };
    return { [descending ? 'sort.max' : 'sort.min']: { ...order, nested } };
  });
  const order = { order: backwards ? 'desc' : 'asc' };
  return [...byRules, ...(byNumber ? [{ order }] : []), { id: order }, { type: order }];
}
