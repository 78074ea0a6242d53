import { createHash } from 'node:crypto';

/** Ends the parts of a term; never part of one (see `termPart`). */
export const separator = '\t';

/** Sorts after every character a term part can hold. */
export const afterAll = '\u{10ffff}';

/**
 * Terms that start so are there to be found, not to sort by; it sorts before every character a term part can
 * hold. Not one of U+0000 to U+0004: lmdb's key encoding (ordered-binary) escapes those in short keys only.
 */
export const unsorted = '\u0005';

/** Whether a term is there to be found only. */
export const isUnsorted = (term: string): boolean => term.startsWith(unsorted);

/** Where the terms to sort by begin. */
export const firstSorted = '\u0006';

/** What a search finds in an index: one term, or the terms from one up to (not including) another that a predicate accepts. */
export type TermRange =
  | { readonly term: string }
  | { readonly from: string; readonly to: string; readonly accepts?: (term: string) => boolean };

/** The ranges in which every match has a term; `exact` when nothing else has. */
export interface TermRanges {
  readonly ranges: readonly TermRange[];
  readonly exact: boolean;
}

/** The terms that start with a text. */
export const startingWith = (prefix: string): { readonly from: string; readonly to: string } => ({
  from: prefix,
  to: prefix + afterAll,
});

// eslint-disable-next-line no-control-regex -- control characters are what it looks for
const special = /[\u0000-\u001f\u007f\ud800-\udfff\u{10ffff}]/u;
// eslint-disable-next-line no-control-regex -- see above
const specials = /[\u0000-\u001f\u007f\ud800-\udfff\u{10ffff}]/gu;

/** The most characters of a part that stand in a term as they are: LMDB's keys have at most 1,978 bytes. */
export const partLimit = 300;

/** A text with control characters, lone surrogates and U+10FFFF written as `\u007f<code>.`: different texts stay different. */
const escaped = (text: string): string =>
  special.test(text) ? text.replace(specials, (c) => `\u007f${(c.codePointAt(0) ?? 0).toString(36)}.`) : text;

/**
 * A text as part of a term: without characters that have a meaning there, and cut to `limit` characters, with a
 * hash behind the cut. Equal texts give equal parts, different texts different ones.
 */
export const termPart = (text: string, limit = partLimit): string => shortened(escaped(text), limit);

/** A text cut to `limit` characters, with a hash behind the cut, where it is longer. */
export const shortened = (text: string, limit: number): string =>
  text.length <= limit ? text : `${cut(text, limit)}\u007f#${createHash('sha256').update(text).digest('base64url')}`;

/** The start all term parts of texts that begin with this one share. */
export const termPrefix = (text: string): string => cut(escaped(text), partLimit);

function cut(text: string, limit: number): string {
  const last = text.charCodeAt(limit - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? limit - 1 : limit); // no half of a character
}

/** Orders terms as the index does: by code points, which JavaScript's `<` does not beyond U+D7FF. */
export function compareTerms(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const astralX = x >= 0xd800 && x < 0xe000;
    return astralX === (y >= 0xd800 && y < 0xe000) ? x - y : astralX ? 1 : -1;
  }
  return a.length - b.length;
}

/** Whether a term lies in a range. */
export function inRange(term: string, range: TermRange): boolean {
  if ('term' in range) return term === range.term;
  return compareTerms(range.from, term) <= 0 && compareTerms(term, range.to) < 0 && (range.accepts?.(term) ?? true);
}

/**
 * What a document sorts by: its least term, or its greatest when descending; null when it has none.
 * @see https://hl7.org/fhir/R4/search.html#sort
 */
export function sortKey(terms: readonly string[], descending: boolean): string | null {
  let best: string | null = null;
  for (const term of terms) {
    if (isUnsorted(term)) continue;
    if (best === null || (descending ? compareTerms(term, best) > 0 : compareTerms(term, best) < 0)) best = term;
  }
  return best;
}
