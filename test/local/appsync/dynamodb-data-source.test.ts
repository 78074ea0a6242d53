import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { dynamoDbDataSource } from '../../../local/appsync/data-sources/dynamodb.js';
import { DataSourceError, RequestError } from '../../../local/appsync/data-source.js';
import { lmdbTable } from '../../../persistence/lmdb.js';
import type { Table } from '../../../persistence/table.js';
import { temporaryRoot } from '../../persistence/temporary-root.js';
import { handlers, tinyApi, unit } from './tiny-api.js';

let table: Table;
let close: () => Promise<void>;
const sorts = ['a', 'b#1', 'b#2', 'b#3', 'c', 'd\u{10fffe}'];
beforeAll(async () => {
  const made = temporaryRoot();
  close = made.close;
  table = lmdbTable(made.root, 'items');
  const items = [
    ...sorts.map((sk) => ({ pk: 'p', sk, text: `at ${sk}`, n: 1.5, flag: true, list: ['x', 'y'] })),
    { pk: 'q', sk: 'a', text: 'other' },
  ];
  await table.write(items.map((item) => ({ kind: 'put', item })));
});
afterAll(() => close());

const invoke = (request: unknown, tableName?: string): Promise<unknown> =>
  dynamoDbDataSource(table, tableName).invoke({
    request,
    execution: {},
    step: 's',
    maxBatchSize: 0,
    goOn: () => undefined,
  });
const typed = (pk: string, sk: string): object => ({ pk: { S: pk }, sk: { S: sk } });

describe('DynamoDB by GetItem', () => {
  test('gives the item as plain values', async () => {
    expect(await invoke({ operation: 'GetItem', key: typed('p', 'a') })).toEqual({
      pk: 'p',
      sk: 'a',
      text: 'at a',
      n: 1.5,
      flag: true,
      list: ['x', 'y'],
    });
  });

  test('gives null for none', async () => {
    expect(await invoke({ operation: 'GetItem', key: typed('p', 'nowhere') })).toBeNull();
  });

  test.each([
    ['without a key', {}, "Value for field '$[key]' not found."],
    ['with a key of other names', { key: { id: { S: 'a' } } }, "The key at '$[key]' must have pk and sk, it has id."],
    ['with plain values', { key: { pk: 'p', sk: 'a' } }, "Value for field '$[key.pk]' is not of the form { S: text }."],
    [
      'with a number',
      { key: { pk: { S: 'p' }, sk: { N: 1 } } },
      "Value for field '$[key.sk]' is not of the form { S: text }.",
    ],
  ])('%s fails the field', async (_, more, message) => {
    const asked = invoke({ operation: 'GetItem', ...more });
    await expect(asked).rejects.toThrow(RequestError);
    await expect(asked).rejects.toThrow(message);
  });
});

describe('DynamoDB by BatchGetItem', () => {
  test('gives items and nulls in the order of the keys, by table', async () => {
    const keys = [typed('q', 'a'), typed('p', 'nowhere'), typed('p', 'a')];
    expect(await invoke({ operation: 'BatchGetItem', tables: { resources: { keys } } })).toEqual({
      data: {
        resources: [expect.objectContaining({ text: 'other' }), null, expect.objectContaining({ text: 'at a' })],
      },
      unprocessedKeys: { resources: [] },
    });
  });

  test('knows its table by name', async () => {
    const keys = [typed('p', 'a')];
    expect(await invoke({ operation: 'BatchGetItem', tables: { mine: { keys } } }, 'mine')).toMatchObject({
      data: { mine: [{ sk: 'a' }] },
    });
    const other = invoke({ operation: 'BatchGetItem', tables: { other: { keys } } }, 'mine');
    await expect(other).rejects.toThrow(DataSourceError);
    await expect(other).rejects.toMatchObject({ type: 'DynamoDB:ResourceNotFoundException' });
  });

  test('takes a hundred keys and not one more', async () => {
    const keys = (count: number): object[] => Array.from({ length: count }, (_, at) => typed('p', String(at)));
    expect(await invoke({ operation: 'BatchGetItem', tables: { t: { keys: keys(100) } } })).toMatchObject({
      data: { t: Array(100).fill(null) },
    });
    await expect(invoke({ operation: 'BatchGetItem', tables: { t: { keys: keys(101) } } })).rejects.toThrow(
      'takes 100 keys, not 101',
    );
    await expect(invoke({ operation: 'BatchGetItem', tables: { t: { keys: [] } } })).rejects.toThrow(
      "'$[tables.t.keys]' not found",
    );
  });
});

interface Page {
  readonly items: readonly { readonly sk: string }[];
  readonly nextToken: string | null;
}

