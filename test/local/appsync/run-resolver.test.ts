import { describe, expect, test } from '@jest/globals';
import { lambdaDataSource } from '../../../local/appsync/data-sources/lambda.js';
import { DataSourceError } from '../../../local/appsync/data-source.js';
import { handlers, giving, tinyApi, unit, userPoolIdentity } from './tiny-api.js';

const schema = `type Query { it(id: ID, n: Int): It  text: String  other: String }
  type It { id: ID  name: String  child: It  seen: AWSJSON }`;

/** A tiny API with one resolver of `Query.it`. */
const withUnit = (code: string, more: Partial<Parameters<typeof tinyApi>[0]> = {}): ReturnType<typeof tinyApi> =>
  tinyApi({ schema, resolvers: [unit('Query.it')], code: { 'Query.it': code }, ...more });

/** A pipeline of `Query.text` with functions f1, f2, … over NONE. */
const withPipeline = (
  before: string,
  after: string,
  ...functions: readonly [string, string?][]
): ReturnType<typeof tinyApi> =>
  tinyApi({
    schema,
    resolvers: [
      {
        kind: 'PIPELINE',
        typeName: 'Query',
        fieldName: 'text',
        code: 'pipeline',
        functions: functions.map((_, at) => `f${String(at + 1)}`),
      },
    ],
    functions: functions.map((_, at) => ({
      name: `f${String(at + 1)}`,
      dataSource: 'none',
      code: `f${String(at + 1)}`,
    })),
    code: {
      pipeline: handlers(before, after),
      ...Object.fromEntries(
        functions.map(([request, response], at) => [`f${String(at + 1)}`, handlers(request, response)]),
      ),
    },
  });

