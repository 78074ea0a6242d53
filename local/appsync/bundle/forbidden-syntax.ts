import { analyseScopes } from './scope.js';
import type { Binding, ScopeAnalysis } from './scope.js';
import { child, childList, childNodes, identifierName, isFunction, isNode, memberName } from './syntax-tree.js';
import type { SyntaxNode } from './syntax-tree.js';

/** AWS's page of what APPSYNC_JS supports. */
export const supportedFeaturesPage = 'https://docs.aws.amazon.com/appsync/latest/devguide/supported-features.html';

/** One use of something APPSYNC_JS does not have. */
export interface ForbiddenUse {
  readonly message: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1. */
  readonly column: number;
}

interface NodeRule {
  readonly type: string;
  readonly when?: (node: SyntaxNode) => boolean;
  readonly message: string;
}

const operator =
  (...operators: string[]) =>
  (node: SyntaxNode): boolean =>
    operators.includes(String(node['operator']));
const flagged =
  (name: string) =>
  (node: SyntaxNode): boolean =>
    node[name] === true;

/** Node type → what is wrong with it. The rules are those of @aws-appsync/eslint-plugin and of {@link supportedFeaturesPage}. */
export const nodeRules: readonly NodeRule[] = [
  ...['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'].map((type) => ({
    type,
    when: flagged('async'),
    message: 'async functions are not supported',
  })),
  ...['FunctionDeclaration', 'FunctionExpression'].map((type) => ({
    type,
    when: flagged('generator'),
    message: 'generators are not supported',
  })),
  { type: 'AwaitExpression', message: 'await is not supported' },
  { type: 'YieldExpression', message: 'yield is not supported' },
  { type: 'ClassDeclaration', message: 'classes are not supported' },
  { type: 'ClassExpression', message: 'classes are not supported' },
  { type: 'ThisExpression', message: 'this is not supported' },
  { type: 'Super', message: 'super is not supported' },
  { type: 'NewExpression', message: 'new is not supported' },
  { type: 'TryStatement', message: 'try is not supported' },
  { type: 'ThrowStatement', message: 'throw is not supported: use util.error()' },
  { type: 'WhileStatement', message: 'while is not supported: use for…of' },
  { type: 'DoWhileStatement', message: 'do…while is not supported: use for…of' },
  { type: 'ForStatement', message: 'for (;;) is not supported: use for…of' },
  { type: 'ForOfStatement', when: flagged('await'), message: 'for await is not supported' },
  { type: 'ContinueStatement', message: 'continue is not supported' },
  { type: 'LabeledStatement', message: 'labels are not supported' },
  { type: 'DebuggerStatement', message: 'debugger is not supported' },
  { type: 'UpdateExpression', message: '++ and -- are not supported: use += 1' },
  { type: 'UnaryExpression', when: operator('~'), message: 'the operator ~ is not supported' },
  { type: 'BinaryExpression', when: operator('in'), message: 'the operator in is not supported: use Object.hasOwn()' },
  { type: 'BinaryExpression', when: operator('instanceof'), message: 'the operator instanceof is not supported' },
  {
    type: 'Literal',
    when: (node) => 'regex' in node,
    message: 'regular expression literals are not supported: use util.matches()',
  },
  { type: 'Literal', when: (node) => 'bigint' in node, message: 'BigInt is not supported' },
  { type: 'ImportExpression', message: 'import() is not supported' },
  { type: 'MetaProperty', message: 'meta properties are not supported' },
  { type: 'ExportDefaultDeclaration', message: 'export the functions request and response by name' },
  { type: 'ExportAllDeclaration', message: 'export the functions request and response by name' },
];

/** The globals of APPSYNC_JS. */
export const globalNames: ReadonlySet<string> = new Set([
  'NaN',
  'Infinity',
  'undefined',
  'util',
  'runtime',
  'extensions',
  'console',
  'JSON',
  'Math',
  'Object',
  'Array',
  'String',
  'Number',
]);

