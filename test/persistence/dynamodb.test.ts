import { describe, expect, test } from '@jest/globals';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  TransactionCanceledException,
  TransactionConflictException,
  TransactionInProgressException,
} from '@aws-sdk/client-dynamodb';
import type { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { within } from '../../fhir/deadline.js';
import { OperationOutcomeError } from '../../fhir/outcome.js';
import { dynamoDbTable } from '../../persistence/dynamodb.js';
import type { Table, WriteAction } from '../../persistence/table.js';

// What DynamoDB Local never does: throttle, leave keys out, fail, lose an answer.

interface Sent {
  readonly command: string;
  readonly input: Record<string, unknown>;
}
type Answer = Error | Record<string, unknown>;

/** A table whose client answers as told, the last answer for ever; `patience` in milliseconds. */
function tableAnswering(
  answers: readonly (Answer | ((input: Record<string, unknown>) => Answer))[],
  patience = 10_000,
): { table: Table; sent: Sent[] } {
  const sent: Sent[] = [];
  const send = (command: { constructor: { name: string }; input: Record<string, unknown> }): Promise<unknown> => {
    const told = answers[Math.min(sent.length, answers.length - 1)] ?? {};
    sent.push({ command: command.constructor.name, input: command.input });
    const answer = typeof told === 'function' ? told(command.input) : told;
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const client = { send } as unknown as DynamoDBClient;
  return {
    sent,
    table: dynamoDbTable({ client, streams: {} as unknown as DynamoDBStreamsClient, name: 't', patience }),
  };
}

const metadata = { $metadata: {}, message: 'not for clients' };
const named = (name: string, more: object = {}): Error => Object.assign(new Error('not for clients'), { name }, more);
const cancelled = (...codes: string[]): Error =>
  new TransactionCanceledException({ ...metadata, CancellationReasons: codes.map((Code) => ({ Code })) });
const put = (sk: string, more: object = {}): WriteAction => ({ kind: 'put', item: { pk: 'p', sk }, ...more });
const outcomeOf = async (work: Promise<unknown>): Promise<[number, string | undefined]> => {
  const error = await work.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  if (!(error instanceof OperationOutcomeError)) throw new Error('no outcome', { cause: error });
  expect(error.message).not.toContain('not for clients');
  return [error.status, error.issues[0]?.code];
};

describe('a write', () => {
  test('of one action is a plain one; of more it is a transaction', async () => {
    const { table, sent } = tableAnswering([{}]);
    await table.write([put('a')]);
    await table.write([{ kind: 'remove', key: { pk: 'p', sk: 'a' } }]);
    await table.write([put('a'), put('b')]);
    expect(sent.map(({ command }) => command)).toEqual([
      'PutItemCommand',
      'DeleteItemCommand',
      'TransactWriteItemsCommand',
    ]);
  });

  test('that meets a transaction is tried again, with the same token, until it is done', async () => {
    const one = tableAnswering([new TransactionConflictException(metadata), {}]);
    expect(await one.table.write([put('a')])).toEqual({ written: true });
    const answers = [cancelled('None', 'TransactionConflict'), new TransactionInProgressException(metadata), {}];
    const two = tableAnswering(answers);
    expect(await two.table.write([put('a'), put('b')])).toEqual({ written: true });
    const tokens = two.sent.map(({ input }) => input['ClientRequestToken']);
    expect(tokens).toHaveLength(3);
    expect(new Set(tokens).size).toBe(1);
    expect(tokens[0]).toMatch(/^[\w-]{36}$/);
  });

  test('whose conditions fail besides a conflict fails by them', async () => {
    const item = { pk: { S: 'p' }, sk: { S: 'b' }, n: { N: '1' } };
    const error = new TransactionCanceledException({
      ...metadata,
      CancellationReasons: [{ Code: 'TransactionConflict' }, { Code: 'ConditionalCheckFailed', Item: item }],
    });
    expect(await tableAnswering([error]).table.write([put('a'), put('b')])).toEqual({
      written: false,
      failures: [{ action: 1, existing: { pk: 'p', sk: 'b', n: 1 } }],
    });
    const lone = new ConditionalCheckFailedException({ ...metadata, Item: item });
    expect(await tableAnswering([lone]).table.write([put('b')])).toMatchObject({ failures: [{ action: 0 }] });
  });

  test.each([
    ['a conflict that stays', [put('a')], new TransactionConflictException(metadata), 409, 'conflict'],
    ['conflicts that stay', [put('a'), put('b')], cancelled('TransactionConflict', 'None'), 409, 'conflict'],
    ['throttling that stays', [put('a'), put('b')], cancelled('ThrottlingError', 'None'), 503, 'transient'],
    ['throttling', [put('a')], named('ThrottlingException'), 503, 'transient'],
    ['a refused connection', [put('a')], named('Error', { code: 'ECONNREFUSED' }), 503, 'transient'],
    ['a failing database', [put('a')], named('X', { $metadata: { httpStatusCode: 500 } }), 503, 'transient'],
    ['no answer', [put('a')], named('AbortError'), 503, 'transient'],
  ])('that meets %s ends with an outcome', async (_, actions, answer, status, code) => {
    expect(await outcomeOf(tableAnswering([answer], 60).table.write(actions))).toEqual([status, code]);
  });

  test('does not hide a mistake of ours as an outage', async () => {
    const mistake = named('ValidationException', { $metadata: { httpStatusCode: 400 } });
    await expect(tableAnswering([mistake]).table.write([put('a')])).rejects.toBe(mistake);
    const invalid = cancelled('ValidationError', 'None');
    await expect(tableAnswering([invalid]).table.write([put('a'), put('b')])).rejects.toBe(invalid);
  });

  test.each([
    ['more than 100 actions', Array.from({ length: 101 }, (_, n) => put(String(n))), /101 .* 100/],
    ['an item of more than 400 KB', [put('a', { item: { pk: 'p', sk: 'a', body: 'é'.repeat(204_800) } })], /409600/],
    [
      'more than 4 MB together',
      Array.from({ length: 11 }, (_, n) => ({
        kind: 'put' as const,
        item: { pk: 'p', sk: String(n), body: 'x'.repeat(400_000) },
      })),
      /4194304/,
    ],
  ])('of %s is refused by the limit, unsent', async (_, actions, limit) => {
    const { table, sent } = tableAnswering([{}]);
    expect(await outcomeOf(table.write(actions))).toEqual([413, 'too-costly']);
    await expect(table.write(actions)).rejects.toThrow(limit);
    expect(sent).toEqual([]);
  });
});

describe('a batch get', () => {
  const keys = Array.from({ length: 250 }, (_, n) => ({ pk: 'p', sk: String(n) }));
  const keysOf = (input: Record<string, unknown>): { pk: { S: string }; sk: { S: string } }[] =>
    (input['RequestItems'] as { t: { Keys: { pk: { S: string }; sk: { S: string } }[] } }).t.Keys;

  test('asks again for the keys that were left out, and for no others', async () => {
    const { table, sent } = tableAnswering([
      (input) => {
        const wanted = keysOf(input);
        const now = wanted.slice(0, 40);
        return { Responses: { t: now }, UnprocessedKeys: { t: { Keys: wanted.slice(40) } } };
      },
    ]);
    expect(await table.batchGet([...keys, ...keys])).toEqual([...keys, ...keys]);
    const asked = sent.map(({ input }) => keysOf(input).length).toSorted((a, b) => b - a);
    expect(asked).toEqual([100, 100, 60, 60, 50, 20, 20, 10]);
  });

  test('that never gets all ends with an outcome', async () => {
    const { table } = tableAnswering([(input) => ({ UnprocessedKeys: { t: { Keys: keysOf(input) } } })], 60);
    expect(await outcomeOf(table.batchGet(keys))).toEqual([503, 'transient']);
  });
});

test('a query goes on behind a page that DynamoDB cut short', async () => {
  const item = (sk: string) => ({ pk: { S: 'p' }, sk: { S: sk } });
  const { table, sent } = tableAnswering([
    { Items: [item('1')], LastEvaluatedKey: item('1') },
    { Items: [], LastEvaluatedKey: item('2') },
    { Items: [item('3')] },
  ]);
  expect((await table.query({ pk: 'p', limit: 9 })).map(({ sk }) => sk)).toEqual(['1', '3']);
  expect(sent.map(({ input }) => input['ConsistentRead'])).toEqual([true, true, true]);
});

describe('single reads at once', () => {
  const keyOf = (sk: string) => ({ pk: 'p', sk });
  const stored = (sk: string) => ({ pk: { S: 'p' }, sk: { S: sk }, body: { S: `of ${sk}` } });
  const asked = (input: Record<string, unknown>): string[] =>
    (input['RequestItems'] as Record<string, { Keys: { sk: { S: string } }[] }>)['t']?.Keys.map(({ sk }) => sk.S) ?? [];
  const answering = (input: Record<string, unknown>): Answer =>
    'Key' in input
      ? { Item: stored((input['Key'] as { sk: { S: string } }).sk.S) }
      : {
          Responses: {
            t: asked(input)
              .filter((sk) => sk !== 'none')
              .map(stored),
          },
        };

  test('cost two calls and one for all others, and each gets its own', async () => {
    const { table, sent } = tableAnswering([answering]);
    const names = ['a', 'b', 'c', 'none', 'd', 'c'];
    const items = await Promise.all(names.map((sk) => table.get(keyOf(sk))));
    expect(items.map((item) => item?.['body'])).toEqual(['of a', 'of b', 'of c', undefined, 'of d', 'of c']);
    expect(sent.map(({ command }) => command)).toEqual(['GetItemCommand', 'GetItemCommand', 'BatchGetItemCommand']);
  });

  test('one after the other cost a call each', async () => {
    const { table, sent } = tableAnswering([answering]);
    for (const sk of ['a', 'b', 'c', 'd']) await table.get(keyOf(sk));
    expect(sent.map(({ command }) => command)).toEqual(Array.from({ length: 4 }, () => 'GetItemCommand'));
  });

  test('what is refused is refused for one of them, not for the others', async () => {
    const mistake = named('ValidationException', { $metadata: { httpStatusCode: 400 } });
    const { table } = tableAnswering([
      (input) =>
        'Key' in input && (input['Key'] as { sk: { S: string } }).sk.S !== 'bad' ? answering(input) : mistake,
    ]);
    const outcomes = await Promise.allSettled(['a', 'b', 'c', 'bad', 'd'].map((sk) => table.get(keyOf(sk))));
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
  });

  test('do not wait for long for reads that hang', async () => {
    let calls = 0;
    const client = {
      send: () => ((calls += 1) <= 2 ? new Promise(() => undefined) : Promise.resolve({ Item: stored('c') })),
    } as unknown as DynamoDBClient;
    const table = dynamoDbTable({ client, streams: {} as unknown as DynamoDBStreamsClient, name: 't' });
    void table.get(keyOf('a'));
    void table.get(keyOf('b'));
    expect(await table.get(keyOf('c'))).toMatchObject({ sk: 'c' });
  });

  test('that nobody answers all end with 503', async () => {
    const { table } = tableAnswering([named('AbortError')], 60);
    const outcomes = await Promise.all(['a', 'b', 'c', 'd'].map((sk) => outcomeOf(table.get(keyOf(sk)))));
    expect(outcomes).toEqual(Array.from({ length: 4 }, () => [503, 'transient']));
  });
});

describe('reads that go together', () => {
  test('are not waited for longer than by whoever asked; the others still get theirs', async () => {
    let answer: (items: unknown) => void = () => undefined;
    const late = new Promise((resolve) => (answer = resolve));
    const client = {
      send: (command: object) => (command instanceof BatchGetItemCommand ? late : new Promise(() => 0)),
    };
    const streams = {} as unknown as DynamoDBStreamsClient;
    const table = dynamoDbTable({ client: client as unknown as DynamoDBClient, streams, name: 't' });
    for (const sk of ['first', 'second']) void table.get({ pk: 'p', sk });
    const hurried = within(1, () => table.get({ pk: 'p', sk: 'a' }));
    const patient = table.get({ pk: 'p', sk: 'b' });
    expect(await outcomeOf(hurried)).toEqual([503, 'transient']);
    answer({ Responses: { t: [{ pk: { S: 'p' }, sk: { S: 'b' } }] } });
    expect(await patient).toEqual({ pk: 'p', sk: 'b' });
  });

  test('fail for what DynamoDB keeps leaving out, and for nothing else', async () => {
    const isHot = ({ pk }: { readonly pk: { readonly S: string } }): boolean => pk.S === 'hot';
    const answer = ({ RequestItems, Key }: Record<string, unknown>): Record<string, unknown> => {
      if (Key !== undefined) return { Item: Key };
      const { Keys } = (RequestItems as { t: { Keys: { pk: { S: string } }[] } }).t;
      const left = Keys.filter(isHot);
      return {
        Responses: { t: Keys.filter((key) => !isHot(key)) },
        UnprocessedKeys: left.length === 0 ? {} : { t: { Keys: left } },
      };
    };
    const { table, sent } = tableAnswering([answer], 50);
    const read = ['first', 'second', 'a', 'hot', 'b', 'a'].map((pk) => table.get({ pk, sk: 's' }));
    const told = await Promise.allSettled(read);
    expect(told.map(({ status }) => status === 'fulfilled')).toEqual([true, true, true, false, true, true]);
    expect(sent.filter(({ command }) => command === 'GetItemCommand')).toHaveLength(2);
  });
});
