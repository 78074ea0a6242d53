import { describe, expect, test } from '@jest/globals';
import type { AppSyncOptions } from '../../../local/appsync/create-api.js';
import { lambdaDataSource, type LambdaHandler } from '../../../local/appsync/data-sources/lambda.js';
import { handlers, type RunningTinyApi, tinyApi, unit } from './tiny-api.js';

const schema = `type Query { list(n: Int): [Item]  it(id: Int): Item }
  type Item { id: Int  twice: Int  thrice: Int  items: [Item] }`;
const batch = handlers(
  "return { operation: 'BatchInvoke', payload: ctx.source.id };",
  'if (ctx.error) util.error(ctx.error.message, ctx.error.type); return ctx.result;',
);

/** An API whose items' `twice` and `thrice` ask a Lambda in batches; `invocations` is what the Lambda got. */
function items(handler: LambdaHandler, maxBatchSize?: number): RunningTinyApi & { readonly invocations: unknown[] } {
  const invocations: unknown[] = [];
  const size = maxBatchSize === undefined ? {} : { maxBatchSize };
  const api = tinyApi({
    schema,
    resolvers: [
      unit('Query.list'),
      unit('Query.it'),
      unit('Item.twice', { dataSource: 'lambda', code: 'batch', ...size }),
      unit('Item.thrice', { dataSource: 'lambda', code: 'batch', ...size }),
    ],
    code: {
      'Query.list': handlers(
        'const list = []; for (const n of Object.keys("x".split("x").concat([1, 2, 3, 4, 5, 6, 7, 8, 9]))) { if (list.length < ctx.args.n) list.push({ id: list.length + 1, items: [{ id: list.length + 101 }] }); } return { payload: list };',
      ),
      'Query.it': handlers('return { payload: { id: ctx.args.id } };'),
      batch,
    },
    dataSources: {
      lambda: lambdaDataSource((event) => {
        invocations.push(event);
        return handler(event);
      }),
    },
  });
  return { ...api, invocations };
}
const double = (event: unknown): unknown => (event as number[]).map((id) => id * 2);

describe('Lambda by BatchInvoke', () => {
  test('asks for all of a level together, in order, and gives each its own result', async () => {
    const { ask, invocations } = items(double, 10);
    const { data } = await ask('{ list(n: 4) { twice } }');
    expect(data).toEqual({ list: [{ twice: 2 }, { twice: 4 }, { twice: 6 }, { twice: 8 }] });
    expect(invocations).toEqual([[1, 2, 3, 4]]);
  });

  test('makes batches of at most the size of the resolver', async () => {
    const { ask, invocations } = items(double, 3);
    const { data } = await ask('{ list(n: 7) { twice } }');
    expect(data).toEqual({ list: [1, 2, 3, 4, 5, 6, 7].map((id) => ({ twice: id * 2 })) });
    expect(invocations).toEqual([[1, 2, 3], [4, 5, 6], [7]]);
  });

  test('makes batches of five where the resolver says nothing', async () => {
    const { ask, invocations } = items(double);
    await ask('{ list(n: 7) { twice } }');
    expect(invocations).toEqual([
      [1, 2, 3, 4, 5],
      [6, 7],
    ]);
  });

  test('keeps fields, levels and requests apart', async () => {
    const { ask, invocations } = items(double, 10);
    await ask('{ list(n: 2) { twice thrice } it(id: 9) { twice } }');
    expect(invocations.map((one) => JSON.stringify(one)).sort()).toEqual(['[1,2,9]', '[1,2]']);
    invocations.length = 0;
    await ask('{ list(n: 2) { twice items { twice } } }');
    expect(invocations.flat().sort()).toEqual([1, 101, 102, 2]);
    invocations.length = 0;
    await Promise.all([ask('{ list(n: 2) { twice } }'), ask('{ list(n: 3) { twice } }')]);
    expect(invocations.map((one) => (one as number[]).length).sort()).toEqual([2, 3]);
  });

  test.each([
    ['a result too few', (event: unknown) => (event as number[]).slice(1), 'A batch of 3 was answered with 2 results.'],
    ['a result too many', (event: unknown) => [...(event as number[]), 1], 'A batch of 3 was answered with 4 results.'],
    ['no list', () => ({ a: 1 }), 'A batch of 3 was answered with no list.'],
  ])(
    'fails every field of a batch that was answered with %s, for none can be told whose it is',
    async (_, handler, message) => {
      const { data, errors } = await items(handler, 10).ask('{ list(n: 3) { twice } }');
      expect(data).toEqual({ list: [{ twice: null }, { twice: null }, { twice: null }] });
      expect(errors).toHaveLength(3);
      for (const error of errors ?? []) expect(error).toMatchObject({ errorType: 'Lambda:IllegalArgument', message });
    },
  );

  test('fails the fields of the batch whose invocation failed, and no others', async () => {
    const { ask } = items((event) => {
      if ((event as number[]).includes(4)) throw new Error('four');
      return double(event);
    }, 3);
    const { data, errors } = await ask('{ list(n: 7) { twice } }');
    expect(data).toEqual({ list: [2, 4, 6, null, null, null, 14].map((twice) => ({ twice })) });
    expect(errors?.map(({ path, errorType, message }) => ({ path, errorType, message }))).toEqual(
      [3, 4, 5].map((at) => ({ path: ['list', at, 'twice'], errorType: 'Lambda:Unhandled', message: 'four' })),
    );
  });
});

