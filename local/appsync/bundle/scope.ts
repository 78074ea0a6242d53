import { child, childList, childNodes, identifierName, isFunction, isNode } from './syntax-tree.js';
import type { SyntaxNode } from './syntax-tree.js';

/** What a name stands for in its scope. */
export interface Binding {
  readonly name: string;
  /** The function the name was declared as or initialised with. */
  readonly functionNode?: SyntaxNode;
  /** The exported name and module of an import. */
  readonly imported?: { readonly name: string; readonly from: string };
}

/** Which declaration every identifier of a module means. */
export interface ScopeAnalysis {
  /** By Identifier node: what it refers to; nodes that refer to nothing declared are in `globals`. */
  readonly bindings: ReadonlyMap<SyntaxNode, Binding>;
  /** Identifiers that no declaration of the module explains. */
  readonly globals: readonly SyntaxNode[];
  /** Every name declared anywhere. */
  readonly declaredNames: ReadonlySet<string>;
}

type Scope = { readonly names: Map<string, Binding>; readonly parent?: Scope };

/**
 * Resolves the identifiers of a module to their declarations, by the rules of ECMAScript's scopes.
 * @param program the module's root node.
 * @returns bindings by identifier, unexplained identifiers, and all declared names.
 */
export function analyseScopes(program: SyntaxNode): ScopeAnalysis {
  const bindings = new Map<SyntaxNode, Binding>();
  const globals: SyntaxNode[] = [];
  const declaredNames = new Set<string>();

  const declare = (scope: Scope, binding: Binding): void => {
    scope.names.set(binding.name, binding);
    declaredNames.add(binding.name);
  };
  const declarePattern = (scope: Scope, pattern: SyntaxNode, initialiser?: unknown): void => {
    const name = identifierName(pattern);
    if (name === undefined)
      patternTargets(pattern).forEach((target) => {
        declarePattern(scope, target);
      });
    else declare(scope, { name, ...(isFunction(initialiser) ? { functionNode: initialiser } : {}) });
  };
  const declareVariables = (scope: Scope, declaration: SyntaxNode): void => {
    for (const declarator of childList(declaration, 'declarations')) {
      declarePattern(scope, child(declarator, 'id'), declarator['init']);
    }
  };
  const declareImports = (scope: Scope, declaration: SyntaxNode): void => {
    for (const specifier of childList(declaration, 'specifiers')) {
      const name = identifierName(specifier['local']);
      const exported = specifier.type === 'ImportSpecifier' ? identifierName(specifier['imported']) : '*';
      const from = String(child(declaration, 'source')['value']);
      if (name !== undefined) declare(scope, { name, imported: { name: exported ?? 'default', from } });
    }
  };
  /** Declares what the statements of one block declare: functions, let, const, classes and imports. */
  const declareStatements = (scope: Scope, statements: readonly SyntaxNode[]): void => {
    for (const statement of statements) {
      const declaration = isNode(statement['declaration']) ? statement['declaration'] : statement;
      const name = identifierName(declaration['id']);
      if (declaration.type === 'FunctionDeclaration' && name !== undefined)
        declare(scope, { name, functionNode: declaration });
      else if (declaration.type === 'ClassDeclaration' && name !== undefined) declare(scope, { name });
      else if (declaration.type === 'VariableDeclaration') declareVariables(scope, declaration);
      else if (declaration.type === 'ImportDeclaration') declareImports(scope, declaration);
    }
  };
  /** Declares the `var`s below a function's body, which belong to the whole function. */
  const declareVars = (scope: Scope, node: SyntaxNode): void => {
    if (node.type === 'VariableDeclaration' && node['kind'] === 'var') declareVariables(scope, node);
    for (const below of childNodes(node)) if (!isFunction(below)) declareVars(scope, below);
  };

  const resolve = (scope: Scope, identifier: SyntaxNode, name: string): void => {
    for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
      const binding = at.names.get(name);
      if (binding !== undefined) {
        bindings.set(identifier, binding);
        return;
      }
    }
    globals.push(identifier);
  };
  const visitFunction = (scope: Scope, node: SyntaxNode): void => {
    const inside: Scope = { names: new Map(), parent: scope };
    const own = identifierName(node['id']);
    if (node.type === 'FunctionExpression' && own !== undefined) declare(inside, { name: own, functionNode: node });
    if (node.type !== 'ArrowFunctionExpression') inside.names.set('arguments', { name: 'arguments' });
    const parameters = childList(node, 'params');
    parameters.forEach((parameter) => {
      declarePattern(inside, parameter);
    });
    declareVars(inside, child(node, 'body'));
    parameters.forEach((parameter) => {
      visit(inside, parameter);
    });
    visit(inside, child(node, 'body'));
  };
  const visit = (scope: Scope, node: SyntaxNode): void => {
    const name = identifierName(node);
    if (name !== undefined) {
      resolve(scope, node, name);
      return;
    }
    if (isFunction(node)) {
      visitFunction(scope, node);
      return;
    }
    const inside = opensScope(node) ? { names: new Map<string, Binding>(), parent: scope } : scope;
    if (inside !== scope) declareStatements(inside, scopeStatements(node));
    for (const below of referringChildren(node)) visit(inside, below);
  };

  const root: Scope = { names: new Map() };
  declareVars(root, program);
  declareStatements(root, childList(program, 'body'));
  for (const statement of childList(program, 'body')) visit(root, statement);
  return { bindings, globals, declaredNames };
}

const opensScope = (node: SyntaxNode): boolean =>
  ['BlockStatement', 'ForOfStatement', 'ForInStatement', 'ForStatement', 'SwitchStatement'].includes(node.type);

const scopeStatements = (node: SyntaxNode): SyntaxNode[] => {
  if (node.type === 'BlockStatement') return childList(node, 'body');
  if (node.type === 'SwitchStatement') return childList(node, 'cases').flatMap((one) => childList(one, 'consequent'));
  return [node['left'], node['init']].filter(isNode);
};

/** The places a destructuring pattern binds. */
const patternTargets = (pattern: SyntaxNode): SyntaxNode[] => {
  if (pattern.type === 'ObjectPattern') {
    return childList(pattern, 'properties').map((one) => child(one, one.type === 'RestElement' ? 'argument' : 'value'));
  }
  if (pattern.type === 'ArrayPattern') return childList(pattern, 'elements');
  if (pattern.type === 'AssignmentPattern') return [child(pattern, 'left')];
  return pattern.type === 'RestElement' ? [child(pattern, 'argument')] : [];
};

/** A node's children without identifiers that are mere names: member and property names, labels, import specifiers. */
const referringChildren = (node: SyntaxNode): SyntaxNode[] => {
  switch (node.type) {
    case 'MemberExpression':
      return node['computed'] === true ? childNodes(node) : [child(node, 'object')];
    case 'Property':
    case 'MethodDefinition':
    case 'PropertyDefinition':
      return [...(node['computed'] === true ? [child(node, 'key')] : []), ...[node['value']].filter(isNode)];
    case 'ImportDeclaration':
    case 'BreakStatement':
    case 'ContinueStatement':
      return [];
    case 'LabeledStatement':
      return [child(node, 'body')];
    case 'ExportSpecifier':
      return [child(node, 'local')];
    case 'ExportNamedDeclaration':
      return isNode(node['source']) ? [] : childNodes(node);
    default:
      return childNodes(node);
  }
};
