import { endOfNumber } from './json-number.js';
import { invalidRequest } from './outcome.js';

/** Deeper nesting is refused; no resource comes near, and whoever walks the value must not overflow the stack. */
const deepest = 1000;

/**
 * Reads JSON text strictly, number by number. https://www.rfc-editor.org/rfc/rfc8259
 * @param text the JSON text.
 * @param readNumber makes a value of a number's text.
 * @returns the value; members named `__proto__` are members like others, a member that stands twice is refused.
 * @throws OperationOutcomeError 400 with line, column and what was expected.
 */
export const readJson = (text: string, readNumber: (text: string) => unknown): unknown =>
  new JsonReader(text, readNumber).document();

const space: ReadonlySet<string | undefined> = new Set([' ', '\t', '\r', '\n']);
const word = /true|false|null/y;
const words: ReadonlyMap<string, unknown> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
]);

class JsonReader {
  private readonly text: string;
  private readonly readNumber: (text: string) => unknown;
  private at = 0;
  private depth = 0;

  constructor(text: string, readNumber: (text: string) => unknown) {
    this.text = text;
    this.readNumber = readNumber;
  }

  document(): unknown {
    const value = this.value();
    if (this.at < this.text.length) this.fail('the end of the text');
    return value;
  }

  private value(): unknown {
    this.skipSpace();
    const value = this.bareValue();
    this.skipSpace();
    return value;
  }

  private bareValue(): unknown {
    switch (this.text[this.at]) {
      case '{':
        return this.nested(() => this.object());
      case '[':
        return this.nested(() => this.array());
      case '"':
        return this.string();
      default: {
        const literal = this.match(word);
        if (literal !== undefined) return words.get(literal);
        const end = endOfNumber(this.text, this.at);
        if (end < 0) return this.fail('a value');
        const digits = this.text.slice(this.at, end);
        this.at = end;
        return this.readNumber(digits);
      }
    }
  }

  private nested<T>(read: () => T): T {
    this.depth += 1;
    if (this.depth > deepest) throw invalidRequest(`The JSON is nested deeper than ${String(deepest)} levels`);
    this.at += 1;
    this.skipSpace();
    const value = read();
    this.depth -= 1;
    return value;
  }

  private object(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    if (this.take('}')) return object;
    for (;;) {
      this.skipSpace();
      if (this.text[this.at] !== '"') this.fail('a member name in double quotes');
      const start = this.at;
      const name = this.string();
      if (Object.hasOwn(object, name)) this.failAtRepeated(start, name);
      this.skipSpace();
      if (!this.take(':')) this.fail('":"');
      const value = this.value();
      if (name === '__proto__') {
        Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
      } else {
        object[name] = value;
      }
      if (this.take('}')) return object;
      if (!this.take(',')) this.fail('"," or "}"');
    }
  }

  private failAtRepeated(start: number, name: string): never {
    this.at = start;
    const shown = JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
    throw invalidRequest(`The body's member ${shown} stands twice in one object: ${this.place()}`);
  }

  private array(): unknown[] {
    const array: unknown[] = [];
    if (this.take(']')) return array;
    for (;;) {
      array.push(this.value());
      if (this.take(']')) return array;
      if (!this.take(',')) this.fail('"," or "]"');
    }
  }

  private string(): string {
    const start = this.at;
    let end = this.text.indexOf('"', start + 1);
    while (end >= 0 && this.isEscaped(end)) end = this.text.indexOf('"', end + 1);
    if (end < 0) this.fail('a closing double quote for this string');
    try {
      const value = JSON.parse(this.text.slice(start, end + 1)) as string;
      this.at = end + 1;
      return value;
    } catch {
      return this.failInString(start, end);
    }
  }

  private isEscaped(at: number): boolean {
    let backslashes = 0;
    while (this.text[at - 1 - backslashes] === '\\') backslashes += 1;
    return backslashes % 2 === 1;
  }

  private failInString(start: number, end: number): never {
    const escape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
    for (this.at = start + 1; this.at < end; this.at += 1) {
      if (this.text.charCodeAt(this.at) < 0x20) this.fail('an escape sequence instead of a control character');
      if (this.text[this.at] !== '\\') continue;
      const matched = this.match(escape);
      if (matched === undefined) this.fail('an escape sequence of JSON');
      this.at -= 1;
    }
    return this.fail('a string');
  }

  private skipSpace(): void {
    while (space.has(this.text[this.at])) this.at += 1;
  }

  private take(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  /** Moves behind what the pattern matches here. */
  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const [matched] = pattern.exec(this.text) ?? [];
    this.at += matched?.length ?? 0;
    return matched;
  }

  private place(): string {
    const lines = this.text.slice(0, this.at).split('\n');
    return `line ${String(lines.length)}, column ${String((lines.at(-1) ?? '').length + 1)}`;
  }

  private fail(expected: string): never {
    const [character] = this.text.slice(this.at, this.at + 2);
    const found = character === undefined ? 'the text ends' : `${JSON.stringify(character)} stands there`;
    throw invalidRequest(`The body is not JSON: ${this.place()}: expected ${expected}, but ${found}`);
  }
}
