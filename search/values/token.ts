import { invalidRequest, notSupported } from '../../fhir/outcome.js';
import type { ExtractedValue } from '../../fhir/search-parameter.js';
import { splitEscaped, unescaped } from '../escape.js';
import { withSystem } from '../filter-syntax.js';
import type { Indexing, ParameterType, QueryContext } from '../parameter-type.js';
import { separator, startingWith, termPart, type TermRange, unsorted } from '../term.js';
import type { SystemCode } from '../terminology.js';
import { type StringQuery, stringType, type StringValue, stringValue } from './string.js';

/** A code of a resource. */
export interface CodeValue {
  readonly kind: 'code';
  readonly code: string;
  /** Its system; `''` when it has none, or when it is implied and not known. */
  readonly system: string;
  /** Whether it is an element of type code, whose system its value set says. */
  readonly implied: boolean;
  /** Whether the code's case counts: identifiers and ids; other codes are compared without case. */
  readonly caseSensitive: boolean;
  /** Of a contact point: what stands for systems, as `phone` and `home`. */
  readonly namespaces?: readonly string[];
}

/** What token searches find of a resource. */
export type TokenValue =
  | CodeValue
  /** The text of a concept, the display of a coding, the text of an identifier's type: for `:text`. */
  | { readonly kind: 'text'; readonly text: StringValue }
  /** An identifier by a code of its type: for `:of-type`. */
  | { readonly kind: 'typed'; readonly system: string; readonly code: string; readonly value: string };

/** A code asked for: `code`, `system|code`, `|code` (system `''`) or `system|` (no code). */
export interface CodeQuery {
  readonly kind: 'code';
  readonly code?: string;
  readonly system?: string;
}

/** What is asked for. */
export type TokenQuery =
  | CodeQuery
  | { readonly kind: 'text'; readonly text: StringQuery }
  | { readonly kind: 'typed'; readonly system: string; readonly code: string; readonly value: string }
  /** Any other code than this one. */
  | { readonly kind: 'unequal'; readonly query: CodeQuery }
  /** A media type with any parameters. */
  | { readonly kind: 'media-type'; readonly base: string }
  /** One of many, by the code without case. */
  | { readonly kind: 'codes'; readonly byCode: ReadonlyMap<string, readonly CodeQuery[]> };

/** Systems that bindings of plain codes imply, where it is not known which: those of FHIR, and those with a URN (languages, media types, currencies). */
const isImplied = (system: string): boolean =>
  system.startsWith('http://hl7.org/fhir/') ||
  system.startsWith('http://terminology.hl7.org/') ||
  system.startsWith('urn:');

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

function coded(code: unknown, system: unknown, caseSensitive: boolean): CodeValue[] {
  const found = text(code);
  const from = text(system);
  if (found === undefined && from === undefined) return [];
  return [{ kind: 'code', code: found ?? '', system: from ?? '', implied: false, caseSensitive }];
}

const texts = (value: unknown): TokenValue[] => {
  const found = text(value);
  return found === undefined ? [] : [{ kind: 'text', text: stringValue(found) }];
};

type Element = Readonly<Record<string, unknown>>;
const element = (value: unknown): Element => (typeof value === 'object' && value !== null ? (value as Element) : {});
const codingsOf = (concept: Element): readonly Element[] =>
  Array.isArray(concept['coding']) ? concept['coding'].map(element) : [];

/** What token searches find of a value, by its data type. https://hl7.org/fhir/R4/search.html#token */
function tokensOf({ type, value }: ExtractedValue, impliedSystem = ''): TokenValue[] {
  if (typeof value === 'boolean' || typeof value === 'number') return coded(String(value), '', false);
  if (typeof value === 'string') {
    if (type === 'code')
      return value === ''
        ? []
        : [{ kind: 'code', code: value, system: impliedSystem, implied: true, caseSensitive: false }];
    return coded(
      value,
      '',
      type === 'id' || type === 'uri' || type === 'url' || type === 'canonical' || type === 'oid',
    );
  }
  if (typeof value !== 'object' || value === null) return [];
  const found = element(value);
  switch (type) {
    case 'CodeableConcept':
      return [
        ...codingsOf(found).flatMap((coding) => tokensOf({ type: 'Coding', value: coding })),
        ...texts(found['text']),
      ];
    case 'Coding':
      return [...coded(found['code'], found['system'], false), ...texts(found['display'])];
    case 'Identifier':
      return [...identifierTokens(value), ...typesOf(found)];
    case 'ContactPoint':
      return contactTokens(found);
    default:
      return coded(found['code'], found['system'], false);
  }
}

