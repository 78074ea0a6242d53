import { invalidRequest } from '../../fhir/outcome.js';
import type { ExtractedValue } from '../../fhir/search-parameter.js';
import { splitEscaped, unescaped } from '../escape.js';
import type { ParameterType } from '../parameter-type.js';
import { separator, startingWith, termPart, type TermRange, unsorted } from '../term.js';

/** A code of a resource. */
export interface TokenValue {
  readonly code: string;
  /** Its system; `''` when it has none, `implied` for an element of type code, whose value set says it. */
  readonly system: string | typeof implied;
  /** Whether the code's case counts: identifiers and ids; other codes are compared without case. */
  readonly caseSensitive: boolean;
}

/** A code asked for: `code`, `system|code`, `|code` (system `''`) or `system|` (no code). */
export interface TokenQuery {
  readonly code?: string;
  readonly system?: string;
}

/** The system of a plain code: given by the binding of its element. */
export const implied = Symbol('implied system');

/** Systems that bindings of plain codes imply: those of FHIR, and those with a URN (languages, media types, currencies). */
const isImplied = (system: string): boolean =>
  system.startsWith('http://hl7.org/fhir/') ||
  system.startsWith('http://terminology.hl7.org/') ||
  system.startsWith('urn:');

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

function coded(code: unknown, system: unknown, caseSensitive: boolean): TokenValue[] {
  const found = text(code);
  const from = text(system);
  if (found === undefined) return from === undefined ? [] : [{ code: '', system: from, caseSensitive }];
  return [{ code: found, system: from ?? '', caseSensitive }];
}

/** The codes of a value, by its data type. https://hl7.org/fhir/R4/search.html#token */
export function tokensOf({ type, value }: ExtractedValue): TokenValue[] {
  if (typeof value === 'boolean' || typeof value === 'number') return coded(String(value), '', false);
  if (typeof value === 'string') {
    if (type === 'code') return value === '' ? [] : [{ code: value, system: implied, caseSensitive: false }];
    return coded(
      value,
      '',
      type === 'id' || type === 'uri' || type === 'url' || type === 'canonical' || type === 'oid',
    );
  }
  if (typeof value !== 'object' || value === null) return [];
  const element = value as Record<string, unknown>;
  switch (type) {
    case 'CodeableConcept':
      return Array.isArray(element['coding'])
        ? element['coding'].flatMap((coding) => tokensOf({ type: 'Coding', value: coding as unknown }))
        : [];
    case 'Identifier':
      return coded(element['value'], element['system'], true);
    case 'ContactPoint':
      return coded(element['value'], '', false); // its system says what it is, not whose code
    default:
      return coded(element['code'], element['system'], false);
  }
}

const comparable = (code: string, caseSensitive: boolean): string => (caseSensitive ? code : code.toLowerCase());

/** Codes with case stand behind `!`, those without behind `*`: a query looks for both. */
const codePart = (code: string, caseSensitive: boolean): string =>
  `${caseSensitive ? '!' : '*'}${termPart(comparable(code, caseSensitive))}${separator}`;

/** The term part of an implied system: no system has a blank in it. */
const impliedPart = ' ';

/** Codes, identifiers, booleans. */
export const tokenType: ParameterType<TokenValue, TokenQuery> = {
  modifiers: ['not'],
  parse(raw, { name }) {
    const [first = '', ...rest] = splitEscaped(raw, '|').map(unescaped);
    if (rest.length > 1)
      throw invalidRequest(`${name} needs a code, or a system and a code with one | between, not "${raw}"`, name);
    const [code] = rest;
    if (code === undefined) return { code: first };
    if (first === '' && code === '') throw invalidRequest(`${name} names neither a system nor a code`, name);
    return code === '' ? { system: first } : { system: first, code };
  },
  values: (extracted) => extracted.flatMap(tokensOf),
  matches(value, { code, system }) {
    if (code !== undefined && comparable(code, value.caseSensitive) !== comparable(value.code, value.caseSensitive))
      return false;
    if (system === undefined) return true;
    if (value.system !== implied) return value.system === system;
    return code !== undefined && (system === '' || isImplied(system));
  },
  terms: ({ code, system, caseSensitive }) => [
    codePart(code, caseSensitive) + (system === implied ? impliedPart : termPart(system)),
    ...(system === '' || system === implied ? [] : [`${unsorted}${termPart(system)}`]),
  ],
  ranges({ code, system }) {
    if (code === undefined) return { ranges: [{ term: `${unsorted}${termPart(system ?? '')}` }], exact: true };
    const ends =
      system === undefined
        ? undefined
        : [termPart(system), ...(system === '' || isImplied(system) ? [impliedPart] : [])];
    const ranges = [true, false].flatMap((caseSensitive): TermRange[] => {
      const start = codePart(code, caseSensitive);
      return ends === undefined ? [startingWith(start)] : ends.map((end) => ({ term: start + end }));
    });
    return { ranges, exact: true };
  },
};
