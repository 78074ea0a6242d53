import { invalidRequest } from '../../fhir/outcome.js';
import type { ExtractedValue } from '../../fhir/search-parameter.js';
import { unescaped } from '../escape.js';
import type { ParameterType, QueryContext } from '../parameter-type.js';
import { compareTerms, partLimit, startingWith, termPart, termPrefix, type TermRange, unsorted } from '../term.js';

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
  readonly modifier: 'starts-with' | 'contains' | 'exact' | Comparison;
}

/** How `_filter` compares whole texts: they begin or end so, are the same or not, or come before or after in the order of characters. */
type Comparison = 'sw' | 'ew' | 'eq' | 'ne' | 'gt' | 'lt' | 'ge' | 'le';

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

/** What folding and taking away punctuation leave as it is: most texts. */
const plainWords = /^[a-z0-9]+(?: [a-z0-9]+)*$/;

/**
 * A text without case, accents, and white space at the ends and repeated.
 * @see https://hl7.org/fhir/R4/search.html#string
 */
export function fold(text: string): string {
  const small = text.toLowerCase();
  if (plainWords.test(small)) return small;
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
  const isPlain = plainWords.test(folded);
  const bare = isPlain ? folded : withoutPunctuation(folded);
  const apart = isPlain ? folded : folded.replace(punctuation, ' ').replace(/ +/g, ' ').trim();
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

const otherParts = ['text', 'display', 'value'];

function textsOf({ type, value }: ExtractedValue): string[] {
  if (typeof value === 'string') return [value];
  const found: string[] = [];
  if (typeof value !== 'object' || value === null) return found;
  for (const part of partsOf[type] ?? otherParts) {
    const texts = (value as Record<string, unknown>)[part];
    for (const text of Array.isArray(texts) ? (texts as unknown[]) : [texts]) {
      if (typeof text === 'string') found.push(text);
    }
  }
  return found;
}

/** @throws OperationOutcomeError 400 for a text without anything to compare. */
function asked(text: string, modifier: StringQuery['modifier'], name: string): StringQuery {
  const folded = withoutPunctuation(fold(text));
  if (folded === '' && modifier !== 'exact') throw invalidRequest(`${name} has no text to search for`, name);
  return { text, folded, modifier };
}

/** Whether a whole text lies to another as an operator of `_filter` says; all but the order know punctuation as blanks, too. */
function compares({ folded }: StringValue, comparison: Comparison, text: string): boolean {
  switch (comparison) {
    case 'eq':
      return folded.includes(text);
    case 'ne':
      return !folded.includes(text);
    case 'sw':
      return folded.some((each) => each.startsWith(text));
    case 'ew':
      return folded.some((each) => each.endsWith(text));
  }
  const order = compareTerms(folded[0] ?? '', text);
  switch (comparison) {
    case 'gt':
      return order > 0;
    case 'lt':
      return order < 0;
    case 'ge':
      return order >= 0;
    case 'le':
      return order <= 0;
  }
}

/** Where the terms of texts are that compare so; `match` decides. */
function comparedRanges(comparison: Comparison, folded: string): TermRange[] {
  const start = termPrefix(folded);
  switch (comparison) {
    case 'eq':
    case 'sw':
      return [startingWith(start), startingWith(unsorted + start)];
    default:
      return [startingWith('')];
  }
}

const comparing =
  (modifier: StringQuery['modifier']) =>
  (value: string, { name }: QueryContext): StringQuery =>
    asked(value, modifier, name);

/** Texts: names, addresses, titles. */
export const stringType: ParameterType<StringValue, StringQuery> = {
  modifiers: ['exact', 'contains'],
  parse(text, { modifier, name }) {
    return asked(unescaped(text), modifier === 'exact' || modifier === 'contains' ? modifier : 'starts-with', name);
  },
  operators: {
    eq: comparing('eq'),
    ne: comparing('ne'),
    co: comparing('contains'),
    sw: comparing('sw'),
    ew: comparing('ew'),
    gt: comparing('gt'),
    lt: comparing('lt'),
    ge: comparing('ge'),
    le: comparing('le'),
  },
  values(extracted, { parameter }) {
    const values: StringValue[] = [];
    for (const each of extracted) {
      const isName = each.type === 'HumanName' || nameParts.has(parameter.code);
      for (const text of textsOf(each)) values.push(stringValue(text, isName));
    }
    return values;
  },
  matches(value, query) {
    if (query.modifier === 'exact') return value.text === query.text;
    if (query.modifier === 'contains') return value.folded.some((text) => text.includes(query.folded));
    if (query.modifier !== 'starts-with') return compares(value, query.modifier, query.folded);
    const starts = (text: string): boolean => text.startsWith(query.folded);
    return value.folded.some(starts) || value.words.some(starts);
  },
  terms({ folded: [bare = '', ...apart], words }) {
    const found = [termPart(bare) || ' '];
    for (const text of apart) found.push(unsorted + termPart(text));
    for (const text of words) found.push(unsorted + termPart(text));
    return found;
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
    if (modifier !== 'contains') return { ranges: comparedRanges(modifier, folded), exact: false };
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