describe('Lambda by Invoke', () => {
  const once = (request: string, handler: LambdaHandler, options: Partial<AppSyncOptions> = {}): RunningTinyApi =>
    tinyApi({
      options,
      schema: 'type Query { text: AWSJSON }',
      resolvers: [unit('Query.text', { dataSource: 'lambda' })],
      code: {
        'Query.text': handlers(
          request,
          'if (ctx.error) util.error(ctx.error.message, ctx.error.type); return ctx.result;',
        ),
      },
      dataSources: { lambda: lambdaDataSource(handler) },
    });
  const invoke = "return { operation: 'Invoke', payload: { a: 1 } };";

  test('passes the payload and gives the result, null for none', async () => {
    expect((await once(invoke, (event) => ({ got: event })).ask('{ text }')).data).toEqual({ text: '{"got":{"a":1}}' });
    expect((await once("return { operation: 'Invoke' };", (event) => [event]).ask('{ text }')).data).toEqual({
      text: '[null]',
    });
    expect((await once(invoke, () => undefined).ask('{ text }')).answer).toEqual({ data: { text: null } });
  });

  const aliases = (count: number): string =>
    `{ ${Array.from({ length: count }, (_, at) => `a${String(at)}: text`).join(' ')} }`;

  test('starts invocations of one request in turns, so that others are answered between them', async () => {
    const order: string[] = [];
    const api = once("return { operation: 'Invoke', payload: ctx.identity.username };", (event) => {
      order.push(String(event));
      return null;
    });
    const identity = (username: string): object => ({ identity: { username } });
    await Promise.all([api.ask(aliases(20), identity('many')), api.ask('{ text }', identity('one'))]);
    expect(order).toHaveLength(21);
    expect(order.indexOf('one')).toBeLessThan(3);
  });

  test('starts no more invocations once the request has passed a limit, and tells no failure of code', async () => {
    let invocations = 0;
    const api = once(
      invoke,
      () => {
        invocations += 1;
        return 'x'.repeat(1000);
      },
      { limits: { maxCharacters: 5000 } },
    );
    const { data, errors } = await api.ask(aliases(100));
    expect([data, errors?.length]).toEqual([null, 1]);
    expect(invocations).toBeLessThan(10);
    expect(api.failures).toEqual([]);
  });

  test('gives an exception as Lambda:Unhandled', async () => {
    for (const handler of [
      () => Promise.reject(new Error('later')),
      (): never => {
        throw new Error('later');
      },
    ]) {
      expect((await once(invoke, handler).ask('{ text }')).errors).toMatchObject([
        { errorType: 'Lambda:Unhandled', message: 'later' },
      ]);
    }
  });

  test('does not wait for an Event', async () => {
    let ended = false;
    const slow = async (): Promise<never> => {
      await new Promise((done) => setTimeout(done, 50));
      ended = true;
      throw new Error('nobody hears this');
    };
    const { answer } = await once("return { operation: 'Invoke', invocationType: 'Event', payload: 1 };", slow).ask(
      '{ text }',
    );
    expect({ answer, ended }).toEqual({ answer: { data: { text: null } }, ended: false });
    await new Promise((done) => setTimeout(done, 80));
    expect(ended).toBe(true);
  });

  test('refuses other operations', async () => {
    expect((await once("return { operation: 'GetItem' };", () => 1).ask('{ text }')).errors).toMatchObject([
      { errorType: 'MappingTemplate', message: "Unsupported operation 'GetItem': Lambda has Invoke and BatchInvoke." },
    ]);
  });
});
