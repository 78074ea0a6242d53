import { describe, expect, test } from '@jest/globals';
import { BundleError, compileBundle, maxBundleLength } from '../../../local/appsync/bundle/compile.js';
import { nodeRules } from '../../../local/appsync/bundle/forbidden-syntax.js';
import { brokenRules } from './aws-eslint-plugin.js';

const bundle = (request: string, top = ''): string =>
  `import { util, runtime } from '@aws-appsync/utils';\n${top}\nexport function request(ctx) {\n${request}\nreturn {};\n}\nexport function response(ctx) { return ctx.result; }\n`;

const usesIn = (code: string): BundleError['uses'] => {
  try {
    compileBundle('planted', code);
    return [];
  } catch (error) {
    if (error instanceof BundleError) return error.uses;
    throw error;
  }
};

/** What AWS's plugin refuses and this table refuses: the rule of the plugin, and the code. */
const refusedByBoth: readonly (readonly [string, string])[] = [
  ['no-async', bundle('', 'async function later() { return 1; }')],
  ['no-async', bundle('const f = async () => 1;')],
  ['no-async', bundle('const f = async function () { return 1; };')],
  ['no-await', bundle('', 'async function later() { await 1; }')],
  ['no-classes', bundle('', 'class A {}')],
  ['no-for', bundle('for (let i = 0; i < 3; i += 1) { ctx.stash.a = i; }')],
  ['no-continue', bundle('for (const one of ctx.args.list) { if (!one) continue; ctx.stash.a = one; }')],
  ['no-generators', bundle('', 'function* many() { return 1; }')],
  ['no-yield', bundle('', 'function* many() { yield 1; }')],
  ['no-labels', bundle('here: for (const one of ctx.args.list) { break here; }')],
  ['no-regex', bundle('const pattern = /a+/;')],
  ['no-this', bundle('const self = this;')],
  ['no-try', bundle('try { ctx.stash.a = 1; } catch { ctx.stash.a = 2; }')],
  ['no-while', bundle('while (ctx.args.a) { ctx.stash.a = 1; }')],
  ['no-while', bundle('do { ctx.stash.a = 1; } while (ctx.args.a);')],
  ['no-recursion', bundle('', 'function again(n) { return n < 1 ? 0 : again(n - 1); }')],
  ['no-recursion', bundle('', 'function ping(n) { return pong(n); }\nfunction pong(n) { return ping(n); }')],
  ['no-recursion', bundle('', 'const again = (n) => (n < 1 ? 0 : again(n - 1));')],
  ['no-disallowed-unary-operators', bundle('let n = 1; n++;')],
  ['no-disallowed-unary-operators', bundle('let n = 1; --n;')],
  ['no-disallowed-unary-operators', bundle('const n = ~1;')],
  ['no-disallowed-methods', bundle("const a = 'a'.padStart(3);")],
  ['no-disallowed-methods', bundle("const a = 'a'.repeat(3);")],
  ['no-disallowed-methods', bundle("const a = 'a'.charCodeAt(0);")],
  ['no-disallowed-methods', bundle('const a = Object.freeze({});')],
  ['no-disallowed-methods', bundle('const a = Object.getPrototypeOf({});')],
  ['no-disallowed-methods', bundle('const a = Object.create(null);')],
  ['no-disallowed-binary-operators', bundle('const a = ctx.args instanceof Object;')],
  ['no-in-operator', bundle("const a = 'id' in ctx.args;")],
  ['no-function-passing', bundle('apply(() => 1);', 'function apply(f) { return 1; }')],
  ['no-function-reassign', bundle('const other = first;', 'function first() { return 1; }')],
  ['no-function-return', bundle('', 'function make() { return () => 1; }')],
  ['no-function-return', bundle('', 'function one() { return 1; }\nfunction make() { return one; }')],
  ['no-promise', bundle('const p = new Promise();')],
  ['no-disallowed-re-assignment', bundle('ctx = {};')],
  ['no-disallowed-re-assignment', bundle('ctx.result = {};')],
];

