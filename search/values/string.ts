import { invalidRequest } from '../../fhir/outcome.js';
import { unescaped } from '../escape.js';
import type { ParameterType } from '../parameter-type.js';
import { partLimit, startingWith, termPart, termPrefix } from '../term.js';

/** A searchable text of a resource. */
export interface StringValue {
  readonly text: string;
  /** The text as compared by default: without case, accents and repeated white space. */
  readonly folded: string;
}

/** A text asked for. */
export interface StringQuery extends StringValue {
  readonly modifier: 'starts-with' | 'contains' | 'exact';
}

/** Letters that look like an accented one and are not decomposed by Unicode. */
const likeness: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ı: 'i',
};

/**
 * A text without what string searches disregard: case, accents, white space at the ends and repeated.
 * @see https://hl7.org/fhir/R4/search.html#string
 */
export function fold(text: string): string {
  // eslint-disable-next-line no-control-regex -- plain ASCII is told from the rest
  const plain = /^[\u0000-\u007f]*$/.test(text)
    ? text.toLowerCase()
    : text
        .normalize('NFKD')
        .replace(/\p{M}+/gu, '')
        .toLowerCase()
        .replace(/\p{M}+/gu, '')
        .replace(/[ßæœøłđðþı]/g, (letter) => likeness[letter] ?? letter);
  return plain.replace(/\s+/g, ' ').trim();
}

/** The parts of data types that string parameters search. https://hl7.org/fhir/R4/search.html#string */
const partsOf: Readonly<Record<string, readonly string[]>> = {
  HumanName: ['family', 'given', 'prefix', 'suffix', 'text'],
  Address: ['line', 'city', 'district', 'state', 'postalCode', 'country', 'text'],
};

function textsOf(type: string, value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  const parts = partsOf[type] ?? ['text', 'display', 'value'];
  return parts
    .flatMap((part): unknown => (value as Record<string, unknown>)[part])
    .filter((text) => typeof text === 'string');
}

/** Texts: names, addresses, titles. */
export const stringType: ParameterType<StringValue, StringQuery> = {
  modifiers: ['exact', 'contains'],
  parse(text, { modifier, name }) {
    const plain = unescaped(text);
    const folded = fold(plain);
    if (folded === '' && modifier !== 'exact') throw invalidRequest(`${name} has no text to search for`, name);
    return {
      text: plain,
      folded,
      modifier: modifier === 'exact' || modifier === 'contains' ? modifier : 'starts-with',
    };
  },
  values: (extracted) =>
    extracted.flatMap(({ type, value }) => textsOf(type, value).map((text) => ({ text, folded: fold(text) }))),
  matches(value, query) {
    if (query.modifier === 'exact') return value.text === query.text;
    return query.modifier === 'contains' ? value.folded.includes(query.folded) : value.folded.startsWith(query.folded);
  },
  terms: (value) => [termPart(value.folded) || ' '],
  ranges({ folded, modifier }) {
    if (modifier === 'exact') return { ranges: [{ term: termPart(folded) || ' ' }], exact: false };
    if (modifier === 'starts-with') {
      const prefix = termPrefix(folded);
      return { ranges: [startingWith(prefix)], exact: prefix === folded && prefix.length < partLimit };
    }
    const needle = termPart(folded);
    const accepts = (term: string): boolean => term.includes(needle) || term.length >= partLimit;
    return { ranges: [{ ...startingWith(''), accepts }], exact: false };
  },
};
