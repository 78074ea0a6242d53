import { describe, expect, test } from '@jest/globals';
import { createContext, Script } from 'node:vm';
import { jsonOfText, jsonOfValue } from '../../../local/appsync/passed-json.js';
import { sandboxPrelude } from '../../../local/appsync/sandbox-prelude.js';
import { type ContextPart, createSandbox } from '../../../local/appsync/sandbox.js';
import { handlers, runRequest, userPoolIdentity, valueOf } from './tiny-api.js';

/** Everything a handler can lay its hands on. */
const reachable: readonly (readonly [string, string])[] = [
  ['ctx', 'ctx'],
  ['ctx.args', 'ctx.args'],
  ['ctx.info', 'ctx.info'],
  ['ctx.identity', 'ctx.identity'],
  ['ctx.request.headers', 'ctx.request.headers'],
  ['ctx.stash', 'ctx.stash'],
  ['ctx.source', 'ctx.source'],
  ['a value of an argument', 'ctx.args.list'],
  ['util', 'util'],
  ['a function of util', 'util.autoId'],
  ['the result of a function of util', "util.dynamodb.toMapValues({ a: 'b' })"],
  ['the text a function of util gave', 'util.autoId()'],
  ['a namespace of util', 'util.time'],
  ['runtime', 'runtime'],
  ['runtime.earlyReturn', 'runtime.earlyReturn'],
  ['console.log', 'console.log'],
  ['an object', '({})'],
  ['a list', '[]'],
  ['a text', "''"],
  ['a number', '(1)'],
  ['a boolean', '(true)'],
  ['a function', '(() => 1)'],
  ['a method of lists', '[].map'],
  ['a method that was replaced', '[].sort'],
  ['a method of texts', "''.replace"],
  ['Object', 'Object'],
  ['Object.assign', 'Object.assign'],
  ['Array', 'Array'],
  ['String', 'String'],
  ['Number', 'Number'],
  ['Math', 'Math'],
  ['Math.max', 'Math.max'],
  ['JSON', 'JSON'],
  ['JSON.parse', 'JSON.parse'],
  ['what JSON.parse gave', 'JSON.parse(\'{"a":[1]}\')'],
  ['request', '[request][0]'],
];
const parts = {
  arguments: '{"list":[1,2],"constructor":"data","name":"constructor","proto":"__proto__"}',
  identity: JSON.stringify(userPoolIdentity),
  headers: '{"a":"b"}',
  source: '{"id":"1"}',
};

/** Names put together at run time, so that no check of the text can see them. */
const named = (text: string): string => `['${text.slice(0, 3)}' + '${text.slice(3)}']`;

