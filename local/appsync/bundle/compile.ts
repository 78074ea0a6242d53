import { analyseScopes } from './scope.js';
import type { ScopeAnalysis } from './scope.js';
import { forbiddenUses, supportedFeaturesPage } from './forbidden-syntax.js';
import type { ForbiddenUse } from './forbidden-syntax.js';
import { child, childList, childNodes, identifierName, isFunction, isNode, parseModule } from './syntax-tree.js';
import type { SyntaxNode } from './syntax-tree.js';

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
 * @param code its text, importing at most from `@aws-appsync/utils`, exporting `request` and `response`.
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
  const globals = `const{util,runtime,console}=${appsync};`;
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

/** Imports that AppSync or this runtime does not have. */
function importUses(program: SyntaxNode): ForbiddenUse[] {
  return childList(program, 'body').flatMap((statement) => {
    if (statement.type !== 'ImportDeclaration') return [];
    const place = { line: statement.loc?.start.line ?? 1, column: (statement.loc?.start.column ?? 0) + 1 };
    const from = String(child(statement, 'source')['value']);
    if (from !== '@aws-appsync/utils') return [{ ...place, message: `the module ${from} is not in this runtime` }];
    return childList(statement, 'specifiers').flatMap((specifier) => {
      const imported = identifierName(specifier['imported']) ?? specifier.type;
      return ['util', 'runtime'].includes(imported)
        ? []
        : [{ ...place, message: `${imported} of ${from} is not in this runtime` }];
    });
  });
}

/** Rewrites imports to constants and takes the exports out. */
function moduleEdits(program: SyntaxNode, appsync: string): { edits: Edit[]; exported: Map<string, string> } {
  const edits: Edit[] = [];
  const exported = new Map<string, string>();
  for (const statement of childList(program, 'body')) {
    if (statement.type === 'ImportDeclaration') {
      const pairs = childList(statement, 'specifiers').map(
        (one) => `${identifierName(one['imported']) ?? ''}:${identifierName(one['local']) ?? ''}`,
      );
      edits.push({ at: statement.start, end: statement.end, text: `const{${pairs.join(',')}}=${appsync};` });
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