/** The static functions supported, by global. `Array.isArray` is not on AWS's page, but not refused by its plugin either. */
export const staticFunctions: Readonly<Record<string, readonly string[]>> = {
  Object: ['assign', 'entries', 'hasOwn', 'keys', 'values'],
  Array: ['isArray'],
  String: ['raw'],
  Number: ['isFinite', 'isNaN'],
  Math: ['random', 'min', 'max', 'round', 'floor', 'ceil'],
  JSON: ['parse', 'stringify'],
  console: ['log', 'error', 'debug'],
};

/** Array methods that take a function. */
const callbackMethods: ReadonlySet<string> = new Set([
  'map',
  'find',
  'filter',
  'findIndex',
  'findLast',
  'findLastIndex',
  'forEach',
  'reduce',
  'reduceRight',
  'every',
  'some',
  'flatMap',
]);

/** Methods of built-in objects that are not there; names that objects of one's own may well have are left to the sandbox. */
const missingMethods: ReadonlySet<string> = new Set([
  ...[
    'apply',
    'bind',
    'call',
    'copyWithin',
    'groupToMap',
    'toLocaleString',
    'charCodeAt',
    'fromCharCode',
    'fromCodePoint',
  ],
  ...['localeCompare', 'match', 'matchAll', 'padEnd', 'padStart', 'repeat', 'toLocaleLowerCase', 'toLocaleUpperCase'],
  ...[
    'hasOwnProperty',
    'isPrototypeOf',
    'propertyIsEnumerable',
    'then',
    'toFixed',
    'toPrecision',
    'toSorted',
    'toReversed',
  ],
]);

/** Member names by which a program leaves plain data for the machinery of the language. */
const machineryNames: ReadonlySet<string> = new Set(['constructor', 'prototype', '__proto__']);

/**
 * Finds everything in a bundle that APPSYNC_JS refuses.
 * @param program the module's root node.
 * @param scopes its names; analysed here when left out.
 * @returns the uses in source order, empty for a bundle AppSync would take.
 * @see {@link supportedFeaturesPage}
 */
