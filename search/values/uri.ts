import { invalidRequest, notSupported } from '../../fhir/outcome.js';
import { unescaped } from '../escape.js';
import type { ParameterType, QueryContext } from '../parameter-type.js';
import { partLimit, separator, startingWith, termPart, termPrefix, unsorted } from '../term.js';

/** A URI of a resource and, of canonical ones, the business version. */
export interface UriValue {
  readonly uri: string;
  readonly version?: string;
}

/**
 * A URI asked for: itself, what it begins with (above), what begins with it (below; of one with a version, the versions
 * that begin so: `|1` is 1.0 and 1.1), or as an operator of `_filter` says.
 */
export interface UriQuery extends UriValue {
  readonly modifier: 'equals' | 'above' | 'below' | 'ne' | 'co' | 'sw' | 'ew';
}

/** A canonical URL and its version. https://hl7.org/fhir/R4/references.html#canonical */
function canonical(text: string): UriValue {
  const bar = text.indexOf('|');
  return bar < 0 ? { uri: text } : { uri: text.slice(0, bar), version: text.slice(bar + 1) };
}

const isUrn = (uri: string): boolean => uri.startsWith('urn:');
const versionTerm = (uri: string, version: string): string =>
  `${unsorted}${termPart(uri)}${separator}${termPart(version)}`;

/** @throws OperationOutcomeError 400 for an empty one. */
function parseCanonical(text: string, { name }: Pick<QueryContext, 'name'>): UriQuery {
  const found = canonical(text);
  if (found.uri === '') throw invalidRequest(`${name} needs a URI, not "${text}"`, name);
  return { ...found, modifier: 'equals' };
}

/** URIs, compared character by character. https://hl7.org/fhir/R4/search.html#uri */
export const uriType: ParameterType<UriValue, UriQuery> = {
  modifiers: ['above', 'below'],
  parse(text, { modifier, name }) {
    const found = parseCanonical(unescaped(text), { name });
    if (modifier === undefined) return found;
    if (isUrn(found.uri)) throw notSupported(`${name} is for URLs: a URN has nothing above or below it`, name);
    if (modifier === 'below' && found.version !== '') return { ...found, modifier: 'below' };
    if (found.version !== undefined) throw notSupported(`${name} is for URLs without a version`, name);
    return { ...found, modifier: 'above' };
  },
  operators: {
    eq: parseCanonical,
    ne: (value, context) => ({ ...parseCanonical(value, context), modifier: 'ne' }),
    co: (uri) => ({ uri, modifier: 'co' }),
    sw: (uri) => ({ uri, modifier: 'sw' }),
    ew: (uri) => ({ uri, modifier: 'ew' }),
  },
  values: (extracted, { parameter, resource }) =>
    extracted.flatMap(({ value }): UriValue[] => {
      if (typeof value !== 'string' || value === '') return [];
      const version = resource['version'];
      const isOwn = parameter.code === 'url' && typeof version === 'string'; // what canonical references call it by
      return [{ ...(isOwn ? { version } : {}), ...canonical(value) }];
    }),
  matches(value, { uri, version, modifier }) {
    if (modifier === 'above') return uri.startsWith(value.uri) && !isUrn(value.uri);
    if (modifier === 'below' && version !== undefined) {
      return value.uri === uri && `${value.version ?? ''}.`.startsWith(`${version}.`);
    }
    if (modifier === 'below') return value.uri.startsWith(uri) && !isUrn(value.uri);
    if (modifier === 'co') return value.uri.includes(uri);
    if (modifier === 'sw') return value.uri.startsWith(uri);
    if (modifier === 'ew') return value.uri.endsWith(uri);
    return (value.uri === uri && (version === undefined || value.version === version)) === (modifier === 'equals');
  },
  terms: ({ uri, version }) => [termPart(uri), ...(version === undefined ? [] : [versionTerm(uri, version)])],
  ranges({ uri, version, modifier }) {
    if (modifier === 'above') {
      const length = Math.min(uri.length, partLimit);
      const starts = Array.from({ length }, (_, i) => uri.slice(0, i + 1)).filter((start) => !isUrn(start));
      const terms = starts.map((start) => ({ term: termPart(start) }));
      if (uri.length <= partLimit) return { ranges: terms, exact: true };
      // A term for each start of a long URI would take time by the square of its length: those of long starts all
      // begin alike, and are few.
      return { ranges: [...terms, startingWith(termPrefix(uri))], exact: false };
    }
    if (modifier === 'below' && version !== undefined) {
      return { ranges: [startingWith(versionTerm(uri, '') + termPrefix(version))], exact: false };
    }
    if (modifier === 'below') {
      const prefix = termPrefix(uri);
      return {
        ranges: [{ ...startingWith(prefix), accepts: (term) => !isUrn(term) }],
        exact: prefix === uri && prefix.length < partLimit,
      };
    }
    if (modifier === 'sw') return { ranges: [startingWith(termPrefix(uri))], exact: false };
    if (modifier !== 'equals') return { ranges: [startingWith('')], exact: false };
    return { ranges: [{ term: version === undefined ? termPart(uri) : versionTerm(uri, version) }], exact: true };
  },
};
