import { analyseScopes } from './scope.js';
import type { ScopeAnalysis } from './scope.js';
import { forbiddenUses, supportedFeaturesPage } from './forbidden-syntax.js';
import type { ForbiddenUse } from './forbidden-syntax.js';
import { child, childList, childNodes, identifierName, isFunction, isNode, parseModule } from './syntax-tree.js';
import type { SyntaxNode } from './syntax-tree.js';
import { dynamoDbModule } from '../util/dynamodb-module.js';

/** The most characters a bundle may have. https://docs.aws.amazon.com/general/latest/gr/appsync.html */
export const maxBundleLength = 32_768;

/** A bundle that AppSync would refuse, with every place that is wrong. */
export class BundleError extends Error {
  override readonly name = 'BundleError';
  readonly bundle: string;
  readonly uses: readonly ForbiddenUse[];
  constructor(bundle: string, uses: readonly ForbiddenUse[]) {
    const places = uses.map((use) => `${bundle}.js:${String(use.line)}:${String(use.column)}: ${use.message}`);
    super(`${places.join('\n')}\nSee ${supportedFeaturesPage}`);
    this.bundle = bundle;
    this.uses = uses;
  }
}

/** The names by which compiled code finds what the sandbox hands to it. */
export interface CompiledBundle {
  /** An expression: a function `(appsync, step) => ({ request, response })` in strict mode. */
  readonly source: string;
}