/** What AWS's page does not have although its plugin lets it pass, or what leads out of plain data. */
const refusedHereToo: readonly (readonly [string, string, string])[] = [
  ['throw', bundle("if (!ctx.args.id) throw 'no id';"), 'throw is not supported'],
  ['new', bundle('const d = new Date();'), 'new is not supported'],
  ['class expressions', bundle('const A = class {};'), 'classes are not supported'],
  ['debugger', bundle('debugger;'), 'debugger'],
  ['import()', bundle("const m = import('fs');"), 'import() is not supported'],
  ['import.meta', bundle('const u = import.meta;'), 'meta properties'],
  ['BigInt', bundle('const b = 1n;'), 'BigInt'],
  ['arguments', bundle('const a = arguments;'), 'arguments is not supported'],
  ['for await', bundle('', 'async function f(list) { for await (const one of list) { one(); } }'), 'for await'],
  ['super', bundle('const o = { m() { return super.x; } };'), 'super'],
  ['a default export', `${bundle('')}export default 1;`, 'export the functions'],
  ['export *', `${bundle('')}export * from '@aws-appsync/utils';`, 'export the functions'],
  ['constructor', bundle('const f = ctx.constructor;'), 'constructor is not supported'],
  ["['constructor']", bundle("const f = ctx['constructor'];"), 'constructor is not supported'],
  ['__proto__', bundle('const f = ctx.__proto__;'), '__proto__ is not supported'],
  ['prototype', bundle('const f = Array.prototype;'), 'prototype is not supported'],
  ['eval', bundle("eval('1');"), 'eval is not defined'],
  ['Function', bundle("Function('return 1');"), 'Function is not defined'],
  ['globalThis', bundle('const g = globalThis;'), 'globalThis is not defined'],
  ['process', bundle('const p = process;'), 'process is not defined'],
  ['require', bundle("require('fs');"), 'require is not defined'],
  ['fetch', bundle("fetch('http://x');"), 'fetch is not defined'],
  ['setTimeout', bundle('setTimeout(() => 1, 1);'), 'setTimeout is not defined'],
  ['Date', bundle('const d = Date.now();'), 'Date is not defined'],
  ['Symbol', bundle('const s = Symbol.iterator;'), 'Symbol is not defined'],
  ['Reflect', bundle('const r = Reflect.ownKeys({});'), 'Reflect is not defined'],
  ['Promise', bundle('const p = Promise.resolve(1);'), 'Promise is not defined'],
  ['Proxy', bundle('const r = Proxy;'), 'Proxy is not defined'],
  ['RegExp', bundle("const r = RegExp('a');"), 'RegExp is not defined'],
  ['Set', bundle('const r = Set;'), 'Set is not defined'],
  ['parseInt', bundle("const n = parseInt('1');"), 'parseInt is not defined'],
  ['Math.pow', bundle('const n = Math.pow(1, 2);'), 'Math.pow is not supported'],
  ['sort with a function', bundle('ctx.args.list.sort((a, b) => a - b);'), 'sort'],
  ['other modules', `import fs from 'fs';\n${bundle('')}`, 'the module fs is not in this runtime'],
  ['other exports of the utils', `import { Context } from '@aws-appsync/utils';\n${bundle('')}`, 'Context of'],
];

/** What AppSync takes. */
const allowed: readonly (readonly [string, string])[] = [
  ['for…of', bundle('for (const one of ctx.args.list) { ctx.stash.a = one; }')],
  ['for…in', bundle('for (const name in ctx.args) { ctx.stash.a = name; }')],
  ['break in a loop', bundle('for (const one of ctx.args.list) { if (one) break; }')],
  ['switch', bundle("switch (ctx.args.a) { case 1: ctx.stash.a = 1; break; default: util.error('x'); }")],
  ['template literals', bundle('const a = `a${ctx.args.a}b`;')],
  ['destructuring, rest and spread', bundle('const { a, ...rest } = ctx.args; const [b, ...c] = [1, ...rest.list];')],
  ['default parameters', bundle('', 'function f(a = 1, { b = 2 } = {}) { return a + b; }')],
  ['optional chaining and nullish coalescing', bundle('const a = ctx.args?.a?.[0] ?? 1;')],
  ['logical assignment', bundle('let a = null; a ??= 1; a ||= 2; a &&= 3;')],
  ['arrow functions as callbacks of arrays', bundle('ctx.args.list.map((a) => a * 2).filter((a) => a > 1);')],
  [
    'functions calling functions',
    bundle('const a = one(1);', 'function one(n) { return two(n); }\nfunction two(n) { return n; }'),
  ],
  ['delete', bundle('delete ctx.args.a;')],
  [
    'typeof, void, !, - and +',
    bundle('const a = typeof ctx.args; const b = !a; const c = -1; const d = +1; const e = void 0;'),
  ],
  [
    'arithmetic, bits and comparison',
    bundle(
      'const a = (1 + 2 * 3 - 4 / 5) % 6; const b = (1 & 2) | (3 ^ 4); const c = 1 << 2 >> 3 >>> 1; const d = 2 ** 3 >= 1;',
    ),
  ],
  ['compound assignment', bundle('let a = 1; a += 1; a -= 1; a *= 2; a |= 1; a <<= 1;')],
  [
    'the static functions supported',
    bundle(
      'const a = Object.entries(ctx.args); const b = Math.max(1, 2); const c = Number.isNaN(1); const d = JSON.stringify(a); const e = Object.hasOwn(a, 1);',
    ),
  ],
  ['sort without arguments', bundle('ctx.args.list.sort();')],
  ['changing arguments, the stash and the result', bundle('ctx.args.a = 1; ctx.stash.b = 2; ctx.args.c.d = 3;')],
  [
    'util, runtime and console',
    bundle("if (ctx.args.a) util.error('a'); if (ctx.args.b) runtime.earlyReturn({}); console.log('x');"),
  ],
  [
    'handlers that are exported constants',
    `export const request = (ctx) => ({ a: ctx.args.a });\nexport const response = (ctx) => ctx.result;\n`,
  ],
  [
    'handlers exported by a list, as esbuild writes them',
    `function q(ctx) { return {}; }\nfunction r(ctx) { return ctx.result; }\nexport { q as request, r as response };\n`,
  ],
  [
    'utils by another name',
    `import { util as u } from '@aws-appsync/utils';\nexport function request() { return { id: u.autoId() }; }\nexport function response(ctx) { return ctx.result; }\n`,
  ],
];

