import { invalidRequest } from '../../fhir/outcome.js';
import { parseReference } from '../../fhir/reference.js';
import { idPattern } from '../../fhir/resource.js';
import type { ExtractedValue } from '../../fhir/search-parameter.js';
import { unescaped } from '../escape.js';
import type { ParameterType, QueryContext } from '../parameter-type.js';
import { separator, startingWith, termPart, termPrefix, type TermRange, unsorted } from '../term.js';
import { codeIndexing, identifierTokens, marked, type TokenQuery, tokenType, type TokenValue } from './token.js';

/** What a reference of a resource points at. */
export type ReferenceValue =
  | {
      readonly kind: 'resource';
      readonly type: string;
      readonly id: string;
      readonly base: string;
      readonly versionId?: string;
    }
  /** A canonical URL, a URN, or what is no FHIR reference. */
  | { readonly kind: 'uri'; readonly uri: string; readonly version: string }
  | { readonly kind: 'identifier'; readonly token: TokenValue };

/** What is asked for; a `resource` matches by all the parts given. */
export type ReferenceQuery =
  | {
      readonly kind: 'resource';
      readonly id: string;
      /** The types it may have; absent for any. */
      readonly types?: readonly string[];
      /** The bases it may have; `''` is a relative reference. */
      readonly bases: readonly string[];
      readonly versionId?: string;
      /** An absolute URL may be a canonical one as well. */
      readonly url?: string;
      /** An id may be all that a reference says, which is then no FHIR reference. */
      readonly word?: string;
    }
  | { readonly kind: 'uri'; readonly uri: string; readonly version?: string }
  /** A canonical URL of any version, or of one that begins so: `1` is 1.0 and 1.1. */
  | { readonly kind: 'versions'; readonly uri: string; readonly version?: string }
  | { readonly kind: 'identifier'; readonly token: TokenQuery }
  /** Any other resource or URL. */
  | { readonly kind: 'unequal'; readonly query: ReferenceQuery };

function canonical(text: string): { uri: string; version: string } {
  const bar = text.indexOf('|');
  return bar < 0 ? { uri: text, version: '' } : { uri: text.slice(0, bar), version: text.slice(bar + 1) };
}

/**
 * Stands for the base of a resource that is a part of the one it is found in: what is stored under its type and id may
 * be something else, so that no chain and no include leads there.
 */
const partBase = '#';

/** What a reference's text points at; a fragment points nowhere a search could find. */
function literal(text: string): ReferenceValue[] {
  const found = parseReference(text);
  if (found.kind === 'fragment') return [];
  if (found.kind !== 'relative' && found.kind !== 'absolute') return [{ kind: 'uri', ...canonical(text) }];
  const { type, id, versionId } = found;
  const base = found.kind === 'absolute' ? found.base : '';
  return [{ kind: 'resource', type, id, base, ...(versionId === undefined ? {} : { versionId }) }];
}

function referencesOf({ type, value }: ExtractedValue): ReferenceValue[] {
  if (typeof value === 'string') {
    // A canonical may be a relative literal in practice (`Questionnaire/1`): searched and included as what it names.
    const isCanonicalUrl = type === 'canonical' && !value.startsWith('#') && parseReference(value).kind !== 'relative';
    return isCanonicalUrl ? [{ kind: 'uri', ...canonical(value) }] : literal(value);
  }
  if (typeof value !== 'object' || value === null) return [];
  const { reference, identifier, resourceType, id } = value as Partial<Record<string, unknown>>;
  if (typeof resourceType === 'string') {
    // Bundle's `composition` and `message` select the resource itself, as the reference that would lead to it.
    return typeof id === 'string' ? [{ kind: 'resource', type: resourceType, id, base: partBase }] : [];
  }
  return [
    ...(typeof reference === 'string' ? literal(reference) : []),
    ...(identifier === undefined
      ? []
      : identifierTokens(identifier).map((token): ReferenceValue => ({
          kind: 'identifier',
          token,
        }))),
  ];
}

/** The types a bare id may have: the one the modifier names, or the parameter's targets. */
function typesOf(parameter: QueryContext['parameter'], modifier: string | undefined): readonly string[] | undefined {
  if (modifier !== undefined) return [modifier];
  return parameter.targets.length === 0 || parameter.targets.length > 8 ? undefined : parameter.targets;
}

