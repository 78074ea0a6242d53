import { parseJson, stringifyJson } from '../json.js';
import type { Member, StructureTable } from '../structure.js';
import { appendItem } from './element-list.js';
import { type ElementJson, type JsonObject, memberFor } from './element-place.js';
import { clipped, PatchFault } from './patch-fault.js';

/** A part of a Parameters resource. https://hl7.org/fhir/R4/parameters.html */
export interface ParameterPart {
  readonly name?: string;
  readonly part?: readonly ParameterPart[];
  readonly resource?: unknown;
  /** `value[x]` and its sibling. */
  readonly [member: string]: unknown;
}

/** What a patch puts somewhere: a value of a data type, parts that make an element without a name, or a resource. */
export type PatchValue =
  | {
      readonly kind: 'value';
      readonly datatype: string;
      readonly isPrimitive: boolean;
      readonly value: unknown;
      readonly sibling: unknown;
    }
  | { readonly kind: 'parts'; readonly parts: readonly ParameterPart[] }
  | { readonly kind: 'resource'; readonly resource: unknown };

/** The data type of a value; undefined when it is made of parts. */
export const datatypeOf = (value: PatchValue): string | undefined =>
  value.kind === 'value' ? value.datatype : value.kind === 'resource' ? 'Resource' : undefined;

/** Reads the value a part carries; undefined when it carries none. */
export function readPatchValue(structures: StructureTable, part: ParameterPart): PatchValue | undefined {
  if (part.part !== undefined) return { kind: 'parts', parts: part.part };
  if (part.resource !== undefined) return { kind: 'resource', resource: part.resource };
  for (const [name, { type, isPrimitive, rule }] of structures.members('Parameters.parameter')) {
    if (rule.name !== 'value[x]') continue;
    const value = part[name];
    const sibling = part[`_${name}`];
    if (value !== undefined || sibling !== undefined)
      return { kind: 'value', datatype: type, isPrimitive, value, sibling };
  }
  return undefined;
}

/**
 * Makes the JSON of an element out of a patch's value; a copy, since later operations may change it.
 * Texts and numbers may be given as any primitive type: whether they are what the element takes shows when the whole
 * resource is validated. https://hl7.org/fhir/R4/fhirpatch.html
 * @throws PatchFault when the element is of another type.
 */
export function elementJson(structures: StructureTable, member: Member, value: PatchValue): ElementJson {
  const { type, isPrimitive } = member;
  switch (value.kind) {
    case 'value': {
      const fits = isPrimitive ? value.isPrimitive : value.datatype === type;
      if (!fits) throw new PatchFault(`the value is a ${value.datatype}; a ${type} belongs there`);
      return {
        value: copied(value.value),
        ...(value.sibling === undefined ? {} : { sibling: copied(value.sibling) }),
      };
    }
    case 'resource':
      if (type !== 'Resource') throw new PatchFault(`the value is a resource; a ${type} belongs there`);
      return { value: copied(value.resource) };
    case 'parts':
      if (isPrimitive || type === 'Resource')
        throw new PatchFault(`the value is made of parts; a ${type} belongs there`);
      return { value: objectOf(structures, type, value.parts) };
  }
}

function objectOf(structures: StructureTable, type: string, parts: readonly ParameterPart[]): JsonObject {
  const object: JsonObject = {};
  for (const part of parts) {
    const name = part.name ?? '';
    const value = readPatchValue(structures, part);
    if (value === undefined) throw new PatchFault(`the part ${clipped(name)} has no value`);
    const [jsonName, member] = memberFor(structures, type, name, datatypeOf(value));
    const element = elementJson(structures, member, value);
    if (member.rule.max !== 1) appendItem(object, jsonName, element);
    else if (Object.hasOwn(object, jsonName)) throw new PatchFault(`${clipped(name)} stands twice in the value`);
    else setElement(object, jsonName, element);
  }
  return object;
}

/** Puts an element that does not repeat, in place of the one there is. */
export function setElement(holder: JsonObject, name: string, { value, sibling }: ElementJson): void {
  removeElement(holder, name);
  if (value !== undefined) holder[name] = value;
  if (sibling !== undefined) holder[`_${name}`] = sibling;
}

/** Removes an element with all its repetitions. */
export function removeElement(holder: JsonObject, name: string): void {
  Reflect.deleteProperty(holder, name);
  Reflect.deleteProperty(holder, `_${name}`);
}

const copied = (value: unknown): unknown => (value === undefined ? undefined : parseJson(stringifyJson(value)));