/**
 * A contact point as a token: its value, of no system. What it is and what it is for stand for one, as other servers
 * have it: R4's table names none, STU3's the use. https://hl7.org/fhir/R4/search.html#token
 */
const contactTokens = ({ value, system, use }: Element): CodeValue[] =>
  coded(value, '', false).map((code) => ({
    ...code,
    namespaces: [system, use].flatMap((each) => text(each) ?? []),
  }));

/** The codes of ContactPoint.system and ContactPoint.use, none of which is both. */
const contactNamespaces = [
  ...['phone', 'fax', 'email', 'pager', 'url', 'sms', 'other'],
  ...['home', 'work', 'temp', 'old', 'mobile'],
];

/** An identifier as a token. */
export function identifierTokens(identifier: unknown): CodeValue[] {
  const { value, system } = element(identifier);
  return coded(value, system, true);
}

/** An identifier by its type. https://hl7.org/fhir/R4/datatypes.html#identifier */
function typesOf(identifier: Element): TokenValue[] {
  const type = element(identifier['type']);
  const value = text(identifier['value']);
  const typed = codingsOf(type).flatMap((coding): TokenValue[] => {
    const code = text(coding['code']);
    return code === undefined || value === undefined
      ? []
      : [{ kind: 'typed', system: text(coding['system']) ?? '', code, value }];
  });
  return [...typed, ...texts(type['text'])];
}

const comparable = (code: string, caseSensitive: boolean): string => (caseSensitive ? code : code.toLowerCase());

/** Types whose values are of no system. https://hl7.org/fhir/R4/search.html#token */
const withoutSystem = new Set(['ContactPoint', 'boolean', 'uri', 'url', 'canonical', 'oid', 'uuid']);

/** The system that the specification gives to true and false, "but this is never actually used". */
const specialValues = /^http:\/\/(terminology\.hl7\.org\/CodeSystem|hl7\.org\/fhir)\/special-values$/;

/** @throws OperationOutcomeError 400 for a system where there is none: nothing would be found, and nobody would know why. */
function parseForTypes(raw: string, { name, parameter: { dataTypes } }: QueryContext): CodeQuery {
  const query = parseCode(raw, name);
  if (query.system === undefined || dataTypes.length === 0 || !dataTypes.every((type) => withoutSystem.has(type)))
    return query;
  if (dataTypes.includes('boolean') && specialValues.test(query.system) && query.code !== undefined)
    return { kind: 'code', code: query.code };
  if (dataTypes.includes('ContactPoint')) {
    if (query.system === '' || contactNamespaces.includes(query.system)) return query;
    throw invalidRequest(
      `Before | in ${name} stands one of ${contactNamespaces.join(', ')}, not "${query.system}"`,
      name,
    );
  }
  throw invalidRequest(`${name} needs a value without a system and without |, not "${raw}"`, name);
}

function parseCode(raw: string, name: string): CodeQuery {
  const [first = '', ...rest] = splitEscaped(raw, '|').map(unescaped);
  if (rest.length > 1)
    throw invalidRequest(`${name} needs a code, or a system and a code with one | between, not "${raw}"`, name);
  const [code] = rest;
  if (code === undefined) return { kind: 'code', code: first };
  if (first === '' && code === '') throw invalidRequest(`${name} names neither a system nor a code`, name);
  return code === '' ? { kind: 'code', system: first } : { kind: 'code', system: first, code };
}

