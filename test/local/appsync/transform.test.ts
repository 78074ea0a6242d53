import { describe, expect, test } from '@jest/globals';
import { filterExpression } from '../../../local/appsync/util/dynamodb-expression.js';
import { toElasticsearchQueryDSL } from '../../../local/appsync/util/opensearch-query.js';
import { toSubscriptionFilter } from '../../../local/appsync/util/subscription-filter.js';

describe('a DynamoDB filter object', () => {
  test.each([
    [{ a: { eq: 1 } }, '#a = :a_eq'],
    [{ a: { ne: 1 } }, '#a <> :a_ne'],
    [{ a: { gt: 1, le: 5 } }, '(#a > :a_gt) AND (#a <= :a_le)'],
    [{ a: { between: [1, 2] } }, '#a BETWEEN :a_between_1 AND :a_between_2'],
    [{ a: { in: ['x', 'y'] } }, '#a IN (:a_in_0, :a_in_1)'],
    [{ a: { beginsWith: 'x' } }, 'begins_with(#a, :a_beginsWith)'],
    [{ a: { notContains: 'x' } }, 'NOT contains(#a, :a_notContains)'],
    [{ a: { attributeExists: true } }, 'attribute_exists(#a)'],
    [{ a: { attributeType: 'stringSet' } }, 'attribute_type(#a, :a_attributeType)'],
    [{ a: { b: { eq: 1 } } }, '#a.#b = :a_b_eq'],
    [{ 'a.b': { eq: 1 } }, '#a.#b = :a_b_eq'],
    [{ or: [{ a: { eq: 1 } }, { b: { eq: 2 } }] }, '(#a = :or_0_a_eq) OR (#b = :or_1_b_eq)'],
    [{ and: [{ a: { eq: 1 } }] }, '#a = :and_0_a_eq'],
    [{ not: { a: { eq: 1 }, b: { eq: 2 } } }, 'NOT ((#a = :not_a_eq) AND (#b = :not_b_eq))'],
    [{ a: { eq: null }, b: null }, ''],
    [{}, ''],
  ])('%j is written as an expression', (filter, expression) => {
    const written = filterExpression(filter);
    expect(written.expression).toBe(expression);
    // Every placeholder is there, and none that is not used.
    expect(Object.keys(written.expressionNames).sort()).toEqual([...new Set(expression.match(/#\w+/g) ?? [])].sort());
    expect(Object.keys(written.expressionValues).sort()).toEqual([...new Set(expression.match(/:\w+/g) ?? [])].sort());
  });

  test('keeps attributes apart whose names only differ in what a placeholder cannot have', () => {
    const { expression, expressionNames, expressionValues } = filterExpression({ 'a-b': { eq: 1 }, a_b: { eq: 2 } });
    expect(expression).toBe('(#a_b = :a_b_eq) AND (#a_b_1 = :a_b_eq_1)');
    expect(expressionNames).toEqual({ '#a_b': 'a-b', '#a_b_1': 'a_b' });
    expect(expressionValues).toEqual({ ':a_b_eq': { N: 1 }, ':a_b_eq_1': { N: 2 } });
  });

  test.each([
    [{ a: 1 }, 'a must be an object with operators'],
    [{ a: { eq: 1, near: 2 } }, 'near is no operator of a DynamoDB filter'],
    [{ a: { between: [1] } }, 'a_between must be a list of 2 values'],
    [{ a: { in: [] } }, 'a_in must be a list of values'],
    [{ a: { attributeType: 'text' } }, 'text is no attribute type'],
  ])('%j is refused', (filter, message) => {
    expect(() => filterExpression(filter)).toThrow(message);
  });
});

describe('an OpenSearch query object', () => {
  test.each([
    [{}, { match_all: {} }],
    [{ a: { gt: 1 } }, { range: { a: { gt: 1 } } }],
    [{ a: { matchPhrasePrefix: 'x' } }, { match_phrase_prefix: { a: 'x' } }],
    [{ a: { exists: false } }, { bool: { must_not: { exists: { field: 'a' } } } }],
    [{ not: { a: { eq: 1 } } }, { bool: { must_not: { term: { a: 1 } } } }],
    [
      { or: [{ a: { eq: 1 } }, { b: { match: 'x' } }] },
      { bool: { should: [{ term: { a: 1 } }, { match: { b: 'x' } }] } },
    ],
  ])('%j is written as a query', (query, written) => {
    expect(JSON.parse(toElasticsearchQueryDSL(query))).toEqual(written);
  });

  test('is refused with an operator there is not', () => {
    expect(() => toElasticsearchQueryDSL({ a: { near: 1 } })).toThrow('near is no operator of an OpenSearch query');
  });
});

describe('a subscription filter object', () => {
  const groups = (...args: Parameters<typeof toSubscriptionFilter>): string[] | undefined =>
    toSubscriptionFilter(...args)?.filterGroup.map(({ filters }) =>
      filters.map(({ fieldName, operator }) => `${fieldName} ${operator}`).join(' & '),
    );

  test('of several fields is one group, in which all must hold', () => {
    expect(groups({ a: { eq: 1 }, b: { ge: 2, le: 3 } })).toEqual(['a eq & b ge & b le']);
  });

  test('with `or` has a group for each alternative, beside what must always hold', () => {
    expect(groups({ or: [{ a: { eq: 1 } }, { b: { eq: 1 } }], and: [{ c: { eq: 1 } }, { d: { eq: 1 } }] })).toEqual([
      'a eq & c eq & d eq',
      'b eq & c eq & d eq',
    ]);
  });

  test('with rules holds only where one of them does', () => {
    expect(groups({ a: { eq: 1 } }, [], { b: { eq: 1 }, c: { eq: 1 } })).toEqual(['a eq & b eq', 'a eq & c eq']);
    expect(groups({}, [], { b: { eq: 1 } })).toEqual(['b eq']);
  });

  test('that says nothing, or only what is ignored, is null', () => {
    expect(toSubscriptionFilter({})).toBeNull();
    expect(toSubscriptionFilter({ a: { eq: 1 } }, ['a'])).toBeNull();
  });

  test('is refused with an operator there is not, or groups without end', () => {
    expect(() => toSubscriptionFilter({ a: { near: 1 } })).toThrow('near is no operator of a subscription filter');
    const ten = { or: Array.from({ length: 10 }, (_, at) => ({ a: { eq: at } })) };
    expect(() => toSubscriptionFilter({ and: [ten, ten, ten, ten] })).toThrow('The filter has over 1000 groups');
  });
});
