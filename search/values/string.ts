import { invalidRequest } from '../../fhir/outcome.js';
import type { ExtractedValue } from '../../fhir/search-parameter.js';
import { unescaped } from '../escape.js';
import type { ParameterType } from '../parameter-type.js';
import { partLimit, startingWith, termPart, termPrefix, unsorted } from '../term.js';

/** A searchable text of a resource. */
export interface StringValue {
  readonly text: string;
  /** The text as compared by default, without punctuation, and, where that differs, with blanks in its place. */
  readonly folded: readonly string[];
  /** For names: what is left of it from each further word on. */
  readonly words: readonly string[];
}

/** A text asked for. */
export interface StringQuery {
  readonly text: string;
  readonly folded: string;
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
 * A text without case, accents, and white space at the ends and repeated.
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

const punctuation = /\p{P}+/gu;

/** Folded, without punctuation, unless there is nothing else: `O'Brien` is `obrien`. */
function withoutPunctuation(folded: string): string {
  const bare = folded.replace(punctuation, '').replace(/ +/g, ' ').trim();
  return bare === '' ? folded : bare;
}

/** As many words of a name are searched by their start. */
const mostWords = 20;

/**
 * A text as string searches compare it.
 * @param isName whether a search may begin at any of its words: parts of a name are searched independently.
 */
export function stringValue(text: string, isName = false): StringValue {
  const folded = fold(text);
  const bare = withoutPunctuation(folded);
  const apart = folded.replace(punctuation, ' ').replace(/ +/g, ' ').trim();
  const words: string[] = [];
  if (isName) {
    for (let at = apart.indexOf(' '); at >= 0 && words.length < mostWords; at = apart.indexOf(' ', at + 1))
      words.push(apart.slice(at + 1));
  }
  return { text, folded: apart === '' || apart === bare ? [bare] : [bare, apart], words };
}

/** The parts of data types that string parameters search. https://hl7.org/fhir/R4/search.html#string */
const partsOf: Readonly<Record<string, readonly string[]>> = {
  HumanName: ['family', 'given', 'prefix', 'suffix', 'text'],
  Address: ['line', 'city', 'district', 'state', 'postalCode', 'country', 'text'],
};

/** Parameters of parts of a HumanName. */
const nameParts = new Set(['family', 'given']);

function textsOf({ type, value }: ExtractedValue): string[] {
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
    const folded = withoutPunctuation(fold(plain));
    if (folded === '' && modifier !== 'exact') throw invalidRequest(`${name} has no text to search for`, name);
    return {
      text: plain,
      folded,
      modifier: modifier === 'exact' || modifier === 'contains' ? modifier : 'starts-with',
    };
  },
  values: (extracted, { parameter }) =>
    extracted.flatMap((each) => {
      const isName = each.type === 'HumanName' || nameParts.has(parameter.code);
      return textsOf(each).map((text) => stringValue(text, isName));
    }),
  matches(value, query) {
    if (query.modifier === 'exact') return value.text === query.text;
    if (query.modifier === 'contains') return value.folded.some((text) => text.includes(query.folded));
    const starts = (text: string): boolean => text.startsWith(query.folded);
    return value.folded.some(starts) || value.words.some(starts);
  },
  terms({ folded: [bare = '', ...apart], words }) {
    return [termPart(bare) || ' ', ...[...apart, ...words].map((text) => unsorted + termPart(text))];
  },
  ranges({ folded, modifier }) {
    if (modifier === 'exact') return { ranges: [{ term: termPart(folded) || ' ' }], exact: false };
    if (modifier === 'starts-with') {
      const prefix = termPrefix(folded);
      return {
        ranges: [startingWith(prefix), startingWith(unsorted + prefix)],
        exact: prefix === folded && prefix.length < partLimit,
      };
    }
    const needle = termPart(folded);
    const accepts = (term: string): boolean => term.includes(needle) || term.length >= partLimit;
    return { ranges: [{ ...startingWith(''), accepts }], exact: false };
  },
  // Words apart are found by no range of the bare text; a composite combines few terms, and the match decides.
  inComposite: {
    terms: ({ folded }) => folded.map((text) => termPart(text) || ' '),
    ranges({ folded }) {
      const prefix = termPrefix(folded);
      return { ranges: [startingWith(prefix)], exact: prefix === folded && prefix.length < partLimit };
    },
  },
};