interface Edit {
  readonly at: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Checks a bundle against APPSYNC_JS and turns it from an ES module into a function that the sandbox can call afresh
 * for every run. Line numbers stay.
 * @param name the bundle's name, for messages.
 * @param code its text, importing at most from `@aws-appsync/utils` and its module `dynamodb`, exporting `request` and `response`.
 * @returns the function's source; it calls `step()` at every function's start and loop's round, so that a run can be ended.
 * @throws BundleError with bundle, line and column of everything AppSync would refuse.
 */
export function compileBundle(name: string, code: string): CompiledBundle {
  if (code.length > maxBundleLength) {
    const message = `${String(code.length)} characters, more than the ${String(maxBundleLength)} allowed`;
    throw new BundleError(name, [{ message, line: 1, column: 1 }]);
  }
  const program = parse(name, code);
  const scopes = analyseScopes(program);
  const uses = [...importUses(program), ...forbiddenUses(program, scopes)];
  if (uses.length > 0) throw new BundleError(name, uses);
  const appsync = freeName('$appsync', scopes);
  const step = freeName('$step', scopes);
  const { edits, exported } = moduleEdits(program, appsync);
  for (const handler of ['request', 'response']) {
    if (!exported.has(handler))
      throw new BundleError(name, [{ message: `no function ${handler} is exported`, line: 1, column: 1 }]);
  }
  const body = applyEdits(code, [...edits, ...stepEdits(program, step)]);
  const result = `return{request:${exported.get('request') ?? ''},response:${exported.get('response') ?? ''}}`;
  const globals = `const{util,runtime,extensions,console}=${appsync};`;
  return { source: `(function(${appsync},${step}){"use strict";${globals}{${body}\n;${result}}})` };
}

function parse(name: string, code: string): SyntaxNode {
  try {
    return parseModule(code);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const at = error as SyntaxError & { loc?: { line: number; column: number } };
    throw new BundleError(name, [
      { message: error.message, line: at.loc?.line ?? 1, column: (at.loc?.column ?? 0) + 1 },
    ]);
  }
}

const freeName = (wanted: string, scopes: ScopeAnalysis): string =>
  scopes.declaredNames.has(wanted) ? freeName(`${wanted}$`, scopes) : wanted;

/** The modules code may import: what each exports, and where the sandbox keeps it. */
const modules: Readonly<Record<string, { readonly exported: readonly string[]; readonly at: string }>> = {
  '@aws-appsync/utils': { exported: ['util', 'runtime', 'extensions'], at: '' },
  '@aws-appsync/utils/dynamodb': {
    exported: [...new Set(Object.keys(dynamoDbModule).map((path) => path.split('.')[0] ?? ''))],
    at: '.dynamodb',
  },
};

const moduleOf = (statement: SyntaxNode): string => String(child(statement, 'source')['value']);

/** Imports that AppSync or this runtime does not have. */
function importUses(program: SyntaxNode): ForbiddenUse[] {
  return childList(program, 'body').flatMap((statement) => {
    if (statement.type !== 'ImportDeclaration') return [];
    const place = { line: statement.loc?.start.line ?? 1, column: (statement.loc?.start.column ?? 0) + 1 };
    const from = moduleOf(statement);
    const known = Object.hasOwn(modules, from) ? modules[from] : undefined;
    if (known === undefined) return [{ ...place, message: `the module ${from} is not in this runtime` }];
    return childList(statement, 'specifiers').flatMap((specifier) => {
      if (specifier.type === 'ImportNamespaceSpecifier') return [];
      const imported = identifierName(specifier['imported']) ?? specifier.type;
      return known.exported.includes(imported)
        ? []
        : [{ ...place, message: `${imported} of ${from} is not in this runtime` }];
    });
  });
}

/** An import as declarations of what the sandbox has. */
function importedNames(statement: SyntaxNode, appsync: string): string {
  const object = `${appsync}${modules[moduleOf(statement)]?.at ?? ''}`;
  const specifiers = childList(statement, 'specifiers');
  const local = (one: SyntaxNode): string => identifierName(one['local']) ?? '';
  const pairs = specifiers
    .filter((one) => one.type === 'ImportSpecifier')
    .map((one) => `${identifierName(one['imported']) ?? ''}:${local(one)}`);
  const whole = specifiers
    .filter((one) => one.type === 'ImportNamespaceSpecifier')
    .map((one) => `const ${local(one)}=${object};`);
  return `const{${pairs.join(',')}}=${object};${whole.join('')}`;
}

/** Rewrites imports to constants and takes the exports out. */
function moduleEdits(program: SyntaxNode, appsync: string): { edits: Edit[]; exported: Map<string, string> } {
  const edits: Edit[] = [];
  const exported = new Map<string, string>();
  for (const statement of childList(program, 'body')) {
    if (statement.type === 'ImportDeclaration') {
      edits.push({ at: statement.start, end: statement.end, text: importedNames(statement, appsync) });
    } else if (statement.type === 'ExportNamedDeclaration') {
      const declaration = statement['declaration'];
      if (isNode(declaration)) {
        edits.push({ at: statement.start, end: declaration.start, text: '' });
        for (const name of declaredBy(declaration)) exported.set(name, name);
      } else {
        edits.push({ at: statement.start, end: statement.end, text: '' });
        for (const one of childList(statement, 'specifiers')) {
          exported.set(identifierName(one['exported']) ?? '', identifierName(one['local']) ?? '');
        }
      }
    }
  }
  return { edits, exported };
}

const declaredBy = (declaration: SyntaxNode): string[] =>
  [declaration, ...childList(declaration, 'declarations')]
    .map((one) => identifierName(one['id']))
    .filter((one) => one !== undefined);

/** Calls of `step()` at the start of every function and of every round of a loop. */
function stepEdits(node: SyntaxNode, step: string): Edit[] {
  const edits = childNodes(node).flatMap((below) => stepEdits(below, step));
  const loop = node.type === 'ForOfStatement' || node.type === 'ForInStatement';
  if (!loop && !isFunction(node)) return edits;
  const body = child(node, 'body');
  if (body.type === 'BlockStatement') {
    return [...edits, { at: body.start + 1, end: body.start + 1, text: `${step}();` }];
  }
  const [open, close] = loop ? [`{${step}();`, '}'] : [`(${step}(),`, ')'];
  return [...edits, { at: body.start, end: body.start, text: open }, { at: body.end, end: body.end, text: close }];
}

function applyEdits(code: string, edits: readonly Edit[]): string {
  const parts: string[] = [];
  let from = 0;
  for (const edit of [...edits].sort((a, b) => a.at - b.at || a.end - b.end)) {
    parts.push(code.slice(from, edit.at), edit.text);
    from = edit.end;
  }
  return parts.join('') + code.slice(from);
}
