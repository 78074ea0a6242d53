import type { ElementDefinition, SourceDefinitions, Structure } from '../definitions.js';

/** What a field of a GraphQL type holds: a scalar, one of the complex types, or any resource. */
export type FieldType =
  | { readonly kind: 'scalar'; readonly name: 'Boolean' | 'ID' | 'Int' | 'String' }
  | { readonly kind: 'complex'; readonly name: string }
  | { readonly kind: 'resource' };

/** One JSON member of a FHIR type as a GraphQL field. */
export interface ElementField {
  readonly name: string;
  readonly type: FieldType;
  readonly list: boolean;
}

/** A FHIR data type, backbone element or resource type as a GraphQL object. */
export interface ObjectShape {
  /** `Patient`, `PatientContact`, `HumanName`, … */
  readonly name: string;
  readonly isResource: boolean;
  readonly fields: readonly ElementField[];
}

const scalars: Readonly<Record<string, 'Boolean' | 'Int'>> = {
  boolean: 'Boolean',
  integer: 'Int',
  positiveInt: 'Int',
  unsignedInt: 'Int',
};

const capitalise = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** The GraphQL name of a type or of a backbone element by its path: `Patient.contact` is `PatientContact`. */
export const typeName = (path: string): string => path.split('.').map(capitalise).join('');

const element: FieldType = { kind: 'complex', name: 'Element' };

/**
 * The GraphQL objects of the resource types and of every type they are made of, resources first, both sorted by name.
 * A decimal is a String, since a Float loses digits; a date is a String, since AWSDate cannot hold a partial one.
 * @param source the definitions of one FHIR version.
 * @param resourceTypes the resource types wanted.
 * @returns one shape for each GraphQL object type.
 * @throws Error when two FHIR types would get the same GraphQL name, or a type is not defined.
 * @see https://hl7.org/fhir/R4/json.html
 */
export function objectShapes(source: SourceDefinitions, resourceTypes: readonly string[]): ObjectShape[] {
  const structures = new Map(source.structures.map((structure) => [structure.name, structure]));
  const shapes = new Map<string, ObjectShape & { path: string }>();
  const wanted = [...resourceTypes, 'Element'];
  const seen = new Set(wanted);
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    const structure = structures.get(name);
    if (structure === undefined) throw new Error(`${source.version}: the type ${name} is not defined`);
    for (const path of objectPaths(structure)) {
      const known = shapes.get(typeName(path));
      if (known !== undefined) throw new Error(`${source.version}: ${path} and ${known.path} have one GraphQL name`);
      const elements = children(structure, path);
      const fields = elements.flatMap((child) => elementFields(structures, structure, child));
      const isResource = structure.kind === 'resource' && path === name;
      shapes.set(typeName(path), { path, name: typeName(path), isResource, fields });
      for (const { code } of elements.flatMap((child) => (hasChildren(structure, child) ? [] : child.types))) {
        if (seen.has(code) || code === 'Resource' || isPrimitive(structures, code)) continue;
        seen.add(code);
        wanted.push(code);
      }
    }
  }
  const order = (shape: ObjectShape): string => `${shape.isResource ? '0' : '1'}${shape.name}`;
  return [...shapes.values()]
    .map(({ name, isResource, fields }) => ({ name, isResource, fields }))
    .sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

/** The paths inside a structure that are objects of their own: the type and its backbone elements. */
function objectPaths(structure: Structure): string[] {
  const parents = new Set(structure.elements.map(({ path }) => path.slice(0, Math.max(path.lastIndexOf('.'), 0))));
  return structure.elements.map(({ path }) => path).filter((path) => parents.has(path));
}

const children = (structure: Structure, path: string): ElementDefinition[] =>
  structure.elements.filter(
    (child) => child.path.slice(0, child.path.lastIndexOf('.')) === path && child.path !== path,
  );

/** Whether the element is a backbone element, defined in place. */
const hasChildren = (owner: Structure, child: ElementDefinition): boolean =>
  owner.elements.some(({ path }) => path.startsWith(`${child.path}.`));

const isPrimitive = (structures: ReadonlyMap<string, Structure>, code: string): boolean =>
  structures.get(code)?.kind === 'primitive-type';

/** The JSON members of one element: one for each type it may have, and the `_` sibling of each primitive. */
function elementFields(
  structures: ReadonlyMap<string, Structure>,
  owner: Structure,
  child: ElementDefinition,
): ElementField[] {
  const last = child.path.slice(child.path.lastIndexOf('.') + 1);
  const list = child.max !== '1';
  if (child.contentReference !== undefined) {
    return [{ name: last, type: { kind: 'complex', name: typeName(child.contentReference) }, list }];
  }
  if (hasChildren(owner, child)) {
    return [{ name: last, type: { kind: 'complex', name: typeName(child.path) }, list }];
  }
  const isChoice = last.endsWith('[x]');
  return child.types.flatMap(({ code }) => {
    const name = isChoice ? last.slice(0, -3) + capitalise(code) : last;
    if (code === 'Resource') return [{ name, type: { kind: 'resource' }, list } as const];
    if (!isPrimitive(structures, code)) {
      return [{ name, type: { kind: 'complex', name: code }, list } as const];
    }
    const isResourceId = name === 'id' && owner.kind === 'resource' && child.path === `${owner.name}.id`;
    const scalar: FieldType = { kind: 'scalar', name: isResourceId ? 'ID' : (scalars[code] ?? 'String') };
    const field: ElementField = { name, type: scalar, list };
    return hasSibling(owner, child, code) ? [field, { name: `_${name}`, type: element, list }] : [field];
  });
}

/** Whether the primitive may have an id and extensions: not the ids, `Extension.url` and `Narrative.div`, XML attributes or XHTML. */
const hasSibling = (owner: Structure, child: ElementDefinition, code: string): boolean =>
  !child.path.endsWith('.id') && !(owner.name === 'Extension' && child.path === 'Extension.url') && code !== 'xhtml';
