import type { ElementDefinition, SourceDefinitions, Structure } from '../definitions.js';

/** Where an expression stands in the definitions: a data type, a resource type or a backbone element. */
export interface ElementType {
  /** The FHIR data type: `HumanName`, `dateTime`, `BackboneElement`, `Patient`; `Resource` for any resource. */
  readonly type: string;
  /** The path under which its children are defined: `HumanName`, `Patient.contact`. */
  readonly path: string;
  /** The value set that a code is bound to. */
  readonly valueSet?: string;
}

/** A JSON member that an element name may stand for; a `value[x]` has one for each of its types. */
export interface Member extends ElementType {
  readonly json: string;
  readonly isList: boolean;
}

/** The element types of one FHIR version, as the expressions' compiler asks for them. */
export interface ElementTypes {
  /** The JSON members that `name` stands for below an element; empty when there is no such element. */
  members(of: ElementType, name: string): readonly Member[];
  /** Whether `type` is `ancestor` or specializes it, as `canonical` does `uri`. */
  isA(type: string, ancestor: string): boolean;
  /** The type written as `name`; STU3 writes some in the wrong case (`DateTime`). @throws Error when there is none. */
  typeNamed(name: string): string;
  isResource(type: string): boolean;
  isPrimitive(type: string): boolean;
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/**
 * Makes the element types from a version's StructureDefinitions.
 * @param source the definitions.
 * @returns look-ups by type, path and name.
 */
export function elementTypes(source: SourceDefinitions): ElementTypes {
  const structures = new Map(source.structures.map((structure) => [structure.name, structure]));
  const children = new Map<string, Map<string, Member[]>>();
  for (const structure of source.structures) addChildren(children, structure);

  const isA = (type: string, ancestor: string): boolean => {
    for (let name: string | undefined = type; name !== undefined; name = structures.get(name)?.base) {
      if (name === ancestor) return true;
    }
    return false;
  };
  return {
    members: (of, name) => children.get(of.path)?.get(name) ?? [],
    isA,
    typeNamed(name) {
      if (structures.has(name)) return name;
      const matches = [...structures.keys()].filter((known) => known.toLowerCase() === name.toLowerCase());
      if (matches[0] === undefined || matches.length > 1) throw new Error(`${name} is not a type`);
      return matches[0];
    },
    isResource: (type) => structures.get(type)?.kind === 'resource',
    isPrimitive: (type) => structures.get(type)?.kind === 'primitive-type',
  };
}

function addChildren(children: Map<string, Map<string, Member[]>>, structure: Structure): void {
  const parents = new Set(structure.elements.map(({ path }) => path.slice(0, Math.max(0, path.lastIndexOf('.')))));
  for (const element of structure.elements) {
    const dot = element.path.lastIndexOf('.');
    if (dot < 0) continue;
    const owner = element.path.slice(0, dot);
    const name = element.path.slice(dot + 1).replace('[x]', '');
    const members = children.get(owner) ?? new Map<string, Member[]>();
    children.set(owner, members);
    members.set(name, membersOf(element, name, parents.has(element.path)));
  }
}

function membersOf(element: ElementDefinition, name: string, hasChildren: boolean): Member[] {
  const isList = element.max !== '1';
  if (element.contentReference !== undefined) {
    return [{ json: name, isList, type: 'BackboneElement', path: element.contentReference }];
  }
  const isChoice = element.path.endsWith('[x]');
  return element.types.map(({ code }) => ({
    json: isChoice ? name + capitalised(code) : name,
    isList,
    type: code,
    path: hasChildren ? element.path : code,
    ...(code === 'code' && element.binding?.valueSet !== undefined ? { valueSet: element.binding.valueSet } : {}),
  }));
}
