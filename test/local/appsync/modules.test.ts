import { describe, expect, test } from '@jest/globals';
import { createSandbox } from '../../../local/appsync/sandbox.js';
import type { Effect } from '../../../local/appsync/util/effects.js';
import { handlers } from './tiny-api.js';

/** What a request handler gives that has the DynamoDB module as `ddb` and `operations`, and its effects. */
function run(
  body: string,
  imports = "import * as ddb from '@aws-appsync/utils/dynamodb';",
): {
  value: unknown;
  effects: Effect[];
  failure: string | undefined;
} {
  const effects: Effect[] = [];
  const code = `${imports} import { extensions as asked } from '@aws-appsync/utils';\n${handlers(body)}`;
  const { ending } = createSandbox('tried', code).run(
    'request',
    { fieldName: 'f', parentTypeName: 'Query', failed: false, text: () => '{}' },
    { identity: null, effect: (effect) => void effects.push(effect) },
  );
  return {
    value: ending.kind === 'value' && ending.value !== undefined ? JSON.parse(ending.value) : undefined,
    effects,
    failure: ending.kind === 'failure' ? ending.message : undefined,
  };
}

describe('the module @aws-appsync/utils/dynamodb', () => {
  const key = { id: { S: '1' } };
  test.each([
    [
      "ddb.get({ key: { id: '1' }, consistentRead: true, projection: ['a', 'b.c'] })",
      {
        operation: 'GetItem',
        key,
        consistentRead: true,
        projection: { expression: '#a, #b.#c', expressionNames: { '#a': 'a', '#b': 'b', '#c': 'c' } },
      },
    ],
    [
      "ddb.put({ key: { id: '1' }, item: { n: 1, tags: ddb.toStringSet(['x']), ns: ddb.toNumberSet([1]), bs: ddb.toBinarySet(['YQ==']) }, condition: { id: { attributeExists: false } } })",
      {
        operation: 'PutItem',
        key,
        attributeValues: { n: { N: 1 }, tags: { SS: ['x'] }, ns: { NS: [1] }, bs: { BS: ['YQ=='] } },
        condition: { expression: 'attribute_not_exists(#id)', expressionNames: { '#id': 'id' } },
      },
    ],
    ["ddb.remove({ key: { id: '1' }, condition: {} })", { operation: 'DeleteItem', key }],
    [
      "ddb.query({ query: { id: { eq: '1' }, at: { between: ['a', 'b'] } }, index: 'byAt', limit: 5, scanIndexForward: false })",
      {
        operation: 'Query',
        query: {
          expression: '#id = :id_eq AND #at BETWEEN :at_between_1 AND :at_between_2',
          expressionNames: { '#id': 'id', '#at': 'at' },
          expressionValues: { ':id_eq': { S: '1' }, ':at_between_1': { S: 'a' }, ':at_between_2': { S: 'b' } },
        },
        index: 'byAt',
        limit: 5,
        scanIndexForward: false,
      },
    ],
    [
      'ddb.scan({ filter: { n: { gt: 1 } }, totalSegments: 2, segment: 0, nextToken: null })',
      {
        operation: 'Scan',
        filter: { expression: '#n > :n_gt', expressionNames: { '#n': 'n' }, expressionValues: { ':n_gt': { N: 1 } } },
        totalSegments: 2,
        segment: 0,
      },
    ],
    ['ddb.sync({ lastSync: 5, limit: 2 })', { operation: 'Sync', lastSync: 5, limit: 2 }],
    [
      "ddb.batchGet({ tables: { t: { keys: [{ id: '1' }] } } })",
      { operation: 'BatchGetItem', tables: { t: { keys: [key] } } },
    ],
    ["ddb.batchPut({ tables: { t: [{ id: '1' }] } })", { operation: 'BatchPutItem', tables: { t: [key] } }],
    ["ddb.batchDelete({ tables: { t: [{ id: '1' }] } })", { operation: 'BatchDeleteItem', tables: { t: [key] } }],
    [
      "ddb.transactGet({ items: [{ table: 't', key: { id: '1' } }] })",
      { operation: 'TransactGetItems', transactItems: [{ table: 't', key }] },
    ],
    [
      "ddb.transactWrite({ items: [{ putItem: { table: 't', key: { id: '1' }, item: { n: 1 } } }, { deleteItem: { table: 't', key: { id: '1' } } }, { conditionCheck: { table: 't', key: { id: '1' }, condition: { n: { eq: 1 } } } }] })",
      {
        operation: 'TransactWriteItems',
        transactItems: [
          { table: 't', operation: 'PutItem', key, attributeValues: { n: { N: 1 } } },
          { table: 't', operation: 'DeleteItem', key },
          {
            table: 't',
            operation: 'ConditionCheck',
            key,
            condition: {
              expression: '#n = :n_eq',
              expressionNames: { '#n': 'n' },
              expressionValues: { ':n_eq': { N: 1 } },
            },
          },
        ],
      },
    ],
  ])('%s', (expression, request) => {
    expect(run(`return ${expression};`).value).toEqual(request);
  });

  test.each([
    ['{ a: 1, b: null }', 'SET #a = :a, #b = :b'],
    ['{ a: operations.increment(), b: operations.decrement(5) }', 'SET #a = #a + :a, #b = #b - :b'],
    [
      "{ a: operations.append(['x']), b: operations.prepend(['y']) }",
      'SET #a = list_append(#a, :a), #b = list_append(:b, #b)',
    ],
    ["{ a: operations.remove(), b: { c: operations.replace('x') } }", 'SET #b.#c = :b_c REMOVE #a'],
    ["{ a: [operations.updateListItem('x', 1)], b: ['y'] }", 'SET #a[1] = :a, #b = :b'],
    ['{ a: operations.add({ b: 1 }) }', 'SET #a = :a'],
  ])('update of %s', (update, expression) => {
    const imports = "import { update, operations } from '@aws-appsync/utils/dynamodb';";
    expect(run(`return update({ key: { id: '1' }, update: ${update} });`, imports).value).toMatchObject({
      operation: 'UpdateItem',
      update: { expression },
    });
  });

  test('fails in words where it is asked for what it does not do', () => {
    expect(run('return ddb.get({});').failure).toContain('key must be an object');
    expect(run('return ddb.transactWrite({ items: [{ moveItem: {} }] });').failure).toContain(
      'An item of transactWrite is one of',
    );
    expect(run("return ddb.update({ key: { id: '1' }, update: {} });").failure).toContain('update names no attribute');
  });

  test.each([
    ["import { select } from '@aws-appsync/utils/rds';", 'the module @aws-appsync/utils/rds is not in this runtime'],
    [
      "import { merge } from '@aws-appsync/utils/dynamodb';",
      'merge of @aws-appsync/utils/dynamodb is not in this runtime',
    ],
  ])('%s is refused when the code is loaded', (imports, message) => {
    expect(() => run('return 1;', imports)).toThrow(message);
  });
});

