import { invalidRequest, notSupported } from '../fhir/outcome.js';
import type { Resource } from '../fhir/resource.js';
import { splitEscaped, unescaped } from './escape.js';
import { fold } from './values/string.js';

/** Words asked for: all of them, those of a phrase one after the other. */
export interface WordsQuery {
  /** Folded, each once, those of phrases included. */
  readonly words: readonly string[];
  /** Of two words or more. */
  readonly phrases: readonly (readonly string[])[];
}

/** The words of a resource, each once: of the narrative, and those that stand only elsewhere. */
export interface ResourceWords {
  readonly text: ReadonlySet<string>;
  readonly content: ReadonlySet<string>;
}

/** Longer words (encoded data, mostly) count up to here. */
const wordLimit = 64;

const wordPattern = /[\p{L}\p{N}\p{M}]+/gu;
const asciiWord = /[a-z0-9]+/g;
// eslint-disable-next-line no-control-regex -- plain ASCII is told from the rest
const ascii = /^[\u0000-\u007f]*$/;

/** The words of a text, folded as string searches fold, in order. */
export function wordsOf(text: string): string[] {
  if (ascii.test(text)) return (text.toLowerCase().match(asciiWord) ?? []).map((word) => word.slice(0, wordLimit));
  const found: string[] = [];
  for (const [word] of text.matchAll(wordPattern)) {
    const folded = fold(word.slice(0, wordLimit));
    if (folded !== '') found.push(folded);
  }
  return found;
}

/**
 * Reads a value of `_text` or `_content`: words that must all be there, `"heart attack"` for words one after the
 * other, `OR` or a comma between alternatives.
 * @throws OperationOutcomeError 400 for a value without words, and for what else text searches may know.
 * @see https://hl7.org/fhir/R4/search.html#text
 */
export function parseWords(value: string, name: string): WordsQuery[] {
  return splitEscaped(value, ',')
    .map(unescaped)
    .flatMap((text) => text.split(/\sOR\s/))
    .map((text) => {
      if ((text.match(/"/g)?.length ?? 0) % 2 === 1) throw invalidRequest(`${name} has a quotation mark too few`, name);
      const parts = text.split('"');
      const outside = parts.filter((_, i) => i % 2 === 0);
      for (const each of outside) requirePlain(each, name);
      const phrases = parts.filter((_, i) => i % 2 === 1).map(wordsOf);
      const single = outside.flatMap((each) => wordsOf(each.replace(/(^|\s)AND(?=\s|$)/g, ' ')));
      const words = [...new Set([...single, ...phrases.flat()])];
      if (words.length === 0) throw invalidRequest(`${name} has no word to search for`, name);
      return { words, phrases: phrases.filter(({ length }) => length > 1) };
    });
}

function requirePlain(text: string, name: string): void {
  const found = /[()*?~^]|(?:^|\s)(?:NOT|NEAR)(?=\s|$)/.exec(text)?.[0].trim();
  if (found === undefined) return;
  throw notSupported(`${name} searches for words, "phrases", AND and OR; ${found} is not served`, name);
}

/** What an index keeps for `_text` and `_content`. */
export function resourceWords(resource: Resource): ResourceWords {
  const text = new Set(wordsOf(narrativeText(resource)));
  const content = new Set<string>();
  for (const each of contentTexts(resource)) {
    for (const word of wordsOf(each)) if (!text.has(word)) content.add(word);
  }
  return { text, content };
}

/** Whether a resource has the words of one of the queries. */
export function matchesWords(
  resource: Resource,
  parameter: '_text' | '_content',
  queries: readonly WordsQuery[],
): boolean {
  const texts = [narrativeText(resource), ...(parameter === '_content' ? contentTexts(resource) : [])].map(wordsOf);
  const all = new Set(texts.flat());
  return queries.some(
    ({ words, phrases }) =>
      words.every((word) => all.has(word)) &&
      phrases.every((phrase) => texts.some((text) => holdsPhrase(text, phrase))),
  );
}

const holdsPhrase = (text: readonly string[], phrase: readonly string[]): boolean =>
  text.some((_, start) => phrase.every((word, i) => text[start + i] === word));

/** The text of a resource's narrative, without tags. https://hl7.org/fhir/R4/narrative.html */
function narrativeText(resource: Resource): string {
  const narrative = resource['text'];
  if (typeof narrative !== 'object' || narrative === null) return '';
  const div: unknown = Reflect.get(narrative, 'div');
  return typeof div === 'string' ? plainText(div) : '';
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

const plainText = (xhtml: string): string =>
  xhtml
    .replace(/<!--[^]*?-->|<[^>]*>/g, ' ')
    .replace(
      /&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-z]{1,8}));/g,
      (whole, decimal?: string, hex?: string, named?: string) => {
        if (named !== undefined) return entities[named] ?? whole;
        const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
        return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
      },
    );

/** What is no text to read: URLs and URNs, dates and times, literal references. */
const noText =
  /^(?:https?:|urn:|#|\d{4}(?:-\d\d(?:-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?)?)?$|[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[^/]+)?$)/;

/** Members of a resource that say nothing about its subject, and encoded data. */
const skipped = new Set(['resourceType', 'id', 'meta', 'implicitRules', 'data', 'contentType']);

/** The texts, codes and identifiers of a resource outside its own narrative. */
function contentTexts(resource: Resource): string[] {
  const found: string[] = [];
  for (const name in resource) {
    if (name !== 'text' && !skipped.has(name)) collectTexts(name, resource[name], found);
  }
  return found;
}

/** Resources are nested no deeper than validation lets them be. */
function collectTexts(name: string, value: unknown, found: string[]): void {
  if (typeof value === 'string') {
    if (name === 'div') found.push(plainText(value));
    else if (!noText.test(value)) found.push(value);
  } else if (Array.isArray(value)) {
    for (const each of value as unknown[]) collectTexts(name, each, found);
  } else if (typeof value === 'object' && value !== null) {
    const inner = value as Record<string, unknown>;
    for (const member in inner) if (!skipped.has(member)) collectTexts(member, inner[member], found);
  }
}