describe('a handler', () => {
  test.each(reachable)('cannot make code of text through the constructors of %s', (_, expression) => {
    for (const chain of [named('constructor'), `${named('constructor')}${named('constructor')}`]) {
      const run = runRequest(
        `const found = ${expression}?.${chain}; return { type: typeof found, made: typeof found === 'function' ? found('return 7')?.() : null };`,
        parts,
      );
      if (run.ending.kind === 'value')
        expect(run.ending.value).toMatch(/"type":"(undefined|string|object|function)","made":null|"type":"undefined"/);
      else expect(run.ending).toMatchObject({ kind: 'failure' });
    }
  });

  test.each(reachable)('finds nothing of the host along the prototypes of %s', (_, expression) => {
    const body = `
      const names = [];
      let at = ${expression};
      for (const round of [1, 2, 3, 4]) {
        if (at !== null && at !== undefined) {
          for (const name of ['process', 'require', 'global', 'globalThis', 'Buffer', 'fetch', 'call', 'apply', 'bind', '__defineGetter__', '__lookupGetter__', 'caller', 'callee']) {
            let value = null;
            if (typeof at[name] === 'function' || typeof at[name] === 'object') names.push(name);
          }
          at = at${named('__proto__')};
        }
      }
      return names;`;
    const { ending } = runRequest(body, parts);
    // Reading "caller" of a strict function may throw instead: that gives nothing either.
    if (ending.kind === 'value') expect(JSON.parse(ending.value ?? '')).toEqual([]);
    else expect(ending.kind).toBe('failure');
  });

  test('finds data that is named like the machinery as the data it is', () => {
    expect(valueOf('return [ctx.args[ctx.args.name], ctx.args[ctx.args.proto] === undefined];', parts)).toEqual([
      'data',
      true,
    ]);
  });

  test('cannot change what later runs find', () => {
    const sandbox = createSandbox(
      'tried',
      handlers(
        'if (ctx.args.first) { [].map[ctx.args.x] = 1; } return 1;',
        `return { text: typeof ''.pwned, list: typeof [].pwned, object: typeof ({}).pwned, map: typeof [].map.pwned, util: typeof util.pwned, count: count };`,
      ) + 'let count = 0; count += 1;',
    );
    const attempts = [
      "const o = {}; o['__pro' + 'to__'] = 1; return 1;",
      'util.pwned = 1;',
      "JSON['pw' + 'ned'] = 1;",
      "Math['pw' + 'ned'] = 1;",
      'const same = ctx; same.pwned = 1;',
    ];
    for (const attempt of attempts) runRequest(attempt, parts);
    const run = (handler: 'request' | 'response'): unknown =>
      sandbox.run(
        handler,
        {
          fieldName: 'f',
          parentTypeName: 'Query',
          failed: false,
          text: (part) => ({ arguments: '{"first":true,"x":"pwned"}', stash: '{}' })[part as string],
        },
        { identity: null },
      ).ending;
    run('request');
    expect(run('response')).toEqual({
      kind: 'value',
      value: JSON.stringify({
        text: 'undefined',
        list: 'undefined',
        object: 'undefined',
        map: 'undefined',
        util: 'undefined',
        count: 1,
      }),
    });
  });

  test('that changes the lists of its own world changes nobody else’s', () => {
    const changed = runRequest(
      `[]${named('constructor')}${named('prototype')}.includes = () => 'changed'; return [1].includes(2);`,
    );
    expect(changed.ending).toEqual({ kind: 'value', value: '"changed"' });
    expect(valueOf('return [1].includes(2);')).toBe(false);
    expect([1].includes(2)).toBe(false);
  });

  test('gets nothing of the host as this, nor as the arguments of a getter', () => {
    const body = `
      const seen = [];
      const list = [1];
      list.forEach(function look(value) { seen.push(typeof look.caller); });
      return seen;`;
    const { ending } = runRequest(body);
    if (ending.kind === 'value') expect(ending.value).toBe('["undefined"]');
    else expect(ending.kind).toBe('failure');
  });

  test('that gives getters or functions gives no more than their data', () => {
    expect(valueOf("return { get a() { return 'got'; }, f() { return 1; }, list: [() => 1] };")).toEqual({
      a: 'got',
      list: [null],
    });
    expect(valueOf('return { toJSON() { return { b: 1 }; } };')).toEqual({ b: 1 });
    expect(valueOf("return { ['__pro' + 'to__']: { polluted: true } };")).toHaveProperty('__proto__');
    expect(Reflect.has({}, 'polluted')).toBe(false);
  });

  test('cannot give a circle', () => {
    expect(runRequest('const a = {}; a.a = a; return a;').ending).toMatchObject({ kind: 'failure' });
    expect(runRequest('const a = {}; a.a = a; util.error("x", "y", a);').ending).toMatchObject({ kind: 'failure' });
    expect(runRequest('ctx.stash.a = ctx.stash; return 1;').ending).toMatchObject({ kind: 'failure' });
  });

  test('cannot use JSON.parse with a function, and gets an empty text for what is no JSON', () => {
    expect(() => runRequest("return JSON.parse('1', (key, value) => value);")).toThrow('passing a function');
    expect(valueOf("return JSON.parse('{');")).toBe('');
  });
});

