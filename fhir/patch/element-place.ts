import { Decimal } from '../json.js';
import type { Resource } from '../resource.js';
import type { Member, StructureTable } from '../structure.js';
import { clipped, PatchFault } from './patch-fault.js';
import type { Step } from './select-elements.js';

/** An object of a resource's JSON. */
export type JsonObject = Record<string, unknown>;

/** An element inside a resource: the JSON name it has in the object that holds it, and its place in a list. */
export interface ElementPlace {
  readonly holder: JsonObject;
  readonly holderType: string;
  readonly name: string;
  readonly member: Member;
  /** Absent for an element that does not repeat. */
  readonly index?: number;
}

/** An element in JSON: its value, and what stands beside a primitive's. */
export interface ElementJson {
  readonly value: unknown;
  readonly sibling?: unknown;
}

/** Whether a value is an object of JSON, not a list and not a number with its digits. */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Decimal);

/** The items of a list member; none when it is not there. */
export const itemsOf = (holder: JsonObject, name: string): readonly unknown[] => {
  const value = holder[name];
  return Array.isArray(value) ? (value as unknown[]) : [];
};

/** How many repetitions a list has, counting what stands in either of a primitive's two arrays. */
export const lengthOf = (holder: JsonObject, name: string): number =>
  Math.max(itemsOf(holder, name).length, itemsOf(holder, `_${name}`).length);

/** Whether an element is there, be it without a value. */
export const isPresent = (holder: JsonObject, name: string): boolean =>
  Object.hasOwn(holder, name) || Object.hasOwn(holder, `_${name}`);

/**
 * Finds the JSON place of the element that steps lead to.
 * @param steps at least one.
 * @throws PatchFault when the resource's JSON is not as its type has it, so that there is no such place.
 */
export function placeOf(structures: StructureTable, resource: Resource, steps: readonly Step[]): ElementPlace {
  let holder: JsonObject = resource;
  let type = resource.resourceType;
  let place: ElementPlace | undefined;
  for (const { name, index } of steps) {
    if (place !== undefined) ({ holder, type } = objectAt(structures, place));
    const [jsonName, member] = memberThere(structures, type, holder, name);
    place = { holder, holderType: type, name: jsonName, member, ...(index === undefined ? {} : { index }) };
  }
  if (place === undefined) throw new PatchFault('the whole resource is no element of it');
  return place;
}

/**
 * The object in which an element's own elements stand: of a primitive, the one beside its value.
 * @throws PatchFault for a primitive without one: it has no elements.
 */
export function objectAt(structures: StructureTable, place: ElementPlace): { holder: JsonObject; type: string } {
  const { holder, name, member, index } = place;
  const beside = member.isPrimitive ? holder[`_${name}`] : holder[name];
  const value: unknown = index !== undefined && Array.isArray(beside) ? beside[index] : beside;
  if (!isJsonObject(value)) throw new PatchFault(`${clipped(name)} has no elements of its own`);
  if (member.isPrimitive) return { holder: value, type: 'Element' };
  const resourceType = value['resourceType'];
  const isResource = member.type === 'Resource' && typeof resourceType === 'string';
  return {
    holder: value,
    type: isResource && structures.isResourceType(resourceType) ? resourceType : member.type,
  };
}

/** The member an element of a FHIRPath name is stored in: `value` in `valueQuantity`. */
function memberThere(
  structures: StructureTable,
  type: string,
  holder: JsonObject,
  name: string,
): readonly [string, Member] {
  const members = structures.members(type);
  const plain = members.get(name);
  if (plain !== undefined) return [name, plain];
  for (const [jsonName, member] of members) {
    if (member.rule.name === `${name}[x]` && isPresent(holder, jsonName)) return [jsonName, member];
  }
  throw new PatchFault(`${clipped(name)} is no element of ${type}`);
}

/**
 * The member a new element is stored in.
 * @param name as the patch gives it: `deceased` or `deceasedBoolean`.
 * @param datatype of the value; absent for a value made of parts.
 * @throws PatchFault when the type has no such element, or not with this type of value.
 */
export function memberFor(
  structures: StructureTable,
  type: string,
  name: string,
  datatype: string | undefined,
): readonly [string, Member] {
  const members = structures.members(type);
  const plain = members.get(name);
  if (plain !== undefined) return [name, plain];
  const choices = [...members].filter(([, { rule }]) => rule.name === `${name}[x]`);
  if (choices.length === 0) throw new PatchFault(`${clipped(name)} is no element of ${type}`);
  const choice = choices.find(([, member]) => member.type === datatype);
  if (choice === undefined) throw new PatchFault(`${name} of ${type} cannot be ${datatype ?? 'made of parts'}`);
  return choice;
}
