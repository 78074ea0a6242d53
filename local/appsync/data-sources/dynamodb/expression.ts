import { reservedWords } from './reserved-words.js';
import { validationError, type WireItem, type WireValue } from './api.js';

/** A document path: names and list indices, `['a', 3, 'b']` for `a[3].b`. */
export type Path = readonly [string, ...(string | number)[]];

/** What a condition compares. */
export type Operand =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly value: WireValue }
  | { readonly kind: 'size'; readonly path: Path };

/** A condition, filter or key condition. */
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'compare'; readonly sign: string; readonly left: Operand; readonly right: Operand }
  | { readonly kind: 'between'; readonly of: Operand; readonly low: Operand; readonly high: Operand }
  | { readonly kind: 'in'; readonly of: Operand; readonly list: readonly Operand[] }
  | { readonly kind: 'function'; readonly name: string; readonly arguments: readonly Operand[] };

/** The right side of a SET: an operand, a function of two, or a sum or difference. */
export type SetValue =
  | Operand
  | { readonly kind: 'if_not_exists'; readonly path: Path; readonly otherwise: SetValue }
  | { readonly kind: 'list_append'; readonly left: SetValue; readonly right: SetValue }
  | { readonly kind: '+' | '-'; readonly left: SetValue; readonly right: SetValue };

/** An update expression. */
export interface Update {
  readonly set: readonly { readonly path: Path; readonly value: SetValue }[];
  readonly remove: readonly Path[];
  readonly add: readonly { readonly path: Path; readonly value: WireValue }[];
  readonly delete: readonly { readonly path: Path; readonly value: WireValue }[];
}