describe('the globals', () => {
  const own = [
    'Object',
    'Array',
    'String',
    'Number',
    'Math',
    'JSON',
    'util',
    'runtime',
    'extensions',
    'console',
    'NaN',
    'Infinity',
  ];
  test.each(own)('%s is there', (name) => {
    expect(valueOf(`return typeof ${name} !== 'undefined';`)).toBe(true);
  });

  const foreign = [
    'Date',
    'Promise',
    'RegExp',
    'Map',
    'Symbol',
    'Function',
    'Error',
    'eval',
    'Reflect',
    'Proxy',
    'globalThis',
  ];
  test.each([...foreign, 'process', 'require', 'fetch', 'setTimeout', 'console', 'WebAssembly', 'Atomics', 'BigInt'])(
    '%s is not there, even for code that was not checked',
    (name) => {
      expect(() => runRequest(`return typeof ${name === 'console' ? 'window' : name};`)).toThrow(
        'is not defined in APPSYNC_JS',
      );
      const context = createContext(Object.create(null) as object);
      const host = {
        call: () => undefined,
        part: () => undefined,
        now: () => 0,
        replace: () => '',
        log: () => undefined,
      };
      const none = {
        Object: [],
        Array: [],
        String: [],
        Number: [],
        Math: [],
        arrayMethods: ['includes'],
        stringMethods: [],
        numberMethods: [],
      };
      const start = new Script(sandboxPrelude).runInContext(context) as (...values: unknown[]) => unknown;
      start(host, [], none, 1, 1);
      expect(new Script(`typeof ${name}`).runInContext(context)).toBe('undefined');
    },
  );

  test('hold the methods AWS names and no others', () => {
    const body = (value: string, names: string): string =>
      `return ${names}.filter((name) => typeof ${value}[name] === 'function');`;
    expect(
      valueOf(body('[]', "['map', 'at', 'findLast', 'copyWithin', 'entries', 'keys', 'values', 'toSorted', 'with']")),
    ).toEqual(['map', 'findLast']);
    expect(
      valueOf(
        body("''", "['trim', 'padStart', 'repeat', 'charCodeAt', 'match', 'search', 'at', 'normalize', 'replaceAll']"),
      ),
    ).toEqual(['trim', 'replaceAll']);
    expect(valueOf(body('(1)', "['toFixed', 'toString', 'toPrecision', 'toLocaleString']"))).toEqual(['toString']);
    expect(
      valueOf(body('({})', "['toString', 'valueOf', 'hasOwnProperty', 'isPrototypeOf', 'toLocaleString']")),
    ).toEqual(['toString', 'valueOf']);
  });

  test('work as AWS says', () => {
    expect(valueOf("return [[3, 1, 2].sort(), ['b', 'a'].sort()];")).toEqual([
      [1, 2, 3],
      ['a', 'b'],
    ]);
    expect(
      valueOf(
        "return ['a.b.c'.replaceAll('\\\\.', '-'), 'aXbX'.replace('[A-Z]', '$0'), 'tel 12'.replace('(\\\\d)(\\\\d)', '$2$1')];",
      ),
    ).toEqual(['a-b-c', 'a$0bX', 'tel 21']);
    expect(
      valueOf(
        "return [Object.entries({ a: 1 }), Object.hasOwn({ a: 1 }, 'a'), Array.isArray([]), Number.isNaN(NaN), Math.floor(1.5)];",
      ),
    ).toEqual([[['a', 1]], true, true, true, 1]);
  });
});

