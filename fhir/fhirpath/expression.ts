/** A FHIRPath expression, as far as search parameters and invariants go. https://hl7.org/fhirpath/N1/#grammar */
export type Expression =
  | { readonly kind: 'member'; readonly of?: Expression; readonly name: string }
  | { readonly kind: 'index'; readonly of: Expression; readonly at: number }
  | {
      readonly kind: 'call';
      readonly of?: Expression;
      readonly name: string;
      readonly arguments: readonly Expression[];
    }
  | { readonly kind: 'binary'; readonly operator: Operator; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'type'; readonly operator: 'is' | 'as'; readonly of: Expression; readonly type: string }
  | { readonly kind: 'literal'; readonly value: string | boolean | number }
  /** `-1`. */
  | { readonly kind: 'negative'; readonly of: Expression }
  /** `{}`. */
  | { readonly kind: 'empty' }
  /** `$this`. */
  | { readonly kind: 'this' }
  /** `%resource`, without its `%`. */
  | { readonly kind: 'variable'; readonly name: string };

/** From the loosest to the tightest; `is` and `as` stand between the two lists. */
const looseOperators = [
  ['implies'],
  ['or', 'xor'],
  ['and'],
  ['in', 'contains'],
  ['=', '!=', '~', '!~'],
  ['<=', '<', '>=', '>'],
  ['|'],
] as const;
const tightOperators = [
  ['+', '-', '&'],
  ['*', '/', 'div', 'mod'],
] as const;

/** The operators with two operands. */
export type Operator = (typeof looseOperators)[number][number] | (typeof tightOperators)[number][number];

const levels: readonly (readonly Operator[])[] = [...looseOperators, ...tightOperators];
const typeLevel = looseOperators.length;

const token =
  /\s*(?:('(?:[^'\\]|\\.)*')|(`[^`]+`)|(\d+(?:\.\d+)?)|(%?[A-Za-z_]\w*|\$this)|(!=|!~|<=|>=|[|=~<>+\-&*/.,()[\]{}]))/y;

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f' };

/**
 * The text of a string literal. An escape that FHIRPath does not have, as the definitions' patterns use (`\.`), stands
 * for its character.
 */
const unquoted = (quoted: string): string =>
  quoted
    .slice(1, -1)
    .replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, code: string | undefined, letter: string) =>
      code === undefined ? (escapes[letter] ?? letter) : String.fromCharCode(parseInt(code, 16)),
    );

/**
 * Parses a FHIRPath expression.
 * @param text the expression of a SearchParameter, of a composite's component or of an invariant.
 * @returns its tree.
 * @throws Error naming the place, when the text is outside the subset: literals of dates and quantities, `$index`.
 */
export function parseExpression(text: string): Expression {
  const tokens = tokenize(text);
  let at = 0;
  const peek = (): string | undefined => tokens[at];
  const take = (expected?: string): string => {
    const found = tokens[at];
    if (found === undefined || (expected !== undefined && found !== expected)) {
      throw new Error(`expected ${expected ?? 'more'} at token ${String(at + 1)} of: ${text}`);
    }
    at += 1;
    return found;
  };

  const binary = (level: number): Expression => {
    const operators = levels[level];
    if (operators === undefined) return negative();
    const inner = (): Expression => (level + 1 === typeLevel ? typed() : binary(level + 1));
    let left = inner();
    for (;;) {
      const operator = operators.find((candidate) => candidate === peek());
      if (operator === undefined) return left;
      take();
      left = { kind: 'binary', operator, left, right: inner() };
    }
  };

  const typed = (): Expression => {
    let of = binary(typeLevel);
    for (;;) {
      const operator = peek();
      if (operator !== 'is' && operator !== 'as') return of;
      take();
      of = { kind: 'type', operator, of, type: typeName() };
    }
  };

  const typeName = (): string => {
    let name = take();
    while (peek() === '.') {
      take();
      name = take(); // FHIR.Patient: the namespace says nothing here
    }
    return name;
  };

  const negative = (): Expression => {
    if (peek() !== '-') return path();
    take();
    return { kind: 'negative', of: negative() };
  };

  const path = (): Expression => {
    let of = term();
    for (;;) {
      if (peek() === '.') {
        take();
        of = invocation(of);
      } else if (peek() === '[') {
        take();
        of = { kind: 'index', of, at: Number(take()) };
        take(']');
      } else {
        return of;
      }
    }
  };

  const invocation = (of: Expression | undefined): Expression => {
    const name = take();
    const owner = of === undefined ? {} : { of };
    if (name.startsWith('`')) return { kind: 'member', name: name.slice(1, -1), ...owner };
    if (!/^[A-Za-z_]/.test(name)) throw new Error(`${name} is no name in: ${text}`);
    if (peek() !== '(') return { kind: 'member', name, ...owner };
    take('(');
    if (name === 'is' || name === 'as') {
      const type = typeName();
      take(')');
      return { kind: 'type', operator: name, of: of ?? { kind: 'this' }, type };
    }
    const given: Expression[] = [];
    while (peek() !== ')') {
      given.push(binary(0));
      if (peek() === ',') take();
    }
    take(')');
    return { kind: 'call', name, arguments: given, ...owner };
  };

  const term = (): Expression => {
    const next = peek() ?? '';
    if (next === '(') {
      take();
      const inner = binary(0);
      take(')');
      return inner;
    }
    if (next === '{') {
      take();
      take('}');
      return { kind: 'empty' };
    }
    if (next.startsWith("'")) return { kind: 'literal', value: unquoted(take()) };
    if (/^\d/.test(next)) return { kind: 'literal', value: Number(take()) };
    if (next === 'true' || next === 'false') return { kind: 'literal', value: take() === 'true' };
    if (next === '$this') {
      take();
      return { kind: 'this' };
    }
    if (next.startsWith('%')) return { kind: 'variable', name: take().slice(1) };
    return invocation(undefined);
  };

  const expression = binary(0);
  if (at < tokens.length) throw new Error(`unexpected ${String(tokens[at])} in: ${text}`);
  return expression;
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  const trimmed = text.trimEnd();
  token.lastIndex = 0;
  while (token.lastIndex < trimmed.length) {
    const from = token.lastIndex;
    const match = token.exec(trimmed);
    if (match === null) throw new Error(`cannot read "${trimmed.slice(from, from + 20)}" in: ${text}`);
    tokens.push(match[0].trimStart());
  }
  return tokens;
}