describe('DynamoDB by Query', () => {
  const query = (expression: string, values: Record<string, string>, more: object = {}): Promise<Page> =>
    invoke({
      operation: 'Query',
      query: {
        expression,
        expressionNames: { '#pk': 'pk', '#sk': 'sk' },
        expressionValues: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { S: value }])),
      },
      ...more,
    }) as Promise<Page>;
  const found = async (...given: Parameters<typeof query>): Promise<string[]> =>
    (await query(...given)).items.map(({ sk }) => sk);

  test.each([
    ['pk = :p', { ':p': 'p' }, sorts],
    ['#pk = :p AND #sk = :s', { ':p': 'p', ':s': 'b#2' }, ['b#2']],
    ['pk = :p and sk < :s', { ':p': 'p', ':s': 'b#2' }, ['a', 'b#1']],
    ['pk = :p and sk <= :s', { ':p': 'p', ':s': 'b#2' }, ['a', 'b#1', 'b#2']],
    ['pk = :p and sk > :s', { ':p': 'p', ':s': 'b#2' }, ['b#3', 'c', 'd\u{10fffe}']],
    ['pk = :p and sk >= :s', { ':p': 'p', ':s': 'b#2' }, ['b#2', 'b#3', 'c', 'd\u{10fffe}']],
    ['pk = :p and sk BETWEEN :a AND :b', { ':p': 'p', ':a': 'b#1', ':b': 'b#2' }, ['b#1', 'b#2']],
    ['pk = :p and begins_with(sk, :s)', { ':p': 'p', ':s': 'b#' }, ['b#1', 'b#2', 'b#3']],
    ['pk = :p and begins_with ( #sk , :s )', { ':p': 'p', ':s': 'd' }, ['d\u{10fffe}']],
    ['pk = :p', { ':p': 'nobody' }, []],
  ])('%s', async (expression, values, expected) => {
    expect(await found(expression, values)).toEqual(expected);
    expect(await found(expression, values, { scanIndexForward: false })).toEqual([...expected].reverse());
  });

  test.each([true, false])('gives page after page, each item once (forward: %s)', async (scanIndexForward) => {
    for (const limit of [1, 2, 3, 5, 6, 7]) {
      const seen: string[] = [];
      let nextToken: string | null = null;
      let pages = 0;
      do {
        const page: Page = await query(
          'pk = :p and sk > :a',
          { ':p': 'p', ':a': 'a' },
          { limit, scanIndexForward, ...(nextToken === null ? {} : { nextToken }) },
        );
        expect(page.items.length).toBeLessThanOrEqual(limit);
        seen.push(...page.items.map(({ sk }) => sk));
        ({ nextToken } = page);
        pages += 1;
      } while (nextToken !== null && pages < 20);
      expect(seen).toEqual(scanIndexForward ? sorts.slice(1) : sorts.slice(1).reverse());
    }
  });

  test.each([
    ['sk = :p', { ':p': 'p' }],
    ['pk = :p or sk = :p', { ':p': 'p' }],
    ['pk = :p and sk <> :p', { ':p': 'p' }],
    ['pk = :p and text = :p', { ':p': 'p' }],
    ['pk > :p', { ':p': 'p' }],
    ['pk = :missing', {}],
    ['', {}],
  ])('%s is refused', async (expression, values) => {
    await expect(query(expression, values)).rejects.toThrow(RequestError);
  });

  test('refuses what it does not do rather than leave it out', async () => {
    for (const more of [{ index: 'i' }, { filter: { expression: 'a = b' } }, { limit: 0 }, { limit: 1.5 }]) {
      await expect(query('pk = :p', { ':p': 'p' }, more)).rejects.toThrow(RequestError);
    }
    await expect(query('pk = :p', { ':p': 'p' }, { nextToken: 'nonsense' })).rejects.toMatchObject({
      type: 'DynamoDB:DynamoDbException',
    });
  });
});

test.each(['PutItem', 'UpdateItem', 'Scan', undefined])('DynamoDB refuses the operation %s', async (operation) => {
  await expect(invoke({ operation })).rejects.toThrow(RequestError);
});

test('A resolver reads items by the helpers of util.dynamodb', async () => {
  const { ask } = tinyApi({
    schema: 'type Query { text(sk: String): String }',
    resolvers: [unit('Query.text', { dataSource: 'table' })],
    code: {
      'Query.text': handlers(
        "return { operation: 'GetItem', key: util.dynamodb.toMapValues({ pk: 'p', sk: ctx.args.sk }) };",
        'return ctx.result?.text;',
      ),
    },
    dataSources: { table: dynamoDbDataSource(table) },
  });
  expect((await ask('{ a: text(sk: "a") none: text(sk: "zz") }')).answer).toEqual({ data: { a: 'at a', none: null } });
});