export function forbiddenUses(program: SyntaxNode, scopes: ScopeAnalysis = analyseScopes(program)): ForbiddenUse[] {
  const uses: ForbiddenUse[] = [];
  const report = (node: SyntaxNode, message: string): void => {
    uses.push({ message, line: node.loc?.start.line ?? 0, column: (node.loc?.start.column ?? 0) + 1 });
  };
  /** The function an expression is or names. */
  const functionOf = (node: unknown): SyntaxNode | undefined =>
    isFunction(node) ? node : isNode(node) ? scopes.bindings.get(node)?.functionNode : undefined;
  const calls = new Map<SyntaxNode, Set<SyntaxNode>>();
  const context = contextBindings(program, scopes);

  const checkCall = (node: SyntaxNode, enclosing: readonly SyntaxNode[]): void => {
    const callee = child(node, 'callee');
    const method = callee.type === 'MemberExpression' ? memberName(callee) : undefined;
    for (const argument of childList(node, 'arguments')) {
      const passed = functionOf(argument);
      if (passed !== undefined && (method === undefined || !callbackMethods.has(method))) {
        report(node, 'passing a function as an argument is not supported');
      }
    }
    if (method === 'sort' && childList(node, 'arguments').length > 0) report(node, 'sort() does not take arguments');
    if (method !== undefined && missingMethods.has(method)) report(node, `the method ${method} is not supported`);
    const called = [callee, ...childList(node, 'arguments')].map(functionOf).filter((one) => one !== undefined);
    for (const from of enclosing) calls.set(from, new Set([...(calls.get(from) ?? []), ...called]));
    const named = scopes.bindings.get(callee)?.functionNode;
    const reached = named === undefined ? undefined : reachable(calls, named).add(named);
    if (enclosing.some((one) => reached?.has(one) === true)) report(node, 'recursive function calls are not supported');
  };
  const checkMember = (node: SyntaxNode): void => {
    const name = memberName(node);
    const object = child(node, 'object');
    const global = scopes.bindings.has(object) ? undefined : identifierName(object);
    if (name === undefined) return;
    if (machineryNames.has(name)) report(node, `${name} is not supported`);
    else if (
      global !== undefined &&
      Object.hasOwn(staticFunctions, global) &&
      staticFunctions[global]?.includes(name) !== true
    ) {
      report(node, `${global}.${name} is not supported`);
    }
  };
  const checkAssignment = (target: unknown): void => {
    if (!isNode(target)) return;
    const object = target.type === 'MemberExpression' ? child(target, 'object') : target;
    const binding = scopes.bindings.get(object);
    if (binding !== undefined && context.has(binding))
      report(target, `${binding.name} and its properties are readonly`);
  };
  const visit = (node: SyntaxNode, enclosing: readonly SyntaxNode[]): void => {
    for (const rule of nodeRules)
      if (rule.type === node.type && (rule.when?.(node) ?? true)) report(node, rule.message);
    if (node.type === 'CallExpression') checkCall(node, enclosing);
    if (node.type === 'MemberExpression') checkMember(node);
    if (node.type === 'AssignmentExpression') checkAssignment(node['left']);
    if (node.type === 'UnaryExpression' && node['operator'] === 'delete') checkAssignment(node['argument']);
    const value =
      node.type === 'VariableDeclarator'
        ? node['init']
        : node.type === 'AssignmentExpression'
          ? node['right']
          : undefined;
    if (identifierName(value) !== undefined && functionOf(value) !== undefined)
      report(node, 're-assigning a function is not supported');
    const returned =
      node.type === 'ReturnStatement'
        ? node['argument']
        : node.type === 'ArrowFunctionExpression'
          ? node['body']
          : undefined;
    if (functionOf(returned) !== undefined) report(node, 'returning a function is not supported');
    const inside = isFunction(node) ? [...enclosing, node] : enclosing;
    for (const below of childNodes(node)) visit(below, inside);
  };
  visit(program, []);
  for (const identifier of scopes.globals) {
    const name = identifierName(identifier) ?? '';
    if (!globalNames.has(name)) report(identifier, `${name} is not defined in APPSYNC_JS`);
  }
  for (const [identifier, binding] of scopes.bindings) {
    if (binding.name === 'arguments' && binding.functionNode === undefined)
      report(identifier, 'arguments is not supported');
  }
  return [...new Map(uses.map((use) => [JSON.stringify(use), use])).values()].sort(
    (a, b) => a.line - b.line || a.column - b.column,
  );
}

/** The bindings of the parameter `ctx` of `request` and `response`. */
function contextBindings(program: SyntaxNode, scopes: ScopeAnalysis): ReadonlySet<Binding> {
  const handlers = childList(program, 'body')
    .map((statement) => (isNode(statement['declaration']) ? statement['declaration'] : statement))
    .filter(
      (one) => one.type === 'FunctionDeclaration' && ['request', 'response'].includes(identifierName(one['id']) ?? ''),
    );
  return new Set(
    handlers
      .map((one) => childList(one, 'params')[0])
      .map((parameter) => (parameter === undefined ? undefined : scopes.bindings.get(parameter)))
      .filter((binding) => binding !== undefined),
  );
}

/** The functions a function calls, directly or through others. */
function reachable(
  calls: ReadonlyMap<SyntaxNode, ReadonlySet<SyntaxNode>>,
  from: SyntaxNode,
  seen = new Set<SyntaxNode>(),
): Set<SyntaxNode> {
  for (const called of calls.get(from) ?? []) {
    if (!seen.has(called)) reachable(calls, called, seen.add(called));
  }
  return seen;
}
