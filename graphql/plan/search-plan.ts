import type { FieldNode } from 'graphql';
import type { FhirDefinitions } from '../../fhir/definitions.js';
import { invalidRequest } from '../../fhir/outcome.js';
import { nearest } from '../../fhir/nearest.js';
import { splitEscaped } from '../../search/escape.js';
import { compileStatement, type Statement } from '../statement.js';
import { type Arguments, scalarText, textArgument, unknownArgument, wholeArgument } from './arguments.js';

/** A search as its arguments say it. */
export interface SearchPlan {
  readonly type: string;
  readonly kind: 'list' | 'connection';
  /** Names and values as a query has them. */
  readonly parameters: readonly (readonly [string, string])[];
  readonly count?: number;
  readonly offset?: number;
  readonly cursor?: string;
  /** The reference parameter by which matches must refer to the resource the search stands in. */
  readonly referring?: string;
  /** What each match must satisfy as well. */
  readonly statement?: { readonly text: string; readonly holds: Statement };
}

/** Parameters that have a place of their own in GraphQL, or none. https://hl7.org/fhir/R4/graphql.html#searching */
const refused: Readonly<Record<string, string>> = {
  _include: 'a selection inside resource { … } shows what is referred to',
  _revinclude: 'a list inside the resource, such as ObservationList(_reference: subject), shows what refers to it',
  _contained: 'contained { … } shows what is inside a resource',
  _containedType: 'contained(resourceType: Patient) { … } shows what is inside a resource',
  _summary: 'the selection says which elements are wanted',
  _elements: 'the selection says which elements are wanted',
};

const codesOfTypes = new WeakMap<FhirDefinitions, Map<string, ReadonlyMap<string, string>>>();

/** The search parameter codes of a type by their GraphQL names: `-` cannot stand in one. */
export function codesByArgument(definitions: FhirDefinitions, type: string): ReadonlyMap<string, string> {
  const ofVersion = codesOfTypes.get(definitions) ?? new Map<string, ReadonlyMap<string, string>>();
  codesOfTypes.set(definitions, ofVersion);
  let codes = ofVersion.get(type);
  if (codes === undefined) {
    codes = new Map(definitions.searchParameters.ofType(type).map(({ code }) => [code.replaceAll('-', '_'), code]));
    ofVersion.set(type, codes);
  }
  return codes;
}

/** The reference parameters of `type` that may refer to `target`, by their GraphQL names. */
export function referringParameters(
  definitions: FhirDefinitions,
  type: string,
  target: string,
): ReadonlyMap<string, string> {
  const all = [...codesByArgument(definitions, type)];
  return new Map(
    all.filter(([, code]) => {
      const parameter = definitions.searchParameters.find(type, code);
      return parameter?.type === 'reference' && parameter.targets.includes(target);
    }),
  );
}

/**
 * Reads the arguments of a list or a connection. Of several values in a list one must hold; each argument must.
 * @param inside the type of the resource it stands in; undefined at the root.
 * @throws OperationOutcomeError 400 naming the argument that is not known, needed, or has no usable value.
 * @see https://hl7.org/fhir/R4/graphql.html#searching
 */
export function searchPlan(
  definitions: FhirDefinitions,
  node: FieldNode,
  given: Arguments,
  field: { readonly kind: 'list' | 'connection'; readonly type: string },
  inside: string | undefined,
): SearchPlan {
  const { type, kind } = field;
  const codes = codesByArgument(definitions, type);
  const isRoot = inside === undefined;
  const others = [
    '_count',
    '_offset',
    '_sort',
    '_total',
    '_filter',
    '_list',
    'fhirpath',
    ...(isRoot ? [] : ['_reference']),
    ...(isRoot && kind === 'connection' ? ['_cursor', 'cursor'] : []),
  ];
  for (const { name } of node.arguments ?? []) {
    const why = Object.hasOwn(refused, name.value) ? refused[name.value] : undefined;
    if (why !== undefined) throw invalidRequest(`${name.value} is no argument of GraphQL: ${why}`);
    if (!isRoot && name.value === '_id') throw invalidRequest('_id is no argument inside a resource');
    if (!isRoot && (name.value === '_cursor' || name.value === 'cursor')) {
      throw invalidRequest(`A cursor is followed at the root: ${type}Connection(_cursor: …)`);
    }
    if (!codes.has(name.value) && !others.includes(name.value)) {
      throw unknownArgument(node.name.value, name.value, [...others, ...codes.keys()]);
    }
  }
  const referring = isRoot ? undefined : referringCode(definitions, node, given, type, inside);
  const parameters = [...given].flatMap(([name, value]): [string, string][] => {
    // Its commas are those of its own grammar.
    if (name === '_sort' || name === '_filter') return [[name, texts(name, value).join(',')]];
    const code = name === '_total' || name === '_list' ? name : others.includes(name) ? undefined : codes.get(name);
    return code === undefined ? [] : [[code, alternatives(name, value)]];
  });
  const path = textArgument(given, 'fhirpath');
  const count = wholeArgument(given, '_count');
  const offset = wholeArgument(given, '_offset');
  const cursor = textArgument(given, '_cursor') ?? textArgument(given, 'cursor');
  if (cursor !== undefined && offset !== undefined) {
    throw invalidRequest('_cursor is a place in a search: _offset cannot be given beside it');
  }
  return {
    type,
    kind,
    parameters,
    ...(count === undefined ? {} : { count }),
    ...(offset === undefined ? {} : { offset }),
    ...(cursor === undefined ? {} : { cursor }),
    ...(referring === undefined ? {} : { referring }),
    ...(path === undefined ? {} : { statement: { text: path, holds: compileStatement(definitions, path) } }),
  };
}

function referringCode(
  definitions: FhirDefinitions,
  node: FieldNode,
  given: Arguments,
  type: string,
  inside: string,
): string {
  const possible = referringParameters(definitions, type, inside);
  const field = node.name.value;
  if (possible.size === 0) throw invalidRequest(`${field} is not possible here: no ${type} refers to a ${inside}`);
  const name = textArgument(given, '_reference');
  const names = [...possible.keys()];
  if (name === undefined) {
    throw invalidRequest(
      `${field} inside a resource needs the argument _reference, how it refers to it: ${names.join(', ')}`,
    );
  }
  const code = possible.get(name.replaceAll('-', '_'));
  if (code !== undefined) return code;
  const near = nearest(name, names);
  const hint = near === undefined ? `possible: ${names.join(', ')}` : `did you mean ${near}?`;
  throw invalidRequest(`_reference: a ${type} does not refer to a ${inside} by "${name}"; ${hint}`);
}

/** The values of an argument: an empty list, an empty text or a null would silently widen the search. */
function texts(name: string, value: unknown): string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const found = values.map((each) => scalarText(each) ?? '');
  if (found.length > 0 && !found.includes('')) return found;
  throw invalidRequest(`${name} must be a text, a number, a name, or a list of them, without null and empty ones`);
}

/**
 * Values of which one must hold, as a query has them. A comma means nothing in GraphQL: in REST it would mean "or",
 * and as a part of the value it is escaped there.
 */
function alternatives(name: string, value: unknown): string {
  const values = texts(name, value);
  for (const text of values) {
    if (splitEscaped(text, ',').length === 1) continue;
    throw invalidRequest(
      `${name}: "${text}" has a comma. Several values are a list, such as ${name}: ["a", "b"]; a comma that belongs to a value is written "\\\\,"`,
    );
  }
  return values.join(',');
}
