import { notSupported } from '../../fhir/outcome.js';
import { unescaped } from '../escape.js';
import type { ParameterType } from '../parameter-type.js';
import { partLimit, startingWith, termPart, termPrefix } from '../term.js';

/** A URI asked for: itself, those above it, or those below it. */
export interface UriQuery {
  readonly uri: string;
  readonly modifier: 'equals' | 'above' | 'below';
}

/** The URI and, segment by segment of its path, those above it. */
function ancestors(uri: string): string[] {
  const found = [uri];
  const start = uri.indexOf('://');
  if (start < 0) return found;
  for (let i = uri.indexOf('/', start + 3); i >= 0; i = uri.indexOf('/', i + 1))
    found.push(uri.slice(0, i), uri.slice(0, i + 1));
  return [...new Set(found)];
}

const isBelow = (uri: string, top: string): boolean =>
  uri === top || uri.startsWith(top.endsWith('/') ? top : `${top}/`);

/** URIs, compared character by character. https://hl7.org/fhir/R4/search.html#uri */
export const uriType: ParameterType<string, UriQuery> = {
  modifiers: ['above', 'below'],
  parse(text, { modifier, name }) {
    const uri = unescaped(text);
    if (modifier === undefined) return { uri, modifier: 'equals' };
    if (uri.startsWith('urn:')) throw notSupported(`${name} is for URLs: a URN has nothing above or below it`, name);
    return { uri, modifier: modifier === 'above' ? 'above' : 'below' };
  },
  values: (extracted) => extracted.flatMap(({ value }) => (typeof value === 'string' ? [value] : [])),
  matches(value, { uri, modifier }) {
    if (modifier === 'above') return ancestors(uri).includes(value);
    return modifier === 'below' ? isBelow(value, uri) : value === uri;
  },
  terms: (value) => [termPart(value)],
  ranges({ uri, modifier }) {
    if (modifier === 'below') {
      const prefix = termPrefix(uri);
      const accepts =
        prefix === uri && uri.length < partLimit - 2 ? (term: string): boolean => isBelow(term, uri) : undefined;
      return { ranges: [{ ...startingWith(prefix), ...(accepts && { accepts }) }], exact: false };
    }
    return {
      ranges: (modifier === 'above' ? ancestors(uri) : [uri]).map((each) => ({ term: termPart(each) })),
      exact: true,
    };
  },
};
