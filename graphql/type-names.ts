import type { FhirDefinitions } from '../fhir/definitions.js';
import type { SelectedType } from './fields.js';

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** The GraphQL name of a FHIR type or of a backbone element by its path: `Patient.contact` is `PatientContact`. */
export const graphqlName = (type: string): string => type.split('.').map(capitalised).join('');

/** The GraphQL name of a selected type, as `__typename` says it. */
export function typeNameOf(type: SelectedType): string {
  switch (type.kind) {
    case 'fhir':
      return graphqlName(type.name);
    case 'any':
      return 'Resource';
    case 'query':
      return 'Query';
    case 'mutation':
      return 'Mutation';
    case 'connection':
      return `${type.of}Connection`;
    case 'edge':
      return `${type.of}Edge`;
    case 'mutated':
      return `${type.of}Mutation`;
  }
}

const known = new WeakMap<FhirDefinitions, ReadonlyMap<string, string>>();

/** Every complex type of a version, backbone elements included, by its GraphQL name. Made once, O(size of the definitions). */
export function complexTypes(definitions: FhirDefinitions): ReadonlyMap<string, string> {
  let types = known.get(definitions);
  if (types === undefined) known.set(definitions, (types = collect(definitions)));
  return types;
}

function collect({ structures }: FhirDefinitions): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const open = [...structures.resourceTypes, 'Element'];
  for (let type = open.pop(); type !== undefined; type = open.pop()) {
    const name = graphqlName(type);
    if (found.has(name)) continue;
    found.set(name, type);
    for (const member of structures.members(type).values()) {
      if (!member.isPrimitive && member.type !== 'Resource') open.push(member.type);
    }
  }
  return found;
}

/** What a fragment's type condition says of a type it stands in. */
export type Condition =
  /** Its fields count. */
  | 'applies'
  /** They count for resources of this type. */
  | { readonly narrowed: string }
  | 'never'
  | 'unknown';

/**
 * Whether a fragment `... on name` counts where it stands.
 * @param type what it stands in; `any` where only the resource found tells.
 */
export function conditionOn(definitions: FhirDefinitions, name: string, type: SelectedType): Condition {
  const { structures } = definitions;
  if (name === typeNameOf(type)) return 'applies';
  const isResource = type.kind === 'any' || (type.kind === 'fhir' && structures.isResourceType(type.name));
  if (name === 'Resource') return isResource ? 'applies' : 'never';
  if (name === 'DomainResource') {
    if (type.kind === 'any') return 'applies';
    const hasContained = isResource && structures.members(typeNameOf(type)).has('contained');
    return hasContained ? 'applies' : 'never';
  }
  if (structures.isResourceType(name)) return type.kind === 'any' ? { narrowed: name } : 'never';
  const isKnown =
    complexTypes(definitions).has(name) || name === 'Query' || name === 'Mutation' || isAdded(definitions, name);
  return isKnown ? 'never' : 'unknown';
}

const isAdded = ({ structures }: FhirDefinitions, name: string): boolean =>
  ['Connection', 'Edge', 'Mutation'].some(
    (suffix) => name.endsWith(suffix) && structures.isResourceType(name.slice(0, -suffix.length)),
  );