function parseLiteral(text: string, { parameter, name, modifier, baseUrl }: QueryContext): ReferenceQuery {
  // Elements of no data type are whole resources.
  const own = [
    '',
    ...(baseUrl === undefined ? [] : [baseUrl]),
    ...(parameter.dataTypes.length === 0 ? [partBase] : []),
  ];
  if (idPattern.test(text)) {
    const types = typesOf(parameter, modifier);
    const word = modifier === undefined ? { word: text } : {};
    return { kind: 'resource', id: text, bases: own, ...(types === undefined ? {} : { types }), ...word };
  }
  const [found] = literal(text);
  if (found === undefined || found.kind === 'identifier') {
    throw invalidRequest(`${name} needs an id, Type/id or a URL, not "${text}"`, name);
  }
  if (found.kind === 'uri') {
    if (modifier !== undefined) throw invalidRequest(`${name} needs the id of a ${modifier}, not "${text}"`, name);
    return { kind: 'uri', uri: found.uri, ...(found.version === '' ? {} : { version: found.version }) };
  }
  if (modifier !== undefined && found.type !== modifier) {
    throw invalidRequest(`${name} asks for a ${modifier}, and "${text}" is none`, name);
  }
  const { id, base, versionId } = found;
  return {
    kind: 'resource',
    id,
    types: [found.type],
    bases: base === '' || base === baseUrl ? own : [base],
    ...(versionId === undefined ? {} : { versionId }),
    ...(base === '' ? {} : { url: text }),
  };
}

/** `:below` a canonical URL; below a resource is `parseHierarchy`. https://hl7.org/fhir/R4/search.html#versions */
function parseVersions(text: string): ReferenceQuery {
  const { uri, version } = canonical(text);
  return { kind: 'versions', uri, ...(version === '' ? {} : { version }) };
}

const resourceTerm = (id: string, type: string, base: string): string =>
  `${termPart(id)}${separator}${type}${separator}${base === '' ? '' : termPart(base)}`;
const uriMark = '<';

/** References, canonical URLs, and with `:identifier` the identifiers in references. */
export const referenceType: ParameterType<ReferenceValue, ReferenceQuery> = {
  modifiers: ['identifier', 'above', 'below', '[type]'],
  parse(text, context) {
    if (context.modifier === 'identifier') return { kind: 'identifier', token: tokenType.parse(text, context) };
    if (context.modifier === 'below') return parseVersions(unescaped(text));
    return parseLiteral(unescaped(text), context);
  },
  operators: {
    re: parseLiteral,
    eq: parseLiteral,
    ne: (value, context) => ({ kind: 'unequal', query: parseLiteral(value, context) }),
  },
  values: (extracted) => extracted.flatMap(referencesOf),
  matches(value, query) {
    if (query.kind === 'unequal') return value.kind !== 'identifier' && !referenceType.matches(value, query.query);
    if (query.kind === 'identifier') return value.kind === 'identifier' && tokenType.matches(value.token, query.token);
    if (query.kind === 'uri') {
      return (
        value.kind === 'uri' &&
        value.uri === query.uri &&
        (query.version === undefined || value.version === query.version)
      );
    }
    if (query.kind === 'versions') {
      const { uri, version } = query;
      return (
        value.kind === 'uri' &&
        value.uri === uri &&
        (version === undefined || value.version === version || value.version.startsWith(`${version}.`))
      );
    }
    if (value.kind === 'uri') return value.uri === query.url || (value.uri === query.word && value.version === '');
    return (
      value.kind === 'resource' &&
      value.id === query.id &&
      (query.types?.includes(value.type) ?? true) &&
      query.bases.includes(value.base) &&
      (query.versionId === undefined || value.versionId === query.versionId)
    );
  },
  terms(value) {
    if (value.kind === 'resource') return [resourceTerm(value.id, value.type, value.base)];
    if (value.kind === 'uri') return [`${uriMark}${termPart(value.uri)}${separator}${termPart(value.version)}`];
    return codeIndexing.terms(value.token).map((term) => `${unsorted}${term}`);
  },
  ranges(query) {
    if (query.kind === 'unequal') return { ranges: [startingWith('')], exact: false };
    if (query.kind === 'identifier') {
      const { ranges, exact } = tokenType.ranges(query.token);
      return { ranges: ranges.map((range) => marked(unsorted, range)), exact };
    }
    if (query.kind === 'uri') {
      const start = `${uriMark}${termPart(query.uri)}${separator}`;
      const range = query.version === undefined ? startingWith(start) : { term: start + termPart(query.version) };
      return { ranges: [range], exact: true };
    }
    if (query.kind === 'versions') {
      const start = `${uriMark}${termPart(query.uri)}${separator}`;
      return { ranges: [startingWith(start + termPrefix(query.version ?? ''))], exact: query.version === undefined };
    }
    const { id, types, bases, versionId, word } = query;
    const words: TermRange[] = word === undefined ? [] : [{ term: uriMark + termPart(word) + separator }];
    if (types === undefined) return { ranges: [startingWith(`${termPart(id)}${separator}`), ...words], exact: false };
    const ranges: TermRange[] = types.flatMap((type) => bases.map((base) => ({ term: resourceTerm(id, type, base) })));
    if (query.url !== undefined) ranges.push(startingWith(uriMark + termPart(query.url) + separator));
    return { ranges: [...ranges, ...words], exact: versionId === undefined };
  },
};