describe('extensions', () => {
  const filter = "{ filterGroup: [{ filters: [{ fieldName: 'a', operator: 'eq', value: 1 }] }] }";
  test.each([
    [
      `extensions.setSubscriptionFilter(${filter})`,
      { kind: 'subscriptionFilter', filter: { filterGroup: [{ filters: [{ value: 1 }] }] } },
    ],
    ['asked.setSubscriptionFilter(null)', { kind: 'subscriptionFilter', filter: null }],
    [`extensions.setSubscriptionInvalidationFilter(${filter})`, { kind: 'subscriptionInvalidationFilter' }],
    [
      "extensions.invalidateSubscriptions({ subscriptionField: 'onX', payload: { id: 1 } })",
      { kind: 'invalidateSubscriptions', subscriptionField: 'onX', payload: { id: 1 } },
    ],
    [
      "extensions.evictFromApiCache('Query', 'x', { 'context.arguments.id': 1 })",
      { kind: 'evictFromApiCache', typeName: 'Query', fieldName: 'x', keys: { 'context.arguments.id': 1 } },
    ],
    ["util.http.addResponseHeader('count', 7)", { kind: 'responseHeader', name: 'count', value: '7' }],
  ])('%s is told of, and the code goes on', (call, effect) => {
    const { effects, value } = run(`${call}; return 1;`);
    expect(effects).toMatchObject([effect]);
    expect(value).toBe(1);
  });

  test.each([
    ["util.http.addResponseHeader('x-amzn-thing', 1)", 'The header x-amzn-thing is restricted'],
    ["util.http.addResponseHeader('Content-Length', 1)", 'The header Content-Length is restricted'],
    ["util.http.addResponseHeader('a b', 1)", 'a b is no name of a header'],
    ["util.http.addResponseHeader('a', 'b\\r\\nc: d')", 'has a value that is none'],
    ['extensions.setSubscriptionFilter({ a: 1 })', 'A subscription filter has the form'],
    ["extensions.invalidateSubscriptions('onX')", 'invalidateSubscriptions takes'],
    ["extensions.evictFromApiCache('Query')", 'evictFromApiCache takes'],
  ])('%s fails', (call, message) => {
    const { effects, failure } = run(`${call};`);
    expect(failure).toContain(message);
    expect(effects).toEqual([]);
  });
});