describe('the limits', () => {
  test('end loops, callbacks and recursion that the check of the code cannot see', () => {
    const long = 'const list = [1]; for (const one of list) { list.push(one); } return 1;';
    expect(runRequest(long).ending).toMatchObject({
      kind: 'failure',
      message: 'Error: more than 100000 steps'.slice(7),
    });
    const callbacks =
      'const ten = [1,2,3,4,5,6,7,8,9,10]; ten.forEach(() => ten.forEach(() => ten.forEach(() => ten.forEach(() => ten.forEach(() => 1))))); return 1;';
    expect(runRequest(callbacks).ending).toMatchObject({ kind: 'failure' });
    const deep = 'const o = { f(n) { return n === 0 ? 0 : o.f(n - 1) + 1; } }; return o.f(1000000);';
    expect(runRequest(deep).ending).toMatchObject({ kind: 'failure' });
  });

  test('are in steps and in milliseconds', () => {
    const body = 'const list = [1]; for (const one of list) { list.push(one); } return 1;';
    expect(runRequest(body, {}, { maxSteps: 10 }).ending).toMatchObject({ message: 'more than 10 steps' });
    expect(runRequest(body, {}, { maxSteps: 1e9, maxMilliseconds: 20 }).ending).toMatchObject({
      message: 'longer than 20 ms',
    });
    expect(
      runRequest('for (const one of [1,2,3]) { ctx.stash.a = one; } return 1;', {}, { maxSteps: 4 }).ending,
    ).toMatchObject({ kind: 'value' });
    expect(
      runRequest('for (const one of [1,2,3]) { ctx.stash.a = one; } return 1;', {}, { maxSteps: 3 }).ending,
    ).toMatchObject({ kind: 'failure' });
  });

  test('leave the sandbox usable', () => {
    const sandbox = createSandbox(
      'tried',
      handlers('const list = [1]; for (const one of list) { list.push(one); }', 'return 1;'),
    );
    const run = (handler: 'request' | 'response'): unknown =>
      sandbox.run(
        handler,
        { fieldName: 'f', parentTypeName: 'Query', failed: false, text: () => undefined },
        { identity: null },
      ).ending;
    expect(run('request')).toMatchObject({ kind: 'failure' });
    expect(run('response')).toEqual({ kind: 'value', value: '1' });
  });
});

