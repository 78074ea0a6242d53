import { parse } from 'acorn';
import type { Node } from 'acorn';

/** A node of acorn's tree, its members readable by name. */
export type SyntaxNode = Node & Readonly<Record<string, unknown>>;

/** Whether a member of a node is itself a node. */
export const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

/**
 * The nodes directly under a node, in source order of its members.
 * @param node any node.
 * @returns its children; holes of array patterns are left out.
 */
export function childNodes(node: SyntaxNode): SyntaxNode[] {
  return Object.values(node).flatMap((value: unknown) =>
    Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : [],
  );
}

/** A child node that the grammar guarantees to be there. */
export function child(node: SyntaxNode, name: string): SyntaxNode {
  const value = node[name];
  if (!isNode(value)) throw new TypeError(`${node.type} has no ${name}`);
  return value;
}

/** The child nodes in a list member such as `params` or `arguments`. */
export const childList = (node: SyntaxNode, name: string): SyntaxNode[] => {
  const value = node[name];
  return Array.isArray(value) ? value.filter(isNode) : [];
};

/** The text of an Identifier, or undefined for other nodes. */
export const identifierName = (node: unknown): string | undefined =>
  isNode(node) && node.type === 'Identifier' && typeof node['name'] === 'string' ? node['name'] : undefined;

const functionTypes = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

/** Whether the node is a function of any form. */
export const isFunction = (node: unknown): node is SyntaxNode => isNode(node) && functionTypes.has(node.type);

/** The name of a member access (`b` of `a.b`, `a?.b` and `a['b']`), or undefined when it is computed. */
export function memberName(node: SyntaxNode): string | undefined {
  const property = child(node, 'property');
  if (node['computed'] !== true) return identifierName(property);
  return property.type === 'Literal' && typeof property['value'] === 'string' ? property['value'] : undefined;
}

/**
 * Parses the code of a bundle as the ES module it is.
 * @param code the whole text.
 * @returns acorn's Program node with line and column of every node.
 * @throws SyntaxError of acorn, its message ending in (line:column).
 */
export const parseModule = (code: string): SyntaxNode =>
  parse(code, { ecmaVersion: 'latest', sourceType: 'module', locations: true }) as Node as SyntaxNode;
