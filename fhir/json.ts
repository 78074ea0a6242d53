import { randomBytes } from 'node:crypto';
import { endOfNumber } from './json-number.js';
import { readJson } from './json-reader.js';
import { tooCostly } from './outcome.js';

/** The texts of the Decimals met while `stringifyJson` runs; undefined at all other times. */
let collected: string[] | undefined;
/** What stands for a Decimal until its text is put in; no input can know it. */
const marker = `decimal-${randomBytes(16).toString('hex')}-`;
const markers = new RegExp(`"${marker}(\\d+)"`, 'g');

/**
 * A JSON number with the digits it was written with, where JavaScript's number would lose some (`1.00`, `1e3`,
 * `0.1234567890123456789`). FHIR's decimals keep their precision. https://hl7.org/fhir/R4/datatypes.html#decimal
 */
export class Decimal {
  /** The number as it was written. */
  readonly text: string;
  /**
   * @param text a number as JSON has it.
   * @throws TypeError when it is none.
   */
  constructor(text: string) {
    if (text === '' || endOfNumber(text, 0) !== text.length) throw new TypeError(`"${text}" is not a JSON number`);
    this.text = text;
  }
  /** The nearest JavaScript number; infinite beyond its range. */
  valueOf(): number {
    return Number(this.text);
  }
  toString(): string {
    return this.text;
  }
  toJSON(): unknown {
    return collected === undefined ? this.valueOf() : marker + String(collected.push(this.text) - 1);
  }
}

/**
 * Whether a number could be in the text whose shortest JavaScript form differs: a fraction that ends in 0, an
 * exponent, more than 15 digits, six zeros after the point, -0. Also true for some texts that only look like it. Nothing is
 * looked at to its end that may be millions of digits: the pattern would run out of stack.
 */
const mayLoseDigits =
  /(?:^|[[:,\s])(?:-?(?:[\d.]{16}|\d[\d.]{0,15}[eE][-+]?\d|0\.000000)|(?:-0|-?\d+\.\d*0)(?=[\s,\]}]|$))/;

const numberOrDecimal = (text: string): number | Decimal => {
  const value = Number(text);
  return Object.is(value, -0) || String(value) !== text ? new Decimal(text) : value;
};

/**
 * Reads JSON as JSON.parse does, but numbers that JavaScript would not write back as they are become `Decimal`.
 * For texts this server wrote: of a repeated member the last may count, as in JSON.parse.
 * @param text the JSON text.
 * @returns the value.
 * @throws OperationOutcomeError 400 with line, column and what was expected.
 */
export function parseJson(text: string): unknown {
  if (!mayLoseDigits.test(text)) {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      // Read again below, to say where it goes wrong.
    }
  }
  return readJson(text, numberOrDecimal);
}

/**
 * Reads JSON that came from outside, as `parseJson`, and refuses an object with the same member twice: what the one
 * or the other says would be lost. https://hl7.org/fhir/R4/json.html
 * @throws OperationOutcomeError 400 with line and column; 413 for more than is read (`tooMuchInJson`).
 */
export function parseUniqueJson(text: string): unknown {
  const tooMuch = tooMuchInJson(text);
  if (tooMuch !== undefined) throw tooCostly(`${tooMuch}, the most this server reads in one body`);
  if (!mayLoseDigits.test(text)) {
    try {
      const value = JSON.parse(text) as unknown;
      if (countNames(text) === countMembers(value)) return value;
    } catch {
      // Read again below, to say where it goes wrong.
    }
  }
  return readJson(text, numberOrDecimal);
}

/**
 * So many brackets and commas may stand in JSON from outside. A value of two letters takes as much memory and time as one of
 * a hundred; resources have one of these marks in 25 characters, 2 million in 50 MiB.
 */
const mostMarks = 4_000_000;
/** So many members may stand in one object: FHIR's have a few dozen, and an object of many names takes very long to make. */
const mostMembers = 10_000;
/** Shorter texts cannot hold anybody up. */
const harmless = 1_000_000;

/**
 * Why JSON holds more than is read, before any of it is: by its brackets and commas, strings aside.
 * @returns words for the client; undefined when it may be read.
 */
export function tooMuchInJson(text: string): string | undefined {
  if (text.length <= harmless) return undefined;
  let marks = 0;
  const members: number[] = []; // in the objects open here; in arrays minus infinity
  for (let at = 0; at < text.length; at += 1) {
    switch (text[at]) {
      case '"':
        at = endOfString(text, at);
        continue;
      case '{':
        members.push(1);
        break;
      case '[':
        members.push(-Infinity);
        break;
      case '}':
      case ']':
        members.pop();
        continue;
      case ',': {
        const count = (members.pop() ?? 0) + 1;
        if (count > mostMembers) return `An object of the JSON has more than ${shown(mostMembers)} members`;
        members.push(count);
        break;
      }
      default:
        continue;
    }
    marks += 1;
    if (marks > mostMarks) return `The JSON has more than ${shown(mostMarks)} brackets and commas`;
  }
  return undefined;
}

const shown = (count: number): string => count.toLocaleString('en');

/** Where a string ends that begins here: at its closing quote, or with the text. */
function endOfString(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
  return end;
}

const nameEnd = /"[ \t\r\n]*:/g;

/** At least as many as there are member names in the text: strings may hold what looks like the end of one. */
function countNames(text: string): number {
  let count = 0;
  nameEnd.lastIndex = 0;
  while (nameEnd.test(text)) count += 1;
  return count;
}

/** Counts without recursion: a text may be nested as deep as its length allows. */
function countMembers(value: unknown): number {
  let count = 0;
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null) continue;
    const inner: unknown[] = Object.values(next);
    if (!Array.isArray(next)) count += inner.length;
    for (const each of inner) if (typeof each === 'object' && each !== null) open.push(each);
  }
  return count;
}

/**
 * Writes JSON as JSON.stringify does, with every `Decimal` in the digits it was read with.
 * @param value what parseJson gave, or anything JSON.stringify takes; `null` is written for undefined.
 * @param indent spaces per level; none for one line.
 * @returns the JSON text.
 */
export function stringifyJson(value: unknown, indent?: number): string {
  const texts: string[] = [];
  collected = texts;
  try {
    const json = (JSON.stringify(value, undefined, indent) as string | undefined) ?? 'null';
    return texts.length === 0 ? json : json.replace(markers, (_, index: string) => texts[Number(index)] ?? 'null');
  } finally {
    collected = undefined;
  }
}

/** The nearest JavaScript number of a JSON number; undefined for any other value. */
export const decimalNumber = (value: unknown): number | undefined =>
  typeof value === 'number' ? value : value instanceof Decimal ? value.valueOf() : undefined;

/** The digits of a JSON number as they were written; undefined for any other value. */
export const decimalText = (value: unknown): string | undefined =>
  typeof value === 'number' ? String(value) : value instanceof Decimal ? value.text : undefined;
