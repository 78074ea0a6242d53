import type { StructureTable } from '../structure.js';

/** The data types that others specialize. https://hl7.org/fhir/R4/datatypes.html https://hl7.org/fhir/STU3/datatypes.html */
const specializations: Readonly<Record<string, readonly string[]>> = {
  string: ['code', 'id', 'markdown'],
  uri: ['url', 'canonical', 'oid', 'uuid'],
  integer: ['unsignedInt', 'positiveInt'],
  Quantity: ['Age', 'Count', 'Distance', 'Duration', 'SimpleQuantity'],
};

/** FHIRPath's own types, and FHIR's that hold their values. */
const systemTypes: Readonly<Record<string, readonly string[]>> = {
  Boolean: ['boolean'],
  String: ['string', 'code', 'id', 'markdown', 'uri', 'url', 'canonical', 'oid', 'uuid', 'base64Binary'],
  Integer: ['integer', 'unsignedInt', 'positiveInt'],
  Decimal: ['decimal'],
  Date: ['date'],
  DateTime: ['dateTime', 'instant'],
  Time: ['time'],
};

/** An expression may name what every object has: `is(constructor)`. */
const namedIn = (types: Readonly<Record<string, readonly string[]>>, name: string): readonly string[] =>
  (Object.hasOwn(types, name) ? types[name] : undefined) ?? [];

const withoutText = ['Bundle', 'Parameters', 'Binary'];

/**
 * Whether a value's type is the one an expression names, or specializes it.
 * @param type of the value, as a node has it.
 * @param name as it was written; STU3 writes some in the wrong case (`DateTime`).
 */
export function isA(structures: StructureTable, type: string, name: string): boolean {
  if (type === name || type === `System.${name}`) return true;
  if (namedIn(specializations, name).includes(type) || namedIn(systemTypes, name).includes(type)) return true;
  if (name === 'Resource') return structures.isResourceType(type);
  if (name === 'DomainResource') return structures.isResourceType(type) && !withoutText.includes(type);
  return name === 'BackboneElement' && type.includes('.') && !type.startsWith('System.');
}
