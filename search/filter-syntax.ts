import { invalidRequest, tooCostly } from '../fhir/outcome.js';
import { mostLinks } from './most-links.js';

/** The operators of `_filter`. https://hl7.org/fhir/R4/search_filter.html#ops */
export const operators = [
  ...(['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'lt', 'ge', 'le', 'ap', 'sa', 'eb'] as const),
  ...(['pr', 'po', 'ss', 'sb', 'in', 'ni', 're'] as const),
] as const;

/** One of them. */
export type Operator = (typeof operators)[number];

/** A search parameter, or a chain of them; `filter` is a condition on what a link leads to, `subject[active eq true].name`. */
export interface FilterPath {
  /** The code, `code:Type` for a reference to a type. */
  readonly name: string;
  readonly filter?: FilterExpression;
  readonly rest?: FilterPath;
}

/** A test of one path. */
export interface FilterTest {
  readonly kind: 'test';
  readonly path: FilterPath;
  readonly operator: Operator;
  readonly value: string;
  /** As it was written: equal tests mean the same. */
  readonly text: string;
}

/** What a `_filter` says. */
export type FilterExpression =
  | FilterTest
  | { readonly kind: 'all' | 'any'; readonly expressions: readonly FilterExpression[] }
  | { readonly kind: 'not'; readonly expression: FilterExpression };

/** So many tests may stand in one filter, and so many brackets in each other. */
const mostTests = 200;
const deepest = 50;

const name = /[A-Za-z_][A-Za-z0-9_-]*(?::[A-Z][A-Za-z]*)?/y;
const word = /[a-z]+/y;
const blanks = /\s*/y;
const token = /[^\s)\]]+/y;
const jsonString = /"(?:[^"\\]|\\.)*"/sy;

/**
 * Reads a `_filter`. `and` and `or` are read from left to right, neither before the other.
 * @param text the value of the parameter, decoded.
 * @throws OperationOutcomeError 400 that says at which character it goes wrong, 413 for one that is too long.
 * @see https://hl7.org/fhir/R4/search_filter.html https://hl7.org/fhir/STU3/search_filter.html
 */
export function parseFilterSyntax(text: string): FilterExpression {
  let at = 0;
  let tests = 0;

  function wrong(what: string): Error {
    return invalidRequest(`_filter: ${what} is needed at character ${String(at + 1)}`, '_filter');
  }

  /** Takes what the pattern finds here, behind blanks. */
  function take(pattern: RegExp): string | undefined {
    blanks.lastIndex = at;
    at += blanks.exec(text)?.[0].length ?? 0;
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    at += found?.length ?? 0;
    return found;
  }

  function takes(sign: string): boolean {
    take(/(?:)/y);
    if (!text.startsWith(sign, at)) return false;
    at += sign.length;
    return true;
  }

  /** Takes a word of the syntax, if it stands here as a word of its own. */
  function takesWord(wanted: string): boolean {
    const before = at;
    if (take(word) === wanted && /^(?:\s|\(|$)/.test(text.slice(at, at + 1))) return true;
    at = before;
    return false;
  }

  function expression(depth: number): FilterExpression {
    if (depth > deepest) throw tooCostly(`_filter has more than ${String(deepest)} brackets in each other`, '_filter');
    let left = operand(depth);
    for (;;) {
      const kind = takesWord('and') ? 'all' : takesWord('or') ? 'any' : undefined;
      if (kind === undefined) return left;
      const right = operand(depth);
      // As `a and b and c` is one condition of three.
      const known = left.kind === kind ? left.expressions : [left];
      left = { kind, expressions: [...known, right] };
    }
  }

  function operand(depth: number): FilterExpression {
    if (takes('(')) return bracketed(depth);
    const before = at;
    if (takesWord('not')) {
      if (takes('(')) return { kind: 'not', expression: bracketed(depth) };
      at = before;
    }
    return test(depth);
  }

  function bracketed(depth: number): FilterExpression {
    const inner = expression(depth + 1);
    if (!takes(')')) throw wrong('and, or, or )');
    return inner;
  }

  function test(depth: number): FilterTest {
    if ((tests += 1) > mostTests) throw tooCostly(`_filter has more than ${String(mostTests)} tests`, '_filter');
    take(/(?:)/y);
    const start = at;
    const tested = path(depth);
    take(/(?:)/y);
    const before = at;
    const found = take(word);
    const operator = operators.find((each) => each === found);
    if (operator === undefined || !/^(?:\s|$)/.test(text.slice(at, at + 1))) {
      at = before;
      throw wrong(`an operator (${operators.join(', ')}) with blanks around it`);
    }
    const value = valueHere();
    return { kind: 'test', path: tested, operator, value, text: text.slice(start, at) };
  }

  function path(depth: number, links = 0): FilterPath {
    if (links > mostLinks) throw tooCostly(`A chain in _filter has at most ${String(mostLinks)} links`, '_filter');
    const own = /\s/.test(text.slice(at, at + 1)) ? undefined : take(name);
    if (own === undefined) throw wrong('a search parameter');
    if (text[at] === '[') {
      at += 1;
      const filter = expression(depth + 1);
      if (!takes(']')) throw wrong('and, or, or ]');
      if (text[at] !== '.') throw wrong('a . and another parameter');
      at += 1;
      return { name: own, filter, rest: path(depth, links + 1) };
    }
    if (text[at] !== '.') return { name: own };
    at += 1;
    return { name: own, rest: path(depth, links + 1) };
  }

  function valueHere(): string {
    const quoted = take(jsonString);
    if (quoted !== undefined) {
      try {
        return JSON.parse(quoted) as string;
      } catch {
        throw invalidRequest(`_filter: ${quoted} is no JSON string`, '_filter');
      }
    }
    const plain = text[at] === '"' ? undefined : take(token);
    if (plain === undefined) throw wrong('a value');
    return plain;
  }

  const whole = expression(0);
  take(/(?:)/y);
  if (at < text.length) throw wrong('and, or, or the end');
  return whole;
}

/** All tests of an expression, those in brackets of paths included. */
export function testsOf(expression: FilterExpression): FilterTest[] {
  switch (expression.kind) {
    case 'test':
      return [expression, ...testsOfPath(expression.path)];
    case 'not':
      return testsOf(expression.expression);
    default:
      return expression.expressions.flatMap(testsOf);
  }
}

const testsOfPath = ({ filter, rest }: FilterPath): FilterTest[] => [
  ...(filter === undefined ? [] : testsOf(filter)),
  ...(rest === undefined ? [] : testsOfPath(rest)),
];

/** The code systems that `_filter` has short names for. */
const shortNames: Readonly<Record<string, string>> = {
  loinc: 'http://loinc.org',
  snomed: 'http://snomed.info/sct',
  rxnorm: 'http://www.nlm.nih.gov/research/umls/rxnorm',
  ucum: 'http://unitsofmeasure.org',
};

/** A token or quantity with the system that a short name stands for: `loinc|1234-5`, `5.4|ucum|mg`. */
export const withSystem = (value: string): string =>
  value
    .split('|')
    .map((part, i, parts) =>
      i < parts.length - 1 && Object.hasOwn(shortNames, part) ? (shortNames[part] ?? part) : part,
    )
    .join('|');
