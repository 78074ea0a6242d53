import type { FhirDefinitions } from '../fhir/definitions.js';
import { invalidRequest, notSupported } from '../fhir/outcome.js';
import { parseReference } from '../fhir/reference.js';
import { idPattern } from '../fhir/resource.js';
import { unescaped } from './escape.js';
import type { HierarchyStart } from './request.js';
import { isServedParameter, type ServedParameter } from './served-parameter.js';

/** The codes of the parameters by which resources are part of one of their own type. https://hl7.org/fhir/R4/references.html#circular */
const partOfCodes = ['partof', 'part-of', 'parent'];

/** By which reference resources of a type are part of another one of it; undefined for types without a hierarchy. */
export function partOfParameter(definitions: FhirDefinitions, type: string): ServedParameter | undefined {
  for (const code of partOfCodes) {
    const found = definitions.searchParameters.find(type, code);
    if (found?.type === 'reference' && isServedParameter(found) && found.targets.includes(type)) return found;
  }
  return undefined;
}

/** What surrounds a value when it is read. */
export interface HierarchyScope {
  readonly definitions: FhirDefinitions;
  /** The parameter's name as it was written, and its modifier. */
  readonly name: string;
  readonly direction: 'above' | 'below';
  readonly baseUrl?: string;
}

/**
 * Reads a value of `:above` or `:below` on a reference: an id, `Type/id` or a URL of this server.
 * @returns undefined for a canonical URL, of which `:below` means the versions.
 * @throws OperationOutcomeError 400 for what is no resource of a type with a hierarchy.
 * @see https://hl7.org/fhir/R4/search.html#recursive
 */
export function parseHierarchy(
  parameter: ServedParameter,
  raw: string,
  { definitions, name, direction, baseUrl }: HierarchyScope,
): HierarchyStart[] | undefined {
  const text = unescaped(raw);
  const found = parseReference(text);
  if (idPattern.test(text)) {
    const starts = parameter.targets.flatMap((type): HierarchyStart[] => {
      const partOf = partOfParameter(definitions, type);
      return partOf === undefined ? [] : [{ type, id: text, partOf, typed: false }];
    });
    if (starts.length > 0) return starts;
    throw notSupported(
      `${name}: no resource that ${parameter.code} refers to is part of another one of its type`,
      name,
    );
  }
  if (found.kind !== 'relative' && (found.kind !== 'absolute' || found.base !== baseUrl)) {
    if (direction === 'below' && text.includes(':')) return undefined;
    throw invalidRequest(`${name} needs the id of a resource here or Type/id, not "${text}"`, name);
  }
  const { type, id, versionId } = found;
  if (versionId !== undefined) throw invalidRequest(`${name} needs a resource, not one of its versions`, name);
  if (!parameter.targets.includes(type))
    throw invalidRequest(
      `${name}: ${parameter.code} refers to no ${type}, but to ${parameter.targets.join(', ')}`,
      name,
    );
  const partOf = partOfParameter(definitions, type);
  if (partOf === undefined) throw notSupported(`${name}: no ${type} is part of another one`, name);
  return [{ type, id, partOf, typed: true }];
}
