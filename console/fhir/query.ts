/** One condition or directive of a search, as it stands in the query: `name:exact=Peter` is `name:exact`, `Peter`. */
export interface Pair {
  readonly key: string;
  readonly value: string;
}

/** The pairs of a query string. */
export const pairsOf = (query: string): readonly Pair[] =>
  [...new URLSearchParams(query)].map(([key, value]) => ({ key, value }));

/** A query string with the characters that searches are full of left readable. */
export const queryOf = (pairs: readonly Pair[]): string =>
  pairs
    .filter(({ key }) => key !== '')
    .map(({ key, value }) => `${readable(key)}=${readable(value)}`)
    .join('&');

const readable = (text: string): string =>
  encodeURIComponent(text).replace(/%(3A|2C|2F|7C|24)/gi, (found) => decodeURIComponent(found));

const directives = [
  '_sort',
  '_count',
  '_include',
  '_revinclude',
  '_summary',
  '_elements',
  '_total',
  '_contained',
  '_containedType',
  '_page',
];

/** Whether a pair says how to answer, not what to find. */
export const isDirective = ({ key }: Pair): boolean => directives.includes(key.split(':')[0] ?? '');

/** The value of a directive; the last one counts. */
export const directiveOf = (pairs: readonly Pair[], name: string): string | undefined =>
  pairs.findLast(({ key }) => key === name)?.value;

/** Pairs with a directive set, or left out when its value is undefined. */
export const withDirective = (pairs: readonly Pair[], name: string, value: string | undefined): readonly Pair[] => [
  ...pairs.filter(({ key }) => key !== name),
  ...(value === undefined ? [] : [{ key: name, value }]),
];

/** How values of a parameter are compared: a modifier behind its name, or a prefix before its value. */
export interface Comparison {
  readonly id: string;
  readonly text: string;
  readonly modifier?: string;
  readonly prefix?: string;
}

const missing: readonly Comparison[] = [{ id: ':missing', text: 'is missing', modifier: 'missing' }];
const ordered: readonly Comparison[] = [
  { id: '', text: 'is' },
  { id: 'ge', text: 'from', prefix: 'ge' },
  { id: 'le', text: 'up to', prefix: 'le' },
  { id: 'gt', text: 'after / above', prefix: 'gt' },
  { id: 'lt', text: 'before / below', prefix: 'lt' },
  { id: 'ne', text: 'is not', prefix: 'ne' },
  { id: 'sa', text: 'starts after', prefix: 'sa' },
  { id: 'eb', text: 'ends before', prefix: 'eb' },
  { id: 'ap', text: 'is about', prefix: 'ap' },
];
const modified = (...modifiers: readonly (readonly [modifier: string, text: string])[]): readonly Comparison[] =>
  modifiers.map(([modifier, text]) => ({ id: `:${modifier}`, text, modifier }));

/** What each type of parameter can be compared by. https://hl7.org/fhir/R4/search.html#modifiers */
const comparisons: Readonly<Record<string, readonly Comparison[]>> = {
  string: [{ id: '', text: 'begins with' }, ...modified(['contains', 'contains'], ['exact', 'is exactly'])],
  token: [
    { id: '', text: 'is' },
    ...modified(
      ['not', 'is not'],
      ['text', 'has the words'],
      ['in', 'is in value set'],
      ['not-in', 'is not in value set'],
      ['below', 'is or is a kind of'],
      ['above', 'is or is more general than'],
      ['of-type', 'has identifier of type'],
    ),
  ],
  reference: [
    { id: '', text: 'is' },
    ...modified(['identifier', 'has identifier'], ['below', 'is or is part of'], ['above', 'is or holds']),
  ],
  date: ordered,
  number: ordered,
  quantity: ordered,
  uri: [{ id: '', text: 'is' }, ...modified(['below', 'begins with'], ['above', 'is a beginning of'])],
};

/** The comparisons of a type of parameters; a plain one for those that have no other. */
export function comparisonsOf(type: string | undefined): readonly Comparison[] {
  if (type === undefined) return [{ id: '', text: 'is' }];
  const found = comparisons[type];
  return found === undefined ? [{ id: '', text: 'is' }] : [...found, ...missing];
}

/** A condition taken apart for the builder. */
export interface Condition {
  /** The parameter, with its chain if it has one: `subject:Patient.name`. */
  readonly parameter: string;
  readonly comparison: string;
  readonly value: string;
}

/**
 * Takes a pair apart.
 * @param typeOf the type of the parameter at the end of a chain; undefined for what is not known.
 */
export function conditionOf({ key, value }: Pair, typeOf: (parameter: string) => string | undefined): Condition {
  const [, head = key, modifier] = /^(.*):([a-z-]+)$/.exec(key) ?? [];
  const known = modifier !== undefined && comparisonsOf(typeOf(head)).some((each) => each.modifier === modifier);
  if (known) return { parameter: head, comparison: `:${modifier}`, value };
  const [, prefix = '', rest = value] = /^(ge|le|gt|lt|ne|sa|eb|ap)(?=\d|-)(.*)$/.exec(value) ?? [];
  const hasPrefix = prefix !== '' && comparisonsOf(typeOf(key)).some((each) => each.prefix === prefix);
  return hasPrefix ? { parameter: key, comparison: prefix, value: rest } : { parameter: key, comparison: '', value };
}

/** Puts a condition together again. */
export const pairOf = ({ parameter, comparison, value }: Condition): Pair =>
  comparison.startsWith(':')
    ? { key: `${parameter}${comparison}`, value }
    : { key: parameter, value: `${value === '' ? '' : comparison}${value}` };

/**
 * What finds a patient by what a person types: a birth date, a number, names, or a word that may be either.
 * https://hl7.org/fhir/R4/search_filter.html
 */
export function patientPairs(text: string): readonly Pair[] {
  const words = text.split(/\s+/).filter((word) => word !== '');
  const [only = ''] = words;
  if (words.length === 1 && /^\d{4}(-\d{2}){0,2}$/.test(only)) return [{ key: 'birthdate', value: only }];
  if (!/\d/.test(text)) return words.map((value) => ({ key: 'name', value }));
  if (!/\p{L}/u.test(text)) return [{ key: 'identifier', value: words.join(' ') }];
  const either = words.map((word) => {
    const value = `"${word.replaceAll(/["\\]/g, '')}"`;
    return `(name sw ${value} or identifier eq ${value})`;
  });
  return [{ key: '_filter', value: either.join(' and ') }];
}
