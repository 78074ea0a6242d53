import { invalidRequest, notSupported } from '../fhir/outcome.js';
import { elementName, type ResultForm } from '../fhir/subset.js';
import type { StructureTable } from '../fhir/structure.js';

/**
 * Reads `_count`.
 * @returns a number from 0 to `maxCount`.
 * @throws OperationOutcomeError 400 for what is no number.
 */
export function readCount(value: string, maxCount: number): number {
  if (!/^\d{1,9}$/.test(value)) throw invalidRequest(`_count is a number from 0 on, not "${value}"`, '_count');
  return Math.min(Number(value), maxCount);
}

const summaries = ['true', 'text', 'data', 'count', 'false'] as const;

/**
 * Reads `_summary`. https://hl7.org/fhir/R4/search.html#summary
 * @throws OperationOutcomeError 400 for another value than the specification's.
 */
export function readSummary(value: string): (typeof summaries)[number] {
  const found = summaries.find((each) => each === value);
  if (found === undefined)
    throw invalidRequest(`_summary is true, text, data, count or false, not "${value}"`, '_summary');
  return found;
}

/** What `_elements` asks for, and the names in it that no type in question has. */
export interface ElementsRead {
  readonly form: ResultForm & { readonly kind: 'elements' };
  readonly unknown: readonly string[];
}

/**
 * Reads `_elements`: names of elements at the root, with or without a type. https://hl7.org/fhir/R4/search.html#elements
 * @param types the types asked for; elements without a type are theirs.
 * @throws OperationOutcomeError 400 for what is no list of names.
 */
export function readElements(structures: StructureTable, types: readonly string[], value: string): ElementsRead {
  const names: string[] = [];
  const ofTypes: Record<string, string[]> = {};
  const unknown: string[] = [];
  for (const each of value.split(',').map((name) => name.trim())) {
    const [first = '', second, ...more] = each.split('.');
    if (each === '' || more.length > 0) {
      throw invalidRequest(
        `_elements is a list of elements at the root, such as identifier,Patient.name, not "${value}"`,
        '_elements',
      );
    }
    if (second === undefined) {
      if (types.some((type) => hasElement(structures, type, first))) names.push(elementName(first));
      else unknown.push(each);
    } else if (structures.isResourceType(first)) {
      if (hasElement(structures, first, second)) (ofTypes[first] ??= []).push(elementName(second));
      else unknown.push(each);
    } else if (types.some((type) => hasElement(structures, type, first))) {
      throw notSupported(`_elements names elements at the root only, such as ${first}, not ${each}`, '_elements');
    } else unknown.push(each);
  }
  return { form: { kind: 'elements', names, ofTypes }, unknown };
}

const hasElement = (structures: StructureTable, type: string, name: string): boolean =>
  name === 'resourceType' ||
  structures.members(type).has(name) ||
  structures.elements(type).some((rule) => elementName(rule.name) === elementName(name));

/**
 * The form that `_summary` and `_elements` ask for together.
 * @throws OperationOutcomeError 400 when both ask for a part.
 */
export function formOf(
  summary: (typeof summaries)[number] | undefined,
  elements: ResultForm | undefined,
): ResultForm | undefined {
  if (summary === undefined || summary === 'false' || summary === 'count') return elements;
  if (elements !== undefined)
    throw invalidRequest(`_elements and _summary=${summary} each ask for a part: give one`, '_elements');
  return { kind: 'summary', summary };
}