const broken = brokenRules([...refusedByBoth.map(([, code]) => code), ...allowed.map(([, code]) => code)]);

describe('what APPSYNC_JS does not have', () => {
  test.each(
    refusedByBoth.map(([rule, code], at) => [rule, code.split('\n').slice(1, -3).join(' ').trim(), at] as const),
  )('%s: %s is refused here and by the plugin of AWS', (rule, _, at) => {
    expect(broken[at]).toContain(rule);
    expect(usesIn(refusedByBoth[at]?.[1] ?? '')).not.toEqual([]);
  });

  test('every rule of the plugin of AWS is planted', async () => {
    const { default: plugin } = await import('@aws-appsync/eslint-plugin');
    expect(new Set(refusedByBoth.map(([rule]) => rule))).toEqual(new Set(Object.keys(plugin.rules ?? {})));
  });

  test.each(refusedHereToo)('%s is refused', (_, code, message) => {
    expect(
      usesIn(code)
        .map((use) => use.message)
        .join(),
    ).toContain(message);
  });

  test('every row of the table is planted', () => {
    const messages = new Set(
      [...refusedByBoth, ...refusedHereToo].flatMap(([, code]) => usesIn(code).map((use) => use.message)),
    );
    expect(nodeRules.map((rule) => rule.message).filter((message) => !messages.has(message))).toEqual([]);
  });

  test('is named with bundle, line and column, all of it at once, with the page of AWS', () => {
    const code = bundle('let n = 1;\n  n++;\n  while (n) { n += 1; }');
    expect(() => compileBundle('my-bundle', code)).toThrow(BundleError);
    expect(() => compileBundle('my-bundle', code)).toThrow(
      'my-bundle.js:5:3: ++ and -- are not supported: use += 1\nmy-bundle.js:6:3: while is not supported: use for…of\nSee https://docs.aws.amazon.com/appsync/latest/devguide/supported-features.html',
    );
  });

  test('code that does not parse is refused with its place', () => {
    expect(usesIn('export function request( { }')).toMatchObject([{ line: 1, column: expect.any(Number) }]);
  });

  test.each(['request', 'response'])('a bundle without %s is refused', (missing) => {
    const other = missing === 'request' ? 'response' : 'request';
    expect(usesIn(`export function ${other}() { return 1; }`)).toMatchObject([
      { message: `no function ${missing} is exported` },
    ]);
  });

  test(`a bundle of ${String(maxBundleLength)} characters is taken, one more is refused`, () => {
    const code = bundle('');
    const full = `${code}//${'x'.repeat(maxBundleLength - code.length - 2)}`;
    expect(full).toHaveLength(32_768);
    expect(usesIn(full)).toEqual([]);
    expect(usesIn(`${full}x`)).toMatchObject([{ message: expect.stringContaining('32769 characters') }]);
  });
});

describe('what APPSYNC_JS has', () => {
  test.each(allowed.map(([name, code], at) => [name, code, at] as const))(
    '%s is taken here and by the plugin of AWS',
    (_, code, at) => {
      expect(broken[refusedByBoth.length + at]).toEqual([]);
      expect(usesIn(code)).toEqual([]);
    },
  );
});
