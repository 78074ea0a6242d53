import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkBundles } from '../../../local/appsync/check-bundles.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'planted-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const check = (statement: string): Promise<string[]> => {
  const file = join(folder, 'planted.ts');
  writeFileSync(
    file,
    `export function request(ctx: { args: { n: number } }): unknown {\n${statement}\nreturn {};\n}\nexport const response = (): unknown => null;\n`,
  );
  return checkBundles({ planted: file });
};

describe('the lint of resolvers', () => {
  test('finds nothing in those of the project', async () => {
    expect(await checkBundles()).toEqual([]);
  });

  test('finds nothing in a resolver of what APPSYNC_JS has', async () => {
    expect(await check('if (ctx.args.n > 1) return { payload: JSON.stringify(ctx.args) };')).toEqual([]);
  });

  test.each([
    ['throw', "if (ctx.args.n > 1) throw new Error('x');"],
    ['new', 'return new Map([[1, ctx.args.n]]);'],
    ['Date', 'return Date.now();'],
    ['parseInt', 'return parseInt(String(ctx.args.n), 10);'],
    ['encodeURIComponent', 'return encodeURIComponent(String(ctx.args.n));'],
    ['fetch', 'return fetch(String(ctx.args.n));'],
    ['Object.fromEntries', 'return Object.fromEntries([["a", ctx.args.n]]);'],
    ['constructor', 'return (ctx as unknown as { constructor: unknown }).constructor;'],
  ])('finds %s, which ESLint lets pass', async (name, statement) => {
    const [message = ''] = await check(statement);
    expect(message).toContain(name);
    expect(message).toMatch(/^planted\.js:\d+:\d+: /);
  });
});