/** The names and values of a request's expressions; each must be used in one of them. */
export class Placeholders {
  readonly #names: Readonly<Record<string, string>>;
  readonly #values: WireItem;
  readonly #used = new Set<string>();
  constructor(names: Readonly<Record<string, string>> = {}, values: WireItem = {}) {
    this.#names = names;
    this.#values = values;
  }
  name(key: string): string {
    this.#used.add(key);
    const name = Object.hasOwn(this.#names, key) ? this.#names[key] : undefined;
    if (name !== undefined) return name;
    throw validationError(
      `An expression attribute name used in the document path is not defined; attribute name: ${key}`,
    );
  }
  value(key: string): WireValue {
    this.#used.add(key);
    const value = Object.hasOwn(this.#values, key) ? this.#values[key] : undefined;
    if (value !== undefined) return value;
    throw validationError(`An expression attribute value used in expression is not defined; attribute value: ${key}`);
  }
  /** @throws DynamoDbError for placeholders that no expression uses. */
  requireUsed(): void {
    for (const [kind, given] of [
      ['Names', this.#names],
      ['Values', this.#values],
    ] as const) {
      const unused = Object.keys(given).filter((key) => !this.#used.has(key));
      if (unused.length === 0) continue;
      throw validationError(
        `Value provided in ExpressionAttribute${kind} unused in expressions: keys: {${unused.join(', ')}}`,
      );
    }
  }
}

const token = /\s*(?:(<>|<=|>=|[=<>(),.[\]+-])|([#:]?[A-Za-z_0-9]+))/y;

function tokensOf(expression: string): string[] {
  const tokens: string[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < expression.trimEnd().length) {
    const at = token.lastIndex;
    const found = token.exec(expression);
    if (found === null)
      throw validationError(`Invalid expression: Syntax error; token: "${expression.slice(at).trim()}"`);
    tokens.push(found[1] ?? found[2] ?? '');
  }
  return tokens;
}

const signs = new Set(['=', '<>', '<', '<=', '>', '>=']);
const functions: Readonly<Record<string, number>> = {
  attribute_exists: 1,
  attribute_not_exists: 1,
  attribute_type: 2,
  begins_with: 2,
  contains: 2,
};

/**
 * Reads expressions of DynamoDB.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
 */
class Reader {
  readonly #tokens: readonly string[];
  readonly #placeholders: Placeholders;
  #at = 0;
  constructor(expression: string, placeholders: Placeholders) {
    this.#tokens = tokensOf(expression);
    this.#placeholders = placeholders;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }
  #peek(ahead = 0): string {
    return this.#tokens[this.#at + ahead] ?? '<EOF>';
  }
  #next(): string {
    const found = this.#peek();
    this.#at += 1;
    return found;
  }
  /** Takes a keyword or sign if it comes next; keywords in any case. */
  take(wanted: string): boolean {
    if (this.#peek().toUpperCase() !== wanted.toUpperCase()) return false;
    this.#at += 1;
    return true;
  }
  fail(): never {
    const near = this.#tokens.slice(Math.max(0, this.#at - 1), this.#at + 2).join(' ');
    throw validationError(`Invalid expression: Syntax error; token: "${this.#peek()}", near: "${near}"`);
  }
  expect(wanted: string): void {
    if (!this.take(wanted)) this.fail();
  }
  list<Member>(member: () => Member): Member[] {
    const members = [member()];
    while (this.take(',')) members.push(member());
    return members;
  }

  path(): Path {
    const steps: (string | number)[] = [];
    const name = (): string => {
      const found = this.#next();
      if (!/^#?[A-Za-z_0-9]+$/.test(found)) {
        this.#at -= 1;
        this.fail();
      }
      if (found.startsWith('#')) return this.#placeholders.name(found);
      if (!reservedWords.has(found.toUpperCase())) return found;
      throw validationError(`Invalid expression: Attribute name is a reserved keyword; reserved keyword: ${found}`);
    };
    const first = name();
    for (;;) {
      if (this.take('.')) steps.push(name());
      else if (this.#peek() === '[' && /^\d+$/.test(this.#peek(1)) && this.#peek(2) === ']') {
        steps.push(Number(this.#peek(1)));
        this.#at += 3;
      } else return [first, ...steps];
    }
  }

  value(): WireValue {
    const found = this.#next();
    if (found.startsWith(':')) return this.#placeholders.value(found);
    this.#at -= 1;
    return this.fail();
  }

  operand(): Operand {
    if (this.#peek().startsWith(':')) return { kind: 'value', value: this.value() };
    if (this.#peek().toLowerCase() !== 'size' || this.#peek(1) !== '(') return { kind: 'path', path: this.path() };
    this.#at += 2;
    const path = this.path();
    this.expect(')');
    return { kind: 'size', path };
  }

  condition(): Condition {
    let left = this.#conjunction();
    while (this.take('OR')) left = { kind: 'or', left, right: this.#conjunction() };
    return left;
  }
  #conjunction(): Condition {
    let left = this.#negation();
    while (this.take('AND')) left = { kind: 'and', left, right: this.#negation() };
    return left;
  }
  #negation(): Condition {
    return this.take('NOT') ? { kind: 'not', of: this.#negation() } : this.#simple();
  }
  #simple(): Condition {
    if (this.take('(')) {
      const inside = this.condition();
      this.expect(')');
      return inside;
    }
    const name = this.#peek();
    if (this.#peek(1) === '(' && name !== 'size') return this.#function(name);
    const left = this.operand();
    if (this.take('BETWEEN')) {
      const low = this.operand();
      this.expect('AND');
      return { kind: 'between', of: left, low, high: this.operand() };
    }
    if (this.take('IN')) {
      this.expect('(');
      const list = this.list(() => this.operand());
      this.expect(')');
      return { kind: 'in', of: left, list };
    }
    if (!signs.has(this.#peek())) return this.fail();
    return { kind: 'compare', sign: this.#next(), left, right: this.operand() };
  }
  #function(name: string): Condition {
    const count = Object.hasOwn(functions, name) ? functions[name] : undefined;
    if (count === undefined) throw validationError(`Invalid expression: Invalid function name; function: ${name}`);
    this.#at += 2;
    const given = this.list(() => this.operand());
    this.expect(')');
    if (given.length !== count) {
      throw validationError(
        `Invalid expression: Incorrect number of operands for operator or function; function: ${name}, number of operands: ${String(given.length)}`,
      );
    }
    return { kind: 'function', name, arguments: given };
  }

  setValue(): SetValue {
    const left = this.#setTerm();
    if (this.take('+')) return { kind: '+', left, right: this.#setTerm() };
    return this.take('-') ? { kind: '-', left, right: this.#setTerm() } : left;
  }
  #setTerm(): SetValue {
    if (this.take('(')) {
      const inside = this.setValue();
      this.expect(')');
      return inside;
    }
    const name = this.#peek();
    if (this.#peek(1) !== '(') return this.operand();
    this.#at += 2;
    if (name === 'if_not_exists') {
      const path = this.path();
      this.expect(',');
      const otherwise = this.setValue();
      this.expect(')');
      return { kind: name, path, otherwise };
    }
    if (name !== 'list_append')
      throw validationError(`Invalid UpdateExpression: Invalid function name; function: ${name}`);
    const left = this.setValue();
    this.expect(',');
    const right = this.setValue();
    this.expect(')');
    return { kind: name, left, right };
  }
}

function whole<Read>(expression: string, placeholders: Placeholders, read: (reader: Reader) => Read): Read {
  if (expression.trim() === '') throw validationError('Invalid expression: The expression can not be empty;');
  const reader = new Reader(expression, placeholders);
  const found = read(reader);
  if (!reader.isAtEnd) reader.fail();
  return found;
}

/** Reads a condition, filter or key condition. @throws DynamoDbError as DynamoDB says it. */
export const parseCondition = (expression: string, placeholders: Placeholders): Condition =>
  whole(expression, placeholders, (reader) => reader.condition());

/** Reads a projection. */
export const parseProjection = (expression: string, placeholders: Placeholders): readonly Path[] =>
  whole(expression, placeholders, (reader) => reader.list(() => reader.path()));

/** Reads an update: each of its clauses at most once, no two of its paths one inside the other. */
export function parseUpdate(expression: string, placeholders: Placeholders): Update {
  return whole(expression, placeholders, (reader) => {
    const clauses: { -readonly [Clause in keyof Update]?: Update[Clause] } = {};
    const once = (clause: keyof Update): void => {
      if (clauses[clause] === undefined) return;
      throw validationError(
        `Invalid UpdateExpression: The "${clause.toUpperCase()}" section can only be used once in an update expression;`,
      );
    };
    while (!reader.isAtEnd) {
      if (reader.take('SET')) {
        once('set');
        clauses.set = reader.list(() => {
          const path = reader.path();
          reader.expect('=');
          return { path, value: reader.setValue() };
        });
      } else if (reader.take('REMOVE')) {
        once('remove');
        clauses.remove = reader.list(() => reader.path());
      } else if (reader.take('ADD')) {
        once('add');
        clauses.add = reader.list(() => ({ path: reader.path(), value: reader.value() }));
      } else if (reader.take('DELETE')) {
        once('delete');
        clauses.delete = reader.list(() => ({ path: reader.path(), value: reader.value() }));
      } else reader.fail();
    }
    const update: Update = { set: [], remove: [], add: [], delete: [], ...clauses };
    refuseOverlaps([
      ...update.set.map(({ path }) => path),
      ...update.remove,
      ...[...update.add, ...update.delete].map(({ path }) => path),
    ]);
    return update;
  });
}

function refuseOverlaps(paths: readonly Path[]): void {
  paths.forEach((path, at) => {
    for (const other of paths.slice(at + 1)) {
      const length = Math.min(path.length, other.length);
      if (path.slice(0, length).every((step, index) => step === other[index])) {
        throw validationError(
          'Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths;',
        );
      }
    }
  });
}
