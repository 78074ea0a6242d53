import type { FhirDefinitions } from '../fhir/definitions.js';
import { fhirPathCompiler } from '../fhir/fhirpath/compile.js';
import { type Expression, parseExpression } from '../fhir/fhirpath/expression.js';
import {
  type Budget,
  type Collection,
  EvaluationError,
  type FhirNode,
  TooManySteps,
  truthOf,
} from '../fhir/fhirpath/node.js';
import { decimalText } from '../fhir/json.js';
import { invalidRequest, notSupported, tooCostly } from '../fhir/outcome.js';

/** What a statement is evaluated on. */
export interface StatementFocus {
  readonly node: FhirNode;
  /** `$index`: its place among its siblings. */
  readonly index: number;
  /** `%resource` and `%rootResource`. */
  readonly resource: FhirNode;
  readonly budget: Budget;
}

/** A FHIRPath of a query, compiled. @throws OperationOutcomeError when it cannot be evaluated on this focus. */
export type Statement = (focus: StatementFocus) => Collection;

/** Patterns of a caller could keep the process busy for hours; `resolve()` would read what nobody authorized. */
const refusedFunctions: ReadonlySet<string> = new Set(['matches', 'replaceMatches', 'resolve', 'htmlChecks', 'repeat']);

const longest = 1_000;

/** Statements compiled lately, by version: a query may hold one many times. */
const compiledLately = new WeakMap<FhirDefinitions, Map<string, Statement>>();
const mostKept = 200;

/**
 * Compiles a FHIRPath of a query: that of `fhirpath:` or of `@slice`.
 * @param text the expression; `$index` may stand outside of functions.
 * @throws OperationOutcomeError 400 for what is no FHIRPath, or is not served here.
 * @see https://hl7.org/fhir/R4/graphql.html#list
 */
export function compileStatement(definitions: FhirDefinitions, text: string): Statement {
  let known = compiledLately.get(definitions);
  if (known === undefined || known.size >= mostKept) {
    compiledLately.set(definitions, (known = new Map<string, Statement>()));
  }
  let statement = known.get(text);
  if (statement === undefined) known.set(text, (statement = compiled(definitions, text)));
  return statement;
}

function compiled(definitions: FhirDefinitions, text: string): Statement {
  if (text.length > longest) throw invalidRequest(`A FHIRPath has at most ${String(longest)} characters`);
  const withIndex = splitAtIndex(text);
  const at = (index: number): string => withIndex.join(String(index));
  requireServed(parsed(at(0), text), text);
  const compile = fhirPathCompiler(definitions.structures);
  const first = compile(at(0));
  if (first === undefined) throw notSupported(`The FHIRPath "${text}" uses what is not served here`);
  return ({ node, index, resource, budget }) => {
    const expression = withIndex.length === 1 ? first : fhirPathCompiler(definitions.structures)(at(index));
    try {
      return expression?.([node], { resource, root: resource, context: node, budget }) ?? [];
    } catch (error) {
      if (error instanceof TooManySteps) throw tooCostly(`The FHIRPath "${text}" takes too many steps`);
      if (error instanceof EvaluationError) throw invalidRequest(`The FHIRPath "${text}": ${error.message}`);
      throw error;
    }
  };
}

/** Whether what a statement selects counts as true. @throws OperationOutcomeError 400 for several values. */
export function holds(statement: Statement, text: string, focus: StatementFocus): boolean {
  try {
    return truthOf(statement(focus)) === true;
  } catch (error) {
    if (error instanceof EvaluationError) throw invalidRequest(`The FHIRPath "${text}": ${error.message}`);
    throw error;
  }
}

/** What a statement selects, as text; several values one after the other. */
export const textOf = (statement: Statement, focus: StatementFocus): string =>
  statement(focus)
    .map(({ value }) =>
      typeof value === 'string' ? value : typeof value === 'boolean' ? String(value) : (decimalText(value) ?? ''),
    )
    .join('');

function parsed(expression: string, text: string): Expression {
  try {
    return parseExpression(expression);
  } catch {
    throw invalidRequest(`"${text}" is no FHIRPath that is read here`);
  }
}

function requireServed(expression: Expression, text: string): void {
  const inside = (each: Expression | undefined): void => {
    if (each !== undefined) requireServed(each, text);
  };
  switch (expression.kind) {
    case 'call':
      if (refusedFunctions.has(expression.name)) {
        throw notSupported(`The FHIRPath "${text}": ${expression.name}() is not served here`);
      }
      inside(expression.of);
      expression.arguments.forEach(inside);
      return;
    case 'binary':
      inside(expression.left);
      inside(expression.right);
      return;
    case 'member':
    case 'index':
    case 'type':
    case 'negative':
      inside(expression.of);
      return;
    default:
  }
}

/**
 * Splits an expression at `$index`, which the compiler does not know: the place of the element stands there instead.
 * @throws OperationOutcomeError 400 inside a function, where it would be another list's.
 */
function splitAtIndex(text: string): string[] {
  const parts = [''];
  const open: boolean[] = [];
  for (const [piece] of text.matchAll(/'(?:[^'\\]|\\.)*'|\$index\b|\w*\s*\(|\)|[^]/g)) {
    if (piece === '$index') {
      if (open.includes(true)) throw notSupported(`The FHIRPath "${text}": $index is not served inside of functions`);
      parts.push('');
      continue;
    }
    if (piece.endsWith('(')) open.push(piece.trim() !== '(');
    else if (piece === ')') open.pop();
    parts.push((parts.pop() ?? '') + piece);
  }
  return parts;
}
