import type { FhirDefinitions } from '../fhir/definitions.js';
import type { StructureTable } from '../fhir/structure.js';

/**
 * What a selection stands on: a FHIR type or the path of a backbone element, or one of the objects GraphQL adds.
 * `any` is a resource of whatever type.
 */
export type SelectedType =
  | { readonly kind: 'fhir'; readonly name: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'query' | 'mutation' }
  | { readonly kind: 'connection' | 'edge' | 'mutated'; readonly of: string };

/** A FHIR type as a selected one. */
export const fhirType = (name: string): SelectedType => ({ kind: 'fhir', name });

/** A field of a type: what it holds. */
export type Field =
  | { readonly kind: 'typename' }
  /** A primitive, or a scalar of an object GraphQL adds; `type` is its data type. */
  | { readonly kind: 'primitive'; readonly type: string; readonly isList: boolean }
  /** Objects of one type, in a member of the same name. */
  | { readonly kind: 'element'; readonly type: SelectedType; readonly isList: boolean }
  /** Resources inside a resource, of any type. */
  | { readonly kind: 'inside'; readonly isList: boolean }
  /** `Reference.resource`. */
  | { readonly kind: 'target' }
  /** A stored resource: of an edge, or what was written. */
  | { readonly kind: 'stored'; readonly type: string }
  | { readonly kind: 'read'; readonly type: string }
  /** Matches of a search; inside a resource, of those that refer to it. */
  | { readonly kind: 'list' | 'connection'; readonly type: string }
  | { readonly kind: 'create' | 'update' | 'delete'; readonly type: string };

const text = (isList = false): Field => ({ kind: 'primitive', type: 'string', isList });
const whole: Field = { kind: 'primitive', type: 'integer', isList: false };

const connectionFields: Readonly<Record<string, Field>> = {
  count: whole,
  offset: whole,
  pagesize: whole,
  first: text(),
  previous: text(),
  next: text(),
  last: text(),
};

/**
 * The field of a name in a type.
 * @returns undefined when there is none.
 * @see https://hl7.org/fhir/R4/graphql.html#fields
 */
export function fieldOf({ structures }: FhirDefinitions, type: SelectedType, name: string): Field | undefined {
  if (name === '__typename') return { kind: 'typename' };
  switch (type.kind) {
    case 'query':
      return structures.isResourceType(name) ? { kind: 'read', type: name } : searchField(structures, name);
    case 'mutation':
      return mutationField(structures, name);
    case 'connection':
      if (name === 'edges') return { kind: 'element', type: { kind: 'edge', of: type.of }, isList: true };
      return own(connectionFields, name);
    case 'edge':
      if (name === 'resource') return { kind: 'stored', type: type.of };
      if (name === 'mode') return text();
      return name === 'score' ? { kind: 'primitive', type: 'decimal', isList: false } : undefined;
    case 'mutated':
      if (name === 'resource') return { kind: 'stored', type: type.of };
      if (name === 'location') return text();
      return name === 'information'
        ? { kind: 'element', type: fhirType('OperationOutcome'), isList: false }
        : undefined;
    case 'any':
      return undefined;
    case 'fhir':
      return elementField(structures, type.name, name);
  }
}

const own = <Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

function elementField(structures: StructureTable, type: string, name: string): Field | undefined {
  const isResource = structures.isResourceType(type);
  if (name === 'resourceType' && isResource) return { kind: 'primitive', type: 'code', isList: false };
  if (name === 'resource' && type === 'Reference') return { kind: 'target' };
  const members = structures.members(type);
  const member = members.get(name);
  if (member !== undefined) {
    const isList = member.rule.max > 1;
    if (member.isPrimitive) return { kind: 'primitive', type: member.type, isList };
    if (member.type === 'Resource') return { kind: 'inside', isList };
    return { kind: 'element', type: fhirType(member.type), isList };
  }
  if (name.startsWith('_')) {
    const primitive = members.get(name.slice(1));
    const hasSibling = primitive?.isPrimitive === true && hasExtensions(type, name.slice(1), primitive.type);
    return hasSibling ? { kind: 'element', type: fhirType('Element'), isList: primitive.rule.max > 1 } : undefined;
  }
  return isResource ? searchField(structures, name) : undefined;
}

/** Ids, `Extension.url` and narrative are attributes or XHTML in XML: nothing can stand beside them. */
export const hasExtensions = (owner: string, name: string, type: string): boolean =>
  name !== 'id' && type !== 'xhtml' && !(owner === 'Extension' && name === 'url');

/** `PatientList`, `PatientConnection`; the type List has `ListList`. */
function searchField(structures: StructureTable, name: string): Field | undefined {
  for (const [suffix, kind] of [
    ['List', 'list'],
    ['Connection', 'connection'],
  ] as const) {
    const type = name.slice(0, -suffix.length);
    if (name.endsWith(suffix) && structures.isResourceType(type)) return { kind, type };
  }
  return undefined;
}

function mutationField(structures: StructureTable, name: string): Field | undefined {
  for (const [suffix, kind] of [
    ['Create', 'create'],
    ['Update', 'update'],
    ['Delete', 'delete'],
  ] as const) {
    const type = name.slice(0, -suffix.length);
    if (name.endsWith(suffix) && structures.isResourceType(type)) return { kind, type };
  }
  return undefined;
}

/** The names of a type's fields, to tell which one was probably meant; searches inside resources are left out. */
export function fieldNames({ structures }: FhirDefinitions, type: SelectedType): readonly string[] {
  switch (type.kind) {
    case 'query':
      return structures.resourceTypes.flatMap((each) => [each, `${each}List`, `${each}Connection`]);
    case 'mutation':
      return structures.resourceTypes.flatMap((each) => [`${each}Create`, `${each}Update`, `${each}Delete`]);
    case 'connection':
      return [...Object.keys(connectionFields), 'edges'];
    case 'edge':
      return ['mode', 'score', 'resource'];
    case 'mutated':
      return ['location', 'resource', 'information'];
    case 'any':
      return [];
    case 'fhir': {
      const names = [...structures.members(type.name).keys()];
      return [...names, ...(type.name === 'Reference' ? ['resource'] : [])];
    }
  }
}