describe('a run', () => {
  test('starts from the top level of its bundle', () => {
    const sandbox = createSandbox(
      'tried',
      `let count = 0;\nexport function request() { count += 1; return count; }\nexport function response() { return count; }`,
    );
    const run = (handler: 'request' | 'response'): unknown =>
      sandbox.run(
        handler,
        { fieldName: 'f', parentTypeName: 'Query', failed: false, text: () => undefined },
        { identity: null },
      ).ending;
    expect([run('request'), run('request'), run('response')]).toEqual(
      ['1', '1', '0'].map((value) => ({ kind: 'value', value })),
    );
  });

  test('that fails says what and where, by the lines of the bundle', () => {
    const { ending } = runRequest('const a = ctx.args.a;\n return a.b.c;', { arguments: '{"a":{}}' });
    expect(ending).toMatchObject({
      kind: 'failure',
      message: expect.stringContaining('TypeError: Cannot read properties of undefined'),
    });
  });

  test('takes only those pieces of ctx that the handler reads, each once', () => {
    const asked: string[] = [];
    const sandbox = createSandbox('tried', handlers('return [ctx.args.a, ctx.arguments.a, ctx.args.a];'));
    const { stash } = sandbox.run(
      'request',
      { fieldName: 'f', parentTypeName: 'Query', failed: false, text: (part) => (asked.push(part), '{"a":1}') },
      { identity: null },
    );
    expect(asked).toEqual(['arguments']);
    expect(stash).toBeUndefined();
  });

  describe('hands on what a data source gave', () => {
    const given = {
      value: [{ a: [1, null, { b: 'x' }] }, 'y'],
      other: { __proto__x: 1, 2: 'two', z: null, ['__proto__']: 'kept' },
      plain: 3,
      long: '"\\'.repeat(300),
    };
    const members = {
      texts: new Map(Object.entries(given).map(([name, each]) => [name, jsonOfText(JSON.stringify(each))])),
      values: new Map(Object.entries(given).map(([name, each]) => [name, jsonOfValue(each)])),
    };
    const run = (body: string, split?: 'texts' | 'values') => {
      const asked: string[] = [];
      const text = (part: ContextPart): string => {
        asked.push(part);
        return part === 'result' ? JSON.stringify(given) : '{}';
      };
      const { ending, stash } = createSandbox('tried', handlers(body)).run(
        'request',
        {
          fieldName: 'f',
          parentTypeName: 'Query',
          failed: false,
          text,
          ...(split === undefined ? {} : { members: () => members[split] }),
        },
        { identity: null },
      );
      const { passed, ...others } = 'value' in ending ? ending : { ...ending, passed: undefined };
      return { ending: passed === undefined ? others : { ...others, value: passed.text() }, stash, asked, passed };
    };

    test('as the text it came as, when nobody looked into it', () => {
      const spaced = new Map([['value', jsonOfText('[ 1 ]')]]);
      const { ending } = createSandbox('tried', handlers('return ctx.result.value;')).run(
        'request',
        { fieldName: 'f', parentTypeName: 'Query', failed: false, text: () => '{}', members: () => spaced },
        { identity: null },
      );
      expect(ending).toMatchObject({ kind: 'value', passed: spaced.get('value') });
      expect(run('return ctx.result.value;', 'texts').asked).toEqual([]);
    });

    test('as the value that it is, when there is no text and nobody looked into it', () => {
      expect(run('return ctx.result.value;', 'values').passed?.read()).toBe(given.value);
      expect(run('runtime.earlyReturn(ctx.result.value);', 'values').passed?.read()).toBe(given.value);
      expect(run('return [ctx.result.value][0].length;', 'values').passed).toBeUndefined();
      expect(run('ctx.result.value.push(1); return ctx.result.value;', 'values').passed).toBeUndefined();
      expect(given.value).toHaveLength(2);
    });

    test.each([
      'return ctx.result;',
      'return ctx.result.value;',
      'return ctx.result.plain;',
      'return ctx.result.none;',
      'runtime.earlyReturn(ctx.result.other);',
      "util.error('x', 'y', ctx.result.value, ctx.result.other);",
      'return { again: ctx.result.value, twice: [ctx.result.value, ctx.result.other] };',
      'return ctx.result.value[0].a[2].b;',
      'return ctx.result.value.length;',
      'return [Array.isArray(ctx.result.value), Array.isArray(ctx.result.other), typeof ctx.result.value];',
      'return [Object.keys(ctx.result), Object.keys(ctx.result.other), Object.entries(ctx.result.value)];',
      'const found = ctx.result.other; found.more = ctx.result.plain; delete found.z; return ctx.result.other;',
      'const { value } = ctx.result; value.push(4); return ctx.result.value;',
      'ctx.result.value.reverse(); return ctx.result;',
      'return { ...ctx.result.other, list: [...ctx.result.value] };',
      "return [Object.hasOwn(ctx.result.other, 'z'), Object.hasOwn(ctx.result.other, 'y'), ctx.result.other.z];",
      'const names = []; for (const name in ctx.result.other) { names.push(name); } return names;',
      'ctx.stash.kept = ctx.result.value; return ctx.result.value;',
      'ctx.stash.kept = ctx.result.value; ctx.stash.kept.push(5); return ctx.result.value;',
      'return JSON.stringify(ctx.result.value) + `${ctx.result.other}`;',
      'return util.base64Encode(JSON.stringify(ctx.result.other));',
      'return [ctx.result.long, ctx.result.long.length, ctx.result.long.split("a").length];',
    ])('as if it had been read: %s', (body) => {
      const whole = run(body);
      for (const split of [run(body, 'texts'), run(body, 'values')]) {
        expect({ ending: split.ending, stash: split.stash }).toEqual({ ending: whole.ending, stash: whole.stash });
        expect(split.ending.kind).not.toBe('failure');
      }
    });
  });

  test('logs by console, with the bundle and level', () => {
    const lines: unknown[] = [];
    runRequest("console.log('a', { b: 1 }, null); console.error('c');", {}, { log: (line) => lines.push(line) });
    expect(lines).toEqual([
      { bundle: 'tried', level: 'log', text: 'a {"b":1} null' },
      { bundle: 'tried', level: 'error', text: 'c' },
    ]);
  });

  test('may name its variables as the compiler does', () => {
    expect(valueOf('const $appsync = 1; const $step = 2; return $appsync + $step;')).toBe(3);
  });
});