function parseTyped(raw: string, name: string): TokenQuery {
  const [system = '', code = '', value = '', ...more] = splitEscaped(raw, '|').map(unescaped);
  if (system === '' || code === '' || value === '' || more.length > 0)
    throw invalidRequest(`${name} needs a type's system, its code and a value: system|code|value, not "${raw}"`, name);
  return { kind: 'typed', system, code, value };
}

function codes(found: readonly SystemCode[]): TokenQuery {
  const byCode = new Map<string, CodeQuery[]>();
  for (const { system, code } of found) {
    const key = code.toLowerCase();
    const query: CodeQuery = { kind: 'code', system, code };
    const others = byCode.get(key);
    if (others === undefined) byCode.set(key, [query]);
    else others.push(query);
  }
  return { kind: 'codes', byCode };
}

const mediaType = /^[\w.+-]+\/[\w.+-]+$/;

/** `:in`, `:not-in`, `:above` and `:below`. https://hl7.org/fhir/R4/search.html#subsumption */
function parseByTerminology(raw: string, modifier: string, { name, terminology }: QueryContext): TokenQuery {
  if (modifier === 'below' && mediaType.test(raw)) return { kind: 'media-type', base: raw.toLowerCase() };
  if (terminology === undefined)
    throw notSupported(`The modifier :${modifier} needs a terminology, and this server has none for it`, name);
  if (modifier === 'in' || modifier === 'not-in') return codes(terminology.expand(unescaped(raw)));
  const { code, system } = parseCode(raw, name);
  if (code === undefined || system === undefined || system === '')
    throw invalidRequest(`${name} needs a system and a code, system|code, not "${raw}"`, name);
  return codes(modifier === 'below' ? terminology.subsumedBy(system, code) : terminology.subsumes(system, code));
}

function codeMatches(value: CodeValue, { code, system }: CodeQuery): boolean {
  if (code !== undefined && comparable(code, value.caseSensitive) !== comparable(value.code, value.caseSensitive))
    return false;
  if (system === undefined) return true;
  if (value.namespaces?.includes(system) === true) return true;
  if (!value.implied || (value.system !== '' && system !== '')) return value.system === system;
  return code !== undefined && (system === '' || isImplied(system));
}

/** Codes with case stand behind `!`, those without behind `*`: a query looks for both. */
const codePart = (code: string, caseSensitive: boolean): string =>
  `${caseSensitive ? '!' : '*'}${termPart(comparable(code, caseSensitive))}${separator}`;

/** Begins the term part of an implied system, and is all of it where that is not known: no system has a blank in it. */
const impliedPart = ' ';

// What is there for modifiers only, and not to sort by.
const systemMark = unsorted;
const textMark = `${unsorted}"`;
const typeMark = `${unsorted}^`;
const typedTerm = (system: string, code: string, value: string): string =>
  [typeMark + termPart(system, 100), termPart(code.toLowerCase(), 100), termPart(value, 100)].join(separator);

function codeRanges({ code, system }: CodeQuery): TermRange[] {
  if (code === undefined) return [{ term: `${systemMark}${termPart(system ?? '')}` }];
  const starts = [codePart(code, true), codePart(code, false)];
  if (system === undefined) return starts.map(startingWith);
  const ranges: TermRange[] = starts.map((start) => ({ term: start + termPart(system) }));
  const impliedStart = codePart(code, false) + impliedPart; // no plain code is compared with case
  if (system === '') return [...ranges, startingWith(impliedStart)];
  return [...ranges, { term: impliedStart + termPart(system) }, ...(isImplied(system) ? [{ term: impliedStart }] : [])];
}

function codeTerms({ code, system, implied, caseSensitive, namespaces = none }: CodeValue): string[] {
  const start = codePart(code, caseSensitive) + (implied ? impliedPart : '');
  const found: string[] = [];
  const add = (from: string): void => {
    const part = termPart(from);
    found.push(start + part);
    if (from !== '') found.push(systemMark + part);
  };
  add(system);
  for (const each of namespaces) add(each);
  return found;
}

