import { type FhirNode, resourceNode } from '../fhirpath/node.js';
import { Decimal } from '../json.js';
import type { Member, StructureTable } from '../structure.js';

/** A value and the end of its place: `contact`, 0. */
export interface Item {
  readonly node: FhirNode;
  readonly place: readonly (string | number)[];
}

type JsonObject = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Decimal);

/**
 * The values of an element, with their places.
 * @param name as a profile has it: `identifier`, `value[x]`, or one type of that, `valueQuantity`.
 */
export function itemsOf(structures: StructureTable, node: FhirNode, name: string): Item[] {
  const primitive = node.sibling !== undefined;
  const owner = primitive ? node.sibling : node.value;
  if (!isObject(owner)) return [];
  const items: Item[] = [];
  for (const [json, member] of structures.members(primitive ? 'Element' : node.type)) {
    if (member.rule.name === name || json === name) items.push(...valuesOf(structures, owner, json, member));
  }
  return items;
}

function valuesOf(structures: StructureTable, owner: JsonObject, json: string, member: Member): Item[] {
  const value = owner[json];
  const sibling = member.isPrimitive ? owner[`_${json}`] : undefined;
  const { expression } = member;
  if (!Array.isArray(value) && !Array.isArray(sibling)) {
    return itemOf(structures, value, sibling, member, [expression]);
  }
  const values = Array.isArray(value) ? (value as unknown[]) : [];
  const siblings = Array.isArray(sibling) ? (sibling as unknown[]) : [];
  return Array.from({ length: Math.max(values.length, siblings.length) }, (_, at) =>
    itemOf(structures, values[at], siblings[at], member, [expression, at]),
  ).flat();
}

function itemOf(
  structures: StructureTable,
  value: unknown,
  sibling: unknown,
  { type }: Member,
  place: readonly (string | number)[],
): Item[] {
  const there = value === null ? undefined : value;
  if (type === 'Resource') {
    const node = resourceNode(structures, there);
    return node === undefined ? [] : [{ node, place }];
  }
  if (isObject(sibling)) return [{ node: { type, value: there, sibling }, place }];
  return there === undefined ? [] : [{ node: { type, value: there }, place }];
}
