import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import { moduleFunctions, utilFunctions } from '../../../local/appsync/util/functions.js';

// What AWS's own types offer to APPSYNC_JS, against what is served, tried and told of in docs/appsync-runtime.md.

const types = 'node_modules/@aws-appsync/utils/lib';

/** The names of the functions that a declared object type, or a file by itself, has. */
function functionsOf(file: string, type?: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(`${types}/${file}.d.ts`, 'utf8'), ts.ScriptTarget.Latest);
  const names = new Set<string>();
  for (const statement of source.statements) {
    if (type === undefined) {
      if (ts.isFunctionDeclaration(statement) && statement.name !== undefined) names.add(statement.name.text);
      continue;
    }
    const isType = ts.isTypeAliasDeclaration(statement) || ts.isInterfaceDeclaration(statement);
    if (!isType || statement.name.text !== type) continue;
    const members = ts.isInterfaceDeclaration(statement)
      ? statement.members
      : ts.isTypeLiteralNode(statement.type)
        ? statement.type.members
        : [];
    for (const member of members) {
      const isFunction =
        ts.isMethodSignature(member) ||
        (ts.isPropertySignature(member) && member.type !== undefined && ts.isFunctionTypeNode(member.type));
      if (isFunction && ts.isIdentifier(member.name)) names.add(member.name.text);
    }
  }
  return [...names];
}

const inUtil = (namespace: string) => (name: string) => Object.hasOwn(utilFunctions, `${namespace}${name}`);
/** Those that end a handler or go on beside it: the sandbox itself has them. */
const flow = new Set(['error', 'appendError', 'unauthorized', 'earlyReturn']);
const page = readFileSync('docs/appsync-runtime.md', 'utf8');

describe('what AWS’s types offer is served, tried by its name, and told of:', () => {
  test.each([
    ['util', functionsOf('index', 'Util'), inUtil('')],
    ['util.time', functionsOf('time-utils', 'TimeUtils'), inUtil('time.')],
    ['util.dynamodb', functionsOf('dynamodb-utils', 'DynamodbUtil'), inUtil('dynamodb.')],
    ['util.transform', functionsOf('transform-utils', 'TransformUtils'), inUtil('transform.')],
    ['util.http', functionsOf('http-utils', 'HttpUtils'), inUtil('http.')],
    ['util.math', functionsOf('math-utils', 'MathUtils'), inUtil('math.')],
    ['util.str', functionsOf('string-utils', 'StringUtils'), inUtil('str.')],
    ['util.xml', functionsOf('xml-utils', 'XmlUtils'), inUtil('xml.')],
    ['runtime', functionsOf('index', 'Runtime'), () => false],
    [
      'extensions',
      functionsOf('index', 'Extensions'),
      (name: string) => Object.hasOwn(moduleFunctions.extensions, name),
    ],
    [
      '@aws-appsync/utils/dynamodb',
      functionsOf('dynamodb-helpers'),
      (name: string) => Object.hasOwn(moduleFunctions.dynamodb, name),
    ],
    [
      'operations',
      functionsOf('dynamodb-helpers', 'DynamoDBOperation'),
      (name: string) => Object.hasOwn(moduleFunctions.dynamodb, `operations.${name}`),
    ],
  ] as const)('%s', (object, names, isServed) => {
    expect(names.length).toBeGreaterThan(0);
    const row = page.split('\n').findLast((line) => line.startsWith(`| \`${object}\` `)) ?? '';
    const [, , functions = '', , tests = ''] = row.split('|').map((cell) => cell.trim());
    const tried = [...tests.matchAll(/`([\w-]+)`/g)]
      .map(([, file = '']) => readFileSync(`test/local/appsync/${file}.test.ts`, 'utf8'))
      .join('\n');
    for (const name of names) {
      expect([name, flow.has(name) || isServed(name)]).toEqual([name, true]);
      expect([name, functions.split(', ').includes(`\`${name}\``)]).toEqual([name, true]);
      const calls = [`.${name}(`, `${name}(`];
      expect([name, calls.some((call) => tried.includes(call))]).toEqual([name, true]);
    }
    expect(functions.split(', ').map((name) => name.replaceAll('`', ''))).toEqual([...names]);
  });
});