describe('a unit resolver', () => {
  test('gives what its response handler gives of the data source’s result', async () => {
    const { ask } = withUnit(
      handlers("return { payload: { id: ctx.args.id, name: 'n' } };", 'return { ...ctx.result, child: { id: 2 } };'),
    );
    expect((await ask('{ it(id: "1") { id name child { id name } } }')).data).toEqual({
      it: { id: '1', name: 'n', child: { id: '2', name: null } },
    });
  });

  test('keeps its stash between its handlers, and only there', async () => {
    const { ask } = withUnit(
      handlers('ctx.stash.n = (ctx.stash.n ?? 0) + ctx.args.n; return {};', 'return { id: ctx.stash.n };'),
    );
    const { data } = await ask('{ a: it(n: 1) { id } b: it(n: 5) { id } }');
    expect(data).toEqual({ a: { id: '1' }, b: { id: '5' } });
  });

  test('ends with what runtime.earlyReturn was given, without data source and response handler', async () => {
    const { ask } = withUnit(handlers("runtime.earlyReturn({ id: 'early' });", "util.error('not this');"));
    expect((await ask('{ it { id } }')).answer).toEqual({ data: { it: { id: 'early' } } });
  });

  test('finds the error of its data source as ctx.error, and may go on', async () => {
    const failing = {
      kind: 'NONE' as const,
      invoke: () => Promise.reject(new DataSourceError('Source:Kind', 'it broke', { part: 1 })),
    };
    const { ask } = withUnit(
      handlers('return {};', 'return { id: `${ctx.error.type} ${ctx.error.message} ${ctx.result.part}` };'),
      { dataSources: { none: failing } },
    );
    expect((await ask('{ it { id } }')).answer).toEqual({ data: { it: { id: 'Source:Kind it broke 1' } } });
    const passed = withUnit(
      handlers(
        'return {};',
        'if (ctx.error) util.error(ctx.error.message, ctx.error.type, ctx.result); return ctx.result;',
      ),
      { dataSources: { none: failing } },
    );
    expect((await passed.ask('{ it { id } }')).errors).toMatchObject([
      { errorType: 'Source:Kind', message: 'it broke', data: { id: null } },
    ]);
  });

  test('fails as MappingTemplate when its request is none', async () => {
    for (const code of [handlers("return 'text';"), handlers('return;'), handlers('return [1];')]) {
      expect((await withUnit(code).ask('{ it { id } }')).errors).toMatchObject([
        { errorType: 'MappingTemplate', message: 'The request handler must return an object.' },
      ]);
    }
  });

  test('has all of ctx that AWS describes', async () => {
    const seen = `{ args: ctx.args, same: ctx.args === ctx.arguments, identity: ctx.identity, source: ctx.source, headers: ctx.request.headers, env: ctx.env,
      field: ctx.info.fieldName, parent: ctx.info.parentTypeName, variables: ctx.info.variables, list: ctx.info.selectionSetList, text: ctx.info.selectionSetGraphQL, prev: ctx.prev, stash: ctx.stash, error: ctx.error }`;
    const { ask } = tinyApi({
      schema,
      resolvers: [unit('Query.it'), unit('It.seen')],
      code: { 'Query.it': giving("{ id: '7', name: 'source' }"), 'It.seen': giving(seen) },
      options: { environment: { STAGE: 'test' } },
    });
    const { data } = await ask('query ($n: Int) { it(n: $n) { seen } }', { variables: { n: 3 } });
    expect(JSON.parse((data as { it: { seen: string } }).it.seen)).toEqual({
      args: {},
      same: true,
      identity: userPoolIdentity,
      source: { id: '7', name: 'source' },
      headers: { 'x-tried': 'yes' },
      env: { STAGE: 'test' },
      field: 'seen',
      parent: 'It',
      variables: { n: 3 },
      list: [],
      text: '',
      prev: null,
      stash: {},
    });
  });

  test('sees what was selected of it: paths, aliases, fragments on its type, without what is skipped', async () => {
    const { ask } = withUnit(giving('{ id: ctx.info.selectionSetList.join(), name: ctx.info.selectionSetGraphQL }'));
    const { data } = await ask(
      'query ($no: Boolean!) { it { id named: name child { id ...F } ... on It { child { name } } n2: name @skip(if: true) n3: name @include(if: $no) } } fragment F on It { name }',
      { variables: { no: false } },
    );
    const { it } = data as { it: Record<string, string> };
    expect(it['id']).toBe('id,named,child,child/id,child/name');
    expect(it['named']).toMatch(/^\{\s+id\s+named: name/);
  });

  test('takes the identity of nobody as null', async () => {
    const { ask } = withUnit(giving('{ id: `${ctx.identity === null}` }'));
    expect((await ask('{ it { id } }', { identity: null })).data).toEqual({ it: { id: 'true' } });
  });
});

describe('a pipeline', () => {
  test('runs before step, functions in order, after step; prev and stash go along', async () => {
    const { ask } = withPipeline(
      "ctx.stash.path = ['before']; return { from: 'before' };",
      "ctx.stash.path.push('after ' + ctx.prev.result.from + ' ' + ctx.result.from); return ctx.stash.path.join();",
      [
        "ctx.stash.path.push('1 ' + ctx.prev.result.from); return { payload: { from: 'one' } };",
        "ctx.stash.path.push('1r ' + ctx.result.from + ' ' + ctx.prev.result.from); return { from: 'ONE' };",
      ],
      ["ctx.stash.path.push('2 ' + ctx.prev.result.from); return { payload: { from: 'two' } };", 'return ctx.result;'],
    );
    expect((await ask('{ text }')).answer).toEqual({
      data: { text: 'before,1 before,1r one before,2 ONE,after two two' },
    });
  });

  test('whose before step gives nothing has no result before the first function', async () => {
    const { ask } = withPipeline('return;', 'return ctx.prev.result;', [
      'return { payload: ctx.prev === null };',
      'return ctx.result ? "nothing" : "something";',
    ]);
    expect((await ask('{ text }')).data).toEqual({ text: 'nothing' });
  });

  const path = "ctx.stash.path = (ctx.stash.path ?? '') + ";
  const ends = `return ctx.stash.path + ' ' + ctx.prev.result;`;
  test.each([
    [
      'in the before step skips all functions',
      "runtime.earlyReturn('x');",
      `${path}'1'; return { payload: 'one' };`,
      'undefined x',
    ],
    [
      'in a function skips its data source and response handler only',
      'return {};',
      `${path}'1'; runtime.earlyReturn('x');`,
      '12 two',
    ],
    ['to NEXT is the same', 'return {};', `${path}'1'; runtime.earlyReturn('x', { skipTo: 'NEXT' });`, '12 two'],
    [
      'to END skips the functions after it, too',
      'return {};',
      `${path}'1'; runtime.earlyReturn('x', { skipTo: 'END' });`,
      '1 x',
    ],
  ])('an early return %s', async (_, before, first, expected) => {
    const { ask } = withPipeline(
      before,
      ends,
      [first, `${path}'R'; return ctx.result;`],
      [`${path}'2'; return { payload: 'two' };`],
    );
    expect((await ask('{ text }')).answer).toEqual({ data: { text: expected } });
  });

  test('an early return in the response handler of a function ends what it says', async () => {
    const next = withPipeline(
      'return {};',
      ends,
      ["return { payload: 'one' };", "runtime.earlyReturn('early');"],
      [`${path}'2 after ' + ctx.prev.result; return { payload: 'two' };`],
    );
    expect((await next.ask('{ text }')).data).toEqual({ text: '2 after early two' });
    const end = withPipeline(
      `${path}'0'; return {};`,
      ends,
      ["return { payload: 'one' };", "runtime.earlyReturn('early', { skipTo: 'END' });"],
      [`${path}'2'; return { payload: 'two' };`],
    );
    expect((await end.ask('{ text }')).data).toEqual({ text: '0 early' });
  });

  test('fails with the error of a function, and runs nothing after it', async () => {
    const { ask, failures } = withPipeline(
      'return {};',
      "util.error('after');",
      ["util.error('first', 'F');"],
      ["util.error('second');"],
    );
    expect((await ask('{ text }')).errors).toMatchObject([{ message: 'first', errorType: 'F', path: ['text'] }]);
    expect(failures).toEqual([]);
  });

  test('goes on where a function lets the error of its data source pass', async () => {
    const { ask } = tinyApi({
      schema,
      resolvers: [{ kind: 'PIPELINE', typeName: 'Query', fieldName: 'text', code: 'p', functions: ['f'] }],
      functions: [{ name: 'f', dataSource: 'lambda', code: 'f' }],
      code: {
        p: handlers('return {};', 'return ctx.prev.result + " " + (ctx.error === undefined);'),
        f: handlers("return { operation: 'Invoke', payload: 1 };", 'return ctx.error.type;'),
      },
      dataSources: {
        lambda: lambdaDataSource(() => {
          throw new Error('x');
        }),
      },
    });
    expect((await ask('{ text }')).answer).toEqual({ data: { text: 'Lambda:Unhandled true' } });
  });
});

describe('errors as AppSync writes them', () => {
  test('util.error gives path, locations, type and info, and of the data what was selected', async () => {
    const { ask } = withUnit(
      handlers(
        'return {};',
        "util.error('no such', 'NotFound', { id: 1, name: 'n', secret: 's', child: { id: 2, secret: 't' } }, { code: 404 });",
      ),
    );
    expect((await ask('query Q {\n  one: it { id called: name child { id } }\n}')).answer).toEqual({
      data: { one: null },
      errors: [
        {
          path: ['one'],
          data: { id: 1, called: 'n', child: { id: 2 } },
          errorType: 'NotFound',
          errorInfo: { code: 404 },
          locations: [{ line: 2, column: 3, sourceName: null }],
          message: 'no such',
        },
      ],
    });
  });

  test('util.appendError keeps the data', async () => {
    const { ask } = withUnit(handlers("util.appendError('careful', 'Warning'); return { payload: { id: 1 } };"));
    expect((await ask('{ it { id } }')).answer).toEqual({
      data: { it: { id: '1' } },
      errors: [
        {
          path: ['it'],
          data: null,
          errorType: 'Warning',
          errorInfo: null,
          locations: [{ line: 1, column: 3, sourceName: null }],
          message: 'careful',
        },
      ],
    });
  });

  test('util.unauthorized names field and type', async () => {
    const { ask } = withUnit(handlers('util.unauthorized();'));
    expect((await ask('{ it { id } }')).answer).toEqual({
      data: { it: null },
      errors: [
        {
          path: ['it'],
          data: null,
          errorType: 'Unauthorized',
          errorInfo: null,
          locations: [{ line: 1, column: 3, sourceName: null }],
          message: 'Not Authorized to access it on type Query',
        },
      ],
    });
  });

  test('failing code is masked, and told to whom runs the server', async () => {
    const { ask, failures } = withUnit(handlers("const secret = 'patient'; return ctx.args.id.a.b;"));
    const { answer } = await ask('{ it { id } }');
    expect(answer.errors).toMatchObject([{ errorType: 'Code', message: 'Runtime Error' }]);
    expect(failures).toMatchObject([{ step: 'Query.it (run)', message: expect.stringContaining('TypeError') }]);
  });

  test('a failure of the data source that nobody expected is no error of ours to tell', async () => {
    const broken = { kind: 'NONE' as const, invoke: () => Promise.reject(new TypeError('secret detail')) };
    const { ask, failures } = withUnit(handlers('return {};'), { dataSources: { none: broken } });
    const { answer } = await ask('{ it { id } }');
    expect(JSON.stringify(answer)).not.toContain('secret');
    expect(answer.errors).toMatchObject([{ errorType: 'InternalFailure' }]);
    expect(failures).toMatchObject([{ message: 'secret detail' }]);
  });

  test('a bundle that AppSync would refuse fails its field only', async () => {
    const { ask, failures } = tinyApi({
      schema,
      resolvers: [unit('Query.text'), unit('Query.other')],
      code: { 'Query.text': giving("'fine'"), 'Query.other': handlers('while (true) {}') },
    });
    const { answer } = await ask('{ text other }');
    expect(answer).toMatchObject({
      data: { text: 'fine', other: null },
      errors: [{ errorType: 'Code', path: ['other'] }],
    });
    expect(failures).toMatchObject([
      { message: expect.stringContaining('Query.other.js:2:32: while is not supported') },
    ]);
  });

  test('a bundle that is replaced by one that throws makes the matching field fail and no other', async () => {
    const code = { 'Query.text': giving("'one'"), 'Query.other': giving("'two'") };
    const resolvers = [unit('Query.text'), unit('Query.other')];
    expect((await tinyApi({ schema, resolvers, code }).ask('{ text other }')).answer).toEqual({
      data: { text: 'one', other: 'two' },
    });
    const thrown = handlers('const nothing = null; return nothing.at.all;');
    const { answer } = await tinyApi({ schema, resolvers, code: { ...code, 'Query.other': thrown } }).ask(
      '{ text other }',
    );
    expect(answer).toMatchObject({ data: { text: 'one', other: null }, errors: [{ path: ['other'] }] });
  });

  test('a resolver of a field that is not there stops the API at its first request', async () => {
    const { ask } = tinyApi({ schema, resolvers: [unit('Query.nowhere')], code: {} });
    await expect(ask('{ text }')).rejects.toThrow('The schema has no field Query.nowhere, which has a resolver');
  });

  test('a resolver whose data source or function is not there stops the API', async () => {
    await expect(
      tinyApi({ schema, resolvers: [unit('Query.text', { dataSource: 'gone' })], code: {} }).ask('{ text }'),
    ).rejects.toThrow('the data source gone, which is not there');
    const pipeline = {
      kind: 'PIPELINE' as const,
      typeName: 'Query',
      fieldName: 'text',
      code: 'p',
      functions: ['gone'],
    };
    await expect(tinyApi({ schema, resolvers: [pipeline], code: {} }).ask('{ text }')).rejects.toThrow(
      'the function gone, which is not there',
    );
  });
});
