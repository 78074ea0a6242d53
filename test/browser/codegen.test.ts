import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { getIntrospectionQuery } from 'graphql';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type BuiltServer, startBuiltServer } from './support/server.js';

const run = promisify(execFile);

/** Inside the example, whose packages have the generator. */
let folder: string;
let server: BuiltServer;
beforeAll(async () => {
  folder = mkdtempSync(resolve('examples/web/dist/clients-'));
  cpSync('test/browser/clients', folder, { recursive: true });
  server = await startBuiltServer({ TLS: 'off' });
  const told = await server.send('POST', '/r4/$graphql', { query: getIntrospectionQuery() });
  writeFileSync(join(folder, 'specification.json'), JSON.stringify(told.json));
}, 120_000);
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The configuration of GraphQL Code Generator for one schema and its documents. */
const generated = (name: string, schema: readonly string[]): object => ({
  schema,
  documents: `${name}.graphql`,
  preset: 'client',
  config: { onlyOperationTypes: true, skipTypename: true, useTypeImports: true, enumsAsTypes: true },
  presetConfig: { fragmentMasking: false },
});

describe('GraphQL Code Generator', () => {
  test('makes types of the AppSync schema and of what $graphql tells of itself, which compile; Apollo Client works with them', async () => {
    const sdl = [resolve('schema/r4/schema.graphql'), resolve('examples/web/appsync.graphql')];
    writeFileSync(
      join(folder, 'codegen.json'),
      JSON.stringify({
        emitLegacyCommonJSImports: false,
        importExtension: '.js',
        generates: {
          'appsync/': generated('appsync', sdl),
          'specification/': generated('specification', ['specification.json']),
        },
      }),
    );
    await run(
      process.execPath,
      [resolve('examples/web/node_modules/.bin/graphql-codegen'), '--config', 'codegen.json'],
      { cwd: folder },
    );
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: resolve('tsconfig.json'), include: ['.'], exclude: [] }),
    );
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
    const compiled = await run(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', folder]).catch(
      (error: unknown) => error as { readonly stdout: string },
    );
    expect(compiled.stdout).toBe('');
    const { stdout } = await run(
      process.execPath,
      ['--import', 'tsx', join(folder, 'apollo.ts'), server.url, server.tokenOf('practitioner')],
      { env: { ...process.env, NODE_OPTIONS: '' } },
    );
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { versionId: '1' },
      ['Typed'],
      '1975-12',
      ['conflict'],
      'string',
      { family: 'Typed', quantity: 'cm', born: '1975-12' },
      expect.stringContaining('Patient/nobody'),
      [],
    ]);
  }, 120_000);
});