const none: readonly string[] = [];

/** A range of another type's terms, behind a mark. */
export const marked = (mark: string, range: TermRange): TermRange => {
  if ('term' in range) return { term: mark + range.term };
  const { from, to, accepts } = range;
  return {
    from: mark + from,
    to: mark + to,
    ...(accepts === undefined ? {} : { accepts: (term: string) => accepts(term.slice(mark.length)) }),
  };
};

/** Codes by themselves, as they are searched inside of references and composites. */
export const codeIndexing: Indexing<TokenValue, TokenQuery> = {
  terms: (value) => (value.kind === 'code' ? codeTerms(value) : []),
  ranges: (query) => tokenType.ranges(query),
};

/** Codes, identifiers, booleans. */
export const tokenType: ParameterType<TokenValue, TokenQuery> = {
  modifiers: ['not', 'text', 'of-type', 'ofType', 'in', 'not-in', 'above', 'below'],
  parse(raw, context) {
    const { name, modifier } = context;
    switch (modifier) {
      case 'text':
        return { kind: 'text', text: stringType.parse(raw, { ...context, modifier: 'starts-with' }) };
      case 'of-type':
      case 'ofType': // as the code of the modifier has it
        return parseTyped(raw, name);
      case 'in':
      case 'not-in':
      case 'above':
      case 'below':
        return parseByTerminology(raw, modifier, context);
      default:
        return parseForTypes(raw, context);
    }
  },
  operators: {
    eq: (value, context) => parseForTypes(withSystem(value), context),
    ne: (value, context) => ({ kind: 'unequal', query: parseForTypes(withSystem(value), context) }),
    in: (value, context) => parseByTerminology(value, 'in', context),
    ni: (value, context) => parseByTerminology(value, 'in', context), // what is negated is the whole test
    ss: (value, context) => parseByTerminology(withSystem(value), 'below', context),
    sb: (value, context) => parseByTerminology(withSystem(value), 'above', context),
  },
  values: (extracted, { parameter }) => extracted.flatMap((each) => tokensOf(each, parameter.impliedSystem)),
  matches(value, query) {
    switch (query.kind) {
      case 'text':
        return value.kind === 'text' && stringType.matches(value.text, query.text);
      case 'typed':
        return (
          value.kind === 'typed' &&
          value.system === query.system &&
          comparable(value.code, false) === comparable(query.code, false) &&
          value.value === query.value
        );
      case 'code':
        return value.kind === 'code' && codeMatches(value, query);
      case 'unequal':
        return value.kind === 'code' && !codeMatches(value, query.query);
      case 'codes':
        return (
          value.kind === 'code' &&
          (query.byCode.get(value.code.toLowerCase())?.some((each) => codeMatches(value, each)) ?? false)
        );
      case 'media-type': {
        if (value.kind !== 'code') return false;
        const code = value.code.toLowerCase();
        return code === query.base || (code.startsWith(query.base) && /^\s*;/.test(code.slice(query.base.length)));
      }
    }
  },
  terms(value) {
    switch (value.kind) {
      case 'code':
        return codeTerms(value);
      case 'text':
        return stringType.terms(value.text).map((term) => textMark + term);
      case 'typed':
        return [typedTerm(value.system, value.code, value.value)];
    }
  },
  ranges(query) {
    switch (query.kind) {
      case 'code':
        return { ranges: codeRanges(query), exact: true };
      case 'unequal':
        return { ranges: [startingWith('')], exact: false };
      case 'codes':
        return { ranges: [...query.byCode.values()].flat().flatMap(codeRanges), exact: true };
      case 'typed':
        return { ranges: [{ term: typedTerm(query.system, query.code, query.value) }], exact: true };
      case 'text': {
        const { ranges, exact } = stringType.ranges(query.text);
        return { ranges: ranges.map((range) => marked(textMark, range)), exact };
      }
      case 'media-type':
        return { ranges: [startingWith(`*${termPart(query.base)}`)], exact: false };
    }
  },
  inComposite: codeIndexing,
};
