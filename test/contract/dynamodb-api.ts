import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DataSourceError, RequestError } from '../../local/appsync/data-source.js';
import type { DynamoDbApi } from '../../local/appsync/data-sources/dynamodb/api.js';
import { dynamoDbApiDataSource } from '../../local/appsync/data-sources/dynamodb/data-source.js';
import type { TableSchema } from '../../local/appsync/data-sources/dynamodb/table-schema.js';
import { dynamoDbModule } from '../../local/appsync/util/dynamodb-module.js';
import { toMapValues } from '../../local/appsync/util/dynamodb.js';

/** The tables of the suite: `notes`, with a sort key and indexes, and `users`, without. */
export const contractTables = (suffix = ''): readonly TableSchema[] => [
  {
    name: `notes${suffix}`,
    hash: { name: 'owner', type: 'S' },
    range: { name: 'at', type: 'N' },
    indexes: [
      {
        name: 'byTopic',
        hash: { name: 'topic', type: 'S' },
        range: { name: 'at', type: 'N' },
        isGlobal: true,
        projected: ['text'],
      },
    ],
  },
  { name: `users${suffix}`, hash: { name: 'id', type: 'S' }, indexes: [] },
];

type Members = Readonly<Record<string, unknown>>;

/** The suite of DynamoDB data sources: AppSync's requests over any implementation of the tables. */
export function describeDynamoDbApi(
  name: string,
  open: () => Promise<{ api: DynamoDbApi; suffix: string; close(): Promise<void> }>,
): void {
  describe(`a DynamoDB data source over ${name}`, () => {
    let opened: Awaited<ReturnType<typeof open>>;
    const table = (short: string): string => `${short}${opened.suffix}`;
    const ask = (short: string, request: unknown): Promise<unknown> =>
      dynamoDbApiDataSource(opened.api, table(short)).invoke({
        request,
        execution: {},
        step: 's',
        maxBatchSize: 0,
        goOn: () => undefined,
      });
    const by = (operation: string, payload: Members): unknown =>
      (dynamoDbModule[operation] as (given: unknown) => unknown)(payload);
    const failure = async (asked: Promise<unknown>): Promise<DataSourceError> => {
      const error: unknown = await asked.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(DataSourceError);
      return error as DataSourceError;
    };
    const user = (id: string): Promise<unknown> => ask('users', by('get', { key: { id }, consistentRead: true }));
    beforeAll(async () => {
      opened = await open();
      for (const owner of ['ann', 'bob']) {
        for (const at of [1, 2, 10, 20]) {
          const item = { text: `${owner} ${String(at)}`, ...(at > 1 ? { topic: at === 20 ? 'late' : 'early' } : {}) };
          await ask('notes', by('put', { key: { owner, at }, item }));
        }
      }
    });
    afterAll(() => opened.close());

    test('puts an item and gets it back as plain values, numbers and sets with them', async () => {
      const item = { n: 1.5, yes: true, none: null, list: [1, 'a', { b: [] }], tags: { SS: ['x', 'y'] }, bin: null };
      const typed = { ...toMapValues(item), bin: { B: 'AQID' } };
      const plain = { ...item, id: 'plain', tags: ['x', 'y'], bin: 'AQID' };
      const put = await ask('users', { operation: 'PutItem', key: { id: { S: 'plain' } }, attributeValues: typed });
      expect(put).toEqual(plain);
      const got = (await user('plain')) as typeof plain;
      expect({ ...got, tags: [...got.tags].sort() }).toEqual(plain);
      expect(await user('nobody')).toBeNull();
    });

    test('gets only what a projection asks for', async () => {
      await ask('users', by('put', { key: { id: 'p' }, item: { a: 1, b: { c: 2, d: 3 }, l: [1, 2, 3] } }));
      const projection = ['a', 'b.d', 'l[1]'];
      expect(await ask('users', by('get', { key: { id: 'p' }, projection }))).toEqual({ a: 1, b: { d: 3 }, l: [2] });
    });

    test.each<[string, Members, Members, Members]>([
      ['sets values', { a: 1 }, { a: 2, b: 'x' }, { a: 2, b: 'x' }],
      [
        'counts up and down, exactly',
        { a: 0.1, b: 5 },
        { a: { _type: 'increment', value: 0.2 }, b: { _type: 'decrement', value: 7 } },
        { a: 0.3, b: -2 },
      ],
      [
        'appends and prepends to lists',
        { a: [1], b: [1] },
        { a: { _type: 'append', value: [2] }, b: { _type: 'prepend', value: [0] } },
        { a: [1, 2], b: [0, 1] },
      ],
      [
        'changes members of maps and of lists',
        { a: { b: 1, c: 2 }, l: [1, 2] },
        { a: { b: 3 }, l: [{ _type: 'updateListItem', value: 'x', index: 1 }] },
        { a: { b: 3, c: 2 }, l: [1, 'x'] },
      ],
      ['removes attributes', { a: 1, b: 2 }, { a: { _type: 'remove' } }, { b: 2 }],
    ])('update %s', async (what, before, update, after) => {
      const id = `update ${what}`;
      await ask('users', by('put', { key: { id }, item: before }));
      expect(await ask('users', by('update', { key: { id }, update }))).toEqual({ id, ...after });
      expect(await user(id)).toEqual({ id, ...after });
    });

    test.each([
      ['ADD n :v', { n: 1 }, { v: 2 }, { n: 3 }],
      ['ADD n :v', {}, { v: 2 }, { n: 2 }],
      ['ADD tags :v', { tags: { SS: ['a'] } }, { v: { SS: ['b'] } }, { tags: ['a', 'b'] }],
      ['DELETE tags :v', { tags: { SS: ['a', 'b'] } }, { v: { SS: ['a'] } }, { tags: ['b'] }],
      ['DELETE tags :v', { tags: { SS: ['a'] } }, { v: { SS: ['a'] } }, {}],
      ['SET a = b, b = a', { a: 1, b: 2 }, {}, { a: 2, b: 1 }],
      ['SET a = if_not_exists(a, :v)', {}, { v: 7 }, { a: 7 }],
      ['SET a = if_not_exists(a, :v) + :v', { a: 1 }, { v: 7 }, { a: 8 }],
      ['REMOVE l[0], l[2] SET m = :v', { l: [1, 2, 3, 4] }, { v: 1 }, { l: [2, 4], m: 1 }],
      ['SET l[9] = :v', { l: [1] }, { v: 2 }, { l: [1, 2] }],
    ])('UpdateItem by %s of %j', async (expression, before, values, after) => {
      const id = `expression ${expression} ${JSON.stringify(before)}`;
      await ask('users', by('put', { key: { id }, item: before }));
      const typed = Object.fromEntries(Object.entries(toMapValues(values)).map(([name, one]) => [`:${name}`, one]));
      const update = { expression, ...(Object.keys(typed).length === 0 ? {} : { expressionValues: typed }) };
      const answer = (await ask('users', { operation: 'UpdateItem', key: { id: { S: id } }, update })) as Members;
      const sorted = Object.fromEntries(
        Object.entries(answer).map(([name, one]) => [name, name === 'tags' ? [...(one as string[])].sort() : one]),
      );
      expect(sorted).toEqual({ id, ...after });
    });

    test.each([
      ['SET id = :v', { v: 'x' }, /Cannot update attribute id/],
      ['SET a = nowhere', {}, /refers to an attribute that does not exist/],
      ['SET a = s + :v', { v: 1 }, /incorrect data type/],
      ['SET m.n.o = :v', { v: 1 }, /document path provided in the update expression is invalid/],
      ['SET a = :v, a.b = :v', { v: 1 }, /Two document paths overlap/],
      ['SET a = :w', { v: 1 }, /not defined|not used|unused/],
      ['SET a = :v', { v: 1, w: 2 }, /unused in expressions: keys: \{:w\}/],
      ['SET a :v', { v: 1 }, /Syntax error/],
      ['SET a = fold(a, :v)', { v: 1 }, /Invalid function name/],
    ])('UpdateItem by %s is refused', async (expression, values, message) => {
      await ask('users', by('put', { key: { id: 'wrong' }, item: { s: 'text' } }));
      const typed = Object.fromEntries(Object.entries(toMapValues(values)).map(([name, one]) => [`:${name}`, one]));
      const update = { expression, ...(Object.keys(typed).length === 0 ? {} : { expressionValues: typed }) };
      const error = await failure(ask('users', { operation: 'UpdateItem', key: { id: { S: 'wrong' } }, update }));
      expect(error.type).toBe('DynamoDB:DynamoDbException');
      expect(error.message).toMatch(message);
      expect(await user('wrong')).toEqual({ id: 'wrong', s: 'text' });
    });

    test('a reserved word has to stand as a placeholder', async () => {
      const update = { expression: 'SET Status = :v', expressionValues: { ':v': { N: 1 } } };
      const request = { operation: 'UpdateItem', key: { id: { S: 'reserved' } }, update };
      expect((await failure(ask('users', request))).message).toContain(
        'Attribute name is a reserved keyword; reserved keyword: Status',
      );
    });

    test('deletes an item and gives what it was, or null', async () => {
      await ask('users', by('put', { key: { id: 'gone' }, item: { a: 1 } }));
      expect(await ask('users', by('remove', { key: { id: 'gone' } }))).toEqual({ id: 'gone', a: 1 });
      expect(await ask('users', by('remove', { key: { id: 'gone' } }))).toBeNull();
      expect(await user('gone')).toBeNull();
    });

    test('fails with what stands there when a condition does not hold, and changes nothing', async () => {
      await ask('users', by('put', { key: { id: 'c' }, item: { n: 1 } }));
      const condition = { n: { gt: 1 } };
      for (const request of [
        by('put', { key: { id: 'c' }, item: { n: 9 }, condition }),
        by('update', { key: { id: 'c' }, update: { n: 9 }, condition }),
        by('remove', { key: { id: 'c' }, condition }),
      ]) {
        const error = await failure(ask('users', request));
        expect(error.type).toBe('DynamoDB:ConditionalCheckFailedException');
        expect(error.result).toEqual({ id: 'c', n: 1 });
      }
      expect(await user('c')).toEqual({ id: 'c', n: 1 });
    });

    test('takes a failed condition for done where the table already holds what was to be written', async () => {
      const put = by('put', {
        key: { id: 'twice' },
        item: { n: 1, at: 5 },
        condition: { id: { attributeExists: false } },
      });
      await ask('users', put);
      expect(await ask('users', put)).toEqual({ id: 'twice', n: 1, at: 5 });
      const later = by('put', {
        key: { id: 'twice' },
        item: { n: 1, at: 6 },
        condition: { id: { attributeExists: false } },
      });
      const { condition } = later as { condition: Members };
      expect((await failure(ask('users', later))).result).toEqual({ id: 'twice', n: 1, at: 5 });
      expect(await ask('users', { ...(later as Members), condition: { ...condition, equalsIgnore: ['at'] } })).toEqual({
        id: 'twice',
        n: 1,
        at: 5,
      });
      const remove = by('remove', { key: { id: 'never' }, condition: { id: { attributeExists: true } } });
      expect(await ask('users', remove)).toBeNull();
    });

    test.each<[Members, boolean]>([
      [{ n: { eq: 5 } }, true],
      [{ n: { ne: 5 } }, false],
      [{ n: { between: [5, 6] } }, true],
      [{ n: { in: [1, 5] } }, true],
      [{ n: { lt: 10 } }, true],
      [{ s: { beginsWith: 'te' } }, true],
      [{ s: { contains: 'xt' } }, true],
      [{ s: { notContains: 'xt' } }, false],
      [{ s: { gt: 'te' } }, true],
      [{ s: { gt: 1 } }, false],
      [{ s: { size: { eq: 4 } } }, true],
      [{ l: { contains: 'b' } }, true],
      [{ l: { size: { gt: 2 } } }, false],
      [{ m: { a: { eq: 1 } } }, true],
      [{ m: { attributeType: 'map' } }, true],
      [{ x: { attributeExists: true } }, false],
      [{ x: { ne: 1 } }, true],
      [{ x: { lt: 1 } }, false],
      [{ not: { x: { lt: 1 } } }, true],
      [{ or: [{ n: { eq: 1 } }, { s: { eq: 'text' } }] }, true],
      [{ and: [{ n: { eq: 1 } }, { s: { eq: 'text' } }] }, false],
    ])('the condition %j is %p of an item', async (condition, holds) => {
      await ask('users', by('put', { key: { id: 'held' }, item: { n: 5, s: 'text', l: ['a', 'b'], m: { a: 1 } } }));
      const update = ask('users', by('update', { key: { id: 'held' }, update: { done: true }, condition }));
      if (holds) expect(await update).toMatchObject({ done: true });
      else expect((await failure(update)).type).toBe('DynamoDB:ConditionalCheckFailedException');
    });

    const texts = (page: unknown): string[] => (page as { items: { text: string }[] }).items.map(({ text }) => text);
    test.each<[Members, string[]]>([
      [{ owner: { eq: 'ann' } }, ['ann 1', 'ann 2', 'ann 10', 'ann 20']],
      [{ owner: { eq: 'ann' }, at: { gt: 2 } }, ['ann 10', 'ann 20']],
      [{ owner: { eq: 'ann' }, at: { between: [2, 10] } }, ['ann 2', 'ann 10']],
      [{ at: { eq: 20 }, owner: { eq: 'bob' } }, ['bob 20']],
      [{ owner: { eq: 'cy' } }, []],
    ])('queries %j in the order of the sort key', async (query, found) => {
      expect(texts(await ask('notes', by('query', { query })))).toEqual(found);
      expect(texts(await ask('notes', by('query', { query, scanIndexForward: false })))).toEqual([...found].reverse());
    });

    test.each([
      [{ at: { eq: 1 } }, /missed key schema element/],
      [{ owner: { gt: 'a' } }, /Query key condition not supported|missed key schema element/],
      [{ owner: { eq: 'ann' }, text: { eq: 'x' } }, /missed key schema element/],
    ])('refuses to query %j', async (query, message) => {
      expect((await failure(ask('notes', by('query', { query })))).message).toMatch(message);
    });

    test('pages by nextToken without a gap; the limit counts before the filter', async () => {
      const query = { owner: { eq: 'ann' } };
      const seen: string[] = [];
      let nextToken: string | null = null;
      let pages = 0;
      do {
        const page = (await ask(
          'notes',
          by('query', { query, limit: 3, nextToken, filter: { text: { ne: 'ann 2' } } }),
        )) as {
          nextToken: string | null;
          scannedCount: number;
        };
        seen.push(...texts(page));
        nextToken = page.nextToken;
        pages += 1;
      } while (nextToken !== null);
      expect(seen).toEqual(['ann 1', 'ann 10', 'ann 20']);
      expect(pages).toBe(2);
      expect((await failure(ask('notes', by('query', { query, nextToken: 'nonsense' })))).message).toContain(
        'Invalid pagination token',
      );
    });

    test('refuses a filter that speaks of the key it queries by', async () => {
      const query = { owner: { eq: 'ann' } };
      expect((await failure(ask('notes', by('query', { query, filter: { at: { ne: 2 } } })))).message).toContain(
        'Filter Expression can only contain non-primary key attributes: Primary key attribute: at',
      );
    });

    test('queries an index, which has the items with its attributes, and of them what it projects', async () => {
      const query = { topic: { eq: 'early' } };
      const page = (await ask('notes', by('query', { query, index: 'byTopic' }))) as { items: Members[] };
      expect(page.items.map(({ owner, at }) => `${String(owner)} ${String(at)}`).sort()).toEqual(
        ['ann 10', 'ann 2', 'bob 10', 'bob 2'].sort(),
      );
      expect(page.items.map((item) => Object.keys(item).sort().join())).toEqual(Array(4).fill('at,owner,text,topic'));
      expect(
        (await failure(ask('notes', by('query', { query, index: 'byTopic', consistentRead: true })))).message,
      ).toContain('Consistent reads are not supported');
      expect((await failure(ask('notes', by('query', { query, index: 'other' })))).message).toContain(
        'does not have the specified index',
      );
    });

    test('scans all, by filter, and in segments that together are all', async () => {
      expect(texts(await ask('notes', by('scan', {}))).length).toBe(8);
      expect(texts(await ask('notes', by('scan', { filter: { text: { beginsWith: 'bob' } } }))).length).toBe(4);
      const segments = await Promise.all(
        [0, 1, 2].map((segment) => ask('notes', by('scan', { totalSegments: 3, segment }))),
      );
      expect(segments.flatMap(texts).sort()).toEqual(texts(await ask('notes', by('scan', {}))).sort());
    });

    test('gets, puts and deletes in batches, in the order asked for', async () => {
      const users = table('users');
      const put = [
        { id: 'b1', n: 1 },
        { id: 'b2', n: 2 },
      ];
      expect(await ask('users', by('batchPut', { tables: { [users]: put } }))).toEqual({
        data: { [users]: put },
        unprocessedItems: { [users]: [] },
      });
      const keys = ['b2', 'nobody', 'b1'].map((id) => ({ id }));
      const notes = table('notes');
      const asked = {
        tables: { [users]: { keys, consistentRead: true }, [notes]: { keys: [{ owner: 'ann', at: 1 }] } },
      };
      expect(await ask('users', by('batchGet', asked))).toEqual({
        data: { [users]: [put[1], null, put[0]], [notes]: [{ owner: 'ann', at: 1, text: 'ann 1' }] },
        unprocessedKeys: { [users]: [], [notes]: [] },
      });
      expect(await ask('users', by('batchDelete', { tables: { [users]: [{ id: 'b1' }] } }))).toEqual({
        data: { [users]: [{ id: 'b1' }] },
        unprocessedKeys: { [users]: [] },
      });
      expect(await user('b1')).toBeNull();
      expect(
        (await failure(ask('users', by('batchGet', { tables: { [users]: { keys: [{ id: 'a' }, { id: 'a' }] } } }))))
          .message,
      ).toContain('duplicates');
      const many = Array.from({ length: 26 }, (_, at) => ({ id: String(at) }));
      await expect(ask('users', by('batchDelete', { tables: { [users]: many } }))).rejects.toThrow(RequestError);
    });

    test('writes all of a transaction or nothing, and says why', async () => {
      const users = table('users');
      const key = { id: 't1' };
      const items = [
        { putItem: { table: users, key, item: { n: 1 } } },
        { updateItem: { table: users, key: { id: 't2' }, update: { n: 1 } } },
        {
          conditionCheck: { table: table('notes'), key: { owner: 'ann', at: 1 }, condition: { text: { eq: 'ann 1' } } },
        },
      ];
      expect(await ask('users', by('transactWrite', { items }))).toEqual({
        keys: [key, { id: 't2' }, { owner: 'ann', at: 1 }],
        cancellationReasons: null,
      });
      const failing = [
        { deleteItem: { table: users, key } },
        { putItem: { table: users, key: { id: 't2' }, item: {}, condition: { id: { attributeExists: false } } } },
      ];
      const error = await failure(ask('users', by('transactWrite', { items: failing })));
      expect(error.type).toBe('DynamoDB:TransactionCanceledException');
      expect(error.result).toMatchObject({
        keys: null,
        cancellationReasons: [{ type: 'None' }, { type: 'ConditionalCheckFailed', item: { id: 't2', n: 1 } }],
      });
      const read = {
        items: [
          { table: users, key },
          { table: users, key: { id: 'nobody' } },
        ],
      };
      expect(await ask('users', by('transactGet', read))).toEqual({
        items: [{ id: 't1', n: 1 }, null],
        cancellationReasons: null,
      });
      const same = [failing[0], failing[0]];
      expect((await failure(ask('users', by('transactWrite', { items: same })))).message).toContain(
        'multiple operations on one item',
      );
    });

    test.each<[string, Members, RegExp]>([
      [
        'a key of other attributes',
        { operation: 'GetItem', key: { other: { S: 'x' } } },
        /does not match the schema|required keys was not given/,
      ],
      [
        'a key of another type',
        { operation: 'GetItem', key: { id: { N: 1 } } },
        /does not match the schema|Type mismatch for key/,
      ],
      ['an empty key', { operation: 'PutItem', key: { id: { S: '' } }, attributeValues: {} }, /empty string value/],
      [
        'a number of 39 digits',
        { operation: 'PutItem', key: { id: { S: 'x' } }, attributeValues: { n: { N: '1'.repeat(39) } } },
        /38 significant digits/,
      ],
    ])('DynamoDB refuses %s', async (_, request, message) => {
      expect((await failure(ask('users', request))).message).toMatch(message);
    });

    test.each<[string, unknown, string]>([
      ['no operation', {}, "Value for field '$[operation]' not found."],
      ['another operation', { operation: 'Move' }, "Unsupported operation 'Move'."],
      ['Sync', { operation: 'Sync' }, 'Sync needs a versioned data source'],
      ['_version', { operation: 'DeleteItem', key: { id: { S: 'x' } }, _version: 1 }, '_version needs a versioned'],
      ['no key', { operation: 'GetItem' }, "Value for field '$[key]' not found."],
      ['a plain value', { operation: 'GetItem', key: { id: 'x' } }, "Value for field '$[key.id]' is not a typed value"],
      ['no limit', { operation: 'Scan', limit: 0 }, "Value for field '$[limit]' is no positive integer."],
      [
        'a handler of its own for conditions',
        {
          operation: 'DeleteItem',
          key: { id: { S: 'x' } },
          condition: { expression: 'attribute_exists(id)', conditionalCheckFailedHandler: { strategy: 'Custom' } },
        },
        "The conditionalCheckFailedHandler 'Custom' is not in this runtime.",
      ],
    ])('a request with %s fails the field', async (_, request, message) => {
      const asked = ask('users', request);
      await expect(asked).rejects.toThrow(RequestError);
      await expect(asked).rejects.toThrow(message);
    });
  });
}
