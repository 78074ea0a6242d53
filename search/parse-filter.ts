import { invalidRequest, notSupported } from '../fhir/outcome.js';
import { type FilterExpression, type FilterPath, type FilterTest, parseFilterSyntax } from './filter-syntax.js';
import type { QueryContext } from './parameter-type.js';
import { parameterTypes, type ServedType } from './parameter-types.js';
import { type ChainScope, parseTargets, unknown, type Unknown } from './parse-chain.js';
import type { Filter, ParsedFilter, ValueFilter } from './request.js';
import { isServedParameter, type ServedParameter } from './served-parameter.js';

/** What a filter is read with. */
export type FilterContext = Pick<QueryContext, 'baseUrl' | 'now' | 'terminology'>;

/**
 * Reads a `_filter` on a type as conditions like those of other parameters.
 * @returns unknown when it names a parameter that the type does not have.
 * @throws OperationOutcomeError 400 for what is no filter, and for an operator that a parameter does not have.
 * @see https://hl7.org/fhir/R4/search_filter.html
 */
export function parseFilter(scope: ChainScope, text: string, context: FilterContext): ParsedFilter | Unknown {
  return conditionOf(scope, parseFilterSyntax(text), context);
}

function conditionOf(scope: ChainScope, expression: FilterExpression, context: FilterContext): ParsedFilter | Unknown {
  switch (expression.kind) {
    case 'test':
      return testOf(scope, expression, expression.path, context);
    case 'not':
      return negated(conditionOf(scope, expression.expression, context));
    default: {
      const filters: ParsedFilter[] = [];
      for (const each of expression.expressions) {
        const filter = conditionOf(scope, each, context);
        if (filter.kind === 'unknown') return filter;
        filters.push(filter);
      }
      return { kind: expression.kind, filters };
    }
  }
}

function negated(filter: ParsedFilter | Unknown): ParsedFilter | Unknown {
  if (filter.kind === 'unknown') return filter;
  return filter.kind === 'missing' ? { ...filter, missing: !filter.missing } : { kind: 'not', filter };
}

/** What two operators say of the whole set of values: that it is empty, that none of it is in a value set. */
function testOf(scope: ChainScope, test: FilterTest, path: FilterPath, context: FilterContext): ParsedFilter | Unknown {
  if (test.operator !== 'pr') {
    const filter = alongPath(scope, test, path, context);
    return test.operator === 'ni' ? negated(filter) : filter;
  }
  if (test.value !== 'true' && test.value !== 'false')
    throw invalidRequest(`_filter: pr is true or false, not "${test.value}"`, '_filter');
  const present = alongPath(scope, test, path, context);
  return test.value === 'true' ? present : negated(present);
}

/** That there is a value at the end of a path that satisfies the test. */
function alongPath(
  scope: ChainScope,
  test: FilterTest,
  { name, filter, rest }: FilterPath,
  context: FilterContext,
): ParsedFilter | Unknown {
  if (rest === undefined) return valueTest(scope, test, name, context);
  const [code = '', target] = name.split(':');
  const parameter = scope.definitions.searchParameters.find(scope.type, code);
  if (filter !== undefined && parameter?.type !== 'reference')
    throw notSupported(`_filter: brackets stand behind references only, not behind ${name}`, '_filter');
  return parseTargets(scope, { code, target, search: `_filter ${JSON.stringify([filter, rest, test])}` }, (inner) => {
    const end = alongPath(inner, test, rest, context);
    if (filter === undefined || end.kind === 'unknown') return end;
    const condition = conditionOf(inner, filter, context);
    return condition.kind === 'unknown' ? condition : { kind: 'all', filters: [condition, end] };
  });
}

function valueTest(
  { definitions, type }: ChainScope,
  { operator, value }: FilterTest,
  name: string,
  context: FilterContext,
): Filter | Unknown {
  const parameter = definitions.searchParameters.find(type, name);
  if (parameter === undefined) return unknown(`_filter: ${type} has no search parameter "${name}"`);
  if (!isServedParameter(parameter)) throw notSupported(`_filter: ${name} is not served in filters`, '_filter');
  if (operator === 'pr') return { kind: 'missing', parameter, missing: false };
  return ofType(parameter.type, parameter) as Filter;

  function ofType<T extends ServedType>(parameterType: T, served: ServedParameter): ValueFilter<T> {
    const { operators } = parameterTypes[parameterType];
    const read = operators[operator];
    if (read === undefined) {
      const known = [...Object.keys(operators), 'pr'].join(', ');
      throw notSupported(
        `_filter: ${name} is of type ${parameterType}, which has ${known}, not ${operator}`,
        '_filter',
      );
    }
    const query = read(value, { ...context, parameter: served, name: '_filter' });
    return { kind: 'values', type: parameterType, parameter: served, negated: false, queries: [query] };
  }
}
