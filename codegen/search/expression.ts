/** A FHIRPath expression of the subset that SearchParameters use. https://hl7.org/fhirpath/N1/#grammar */
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
  /** `%resource`, without its `%`. */
  | { readonly kind: 'variable'; readonly name: string };

/** The operators with two operands. */
export type Operator = '|' | '=' | '!=' | 'and' | 'or';

const token = /\s*(?:('(?:[^'\\]|\\.)*')|(\d+)|(%?[A-Za-z_]\w*)|(!=|[|=.,()[\]]))/y;

/** From the loosest to the tightest; `is` and `as` bind tighter than all of them. */
const precedence: readonly (readonly Operator[])[] = [['or'], ['and'], ['=', '!='], ['|']];

/**
 * Parses a FHIRPath expression.
 * @param text the expression of a SearchParameter or of a composite's component.
 * @returns its tree.
 * @throws Error naming the place, when the text is outside the subset.
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
    const operators = precedence[level];
    if (operators === undefined) return typed();
    let left = binary(level + 1);
    for (;;) {
      const operator = operators.find((candidate) => candidate === peek());
      if (operator === undefined) return left;
      take();
      left = { kind: 'binary', operator, left, right: binary(level + 1) };
    }
  };

  const typed = (): Expression => {
    let of = path();
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
    if (!/^[A-Za-z_]/.test(name)) throw new Error(`${name} is no name in: ${text}`);
    const owner = of === undefined ? {} : { of };
    if (peek() !== '(') return { kind: 'member', name, ...owner };
    take('(');
    if (of !== undefined && (name === 'is' || name === 'as')) {
      const type = typeName();
      take(')');
      return { kind: 'type', operator: name, of, type };
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
    if (next.startsWith("'")) return { kind: 'literal', value: take().slice(1, -1).replace(/\\(.)/g, '$1') };
    if (/^\d/.test(next)) return { kind: 'literal', value: Number(take()) };
    if (next === 'true' || next === 'false') return { kind: 'literal', value: take() === 'true' };
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
