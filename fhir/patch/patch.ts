import type { FhirDefinitions } from '../definitions.js';
import { Decimal } from '../json.js';
import { patchFailed } from '../outcome.js';
import type { Resource } from '../resource.js';
import { applyFhirPathPatch, type FhirPathOperation } from './fhirpath-patch.js';
import { applyJsonPatch, type JsonPatch } from './json-patch.js';

/** Changes to a resource, in one of the forms FHIR has. https://hl7.org/fhir/R4/http.html#patch */
export type Patch =
  | { readonly kind: 'json'; readonly operations: JsonPatch }
  | { readonly kind: 'fhirpath'; readonly operations: readonly FhirPathOperation[] };

/**
 * Applies a patch to a resource. What it leaves without content is removed, since JSON in FHIR has no empty lists and
 * objects. The result may break the rules of its type: whoever stores it validates it.
 * @param resource may be changed in place.
 * @returns the patched resource.
 * @throws OperationOutcomeError 422 naming the operation that cannot be done, or when the result is no resource of the
 * same type and id: a patch changes neither. 413 when it would grow too large.
 */
export async function applyPatch(definitions: FhirDefinitions, resource: Resource, patch: Patch): Promise<Resource> {
  const { resourceType, id } = resource;
  let result: unknown = resource;
  if (patch.kind === 'json') result = applyJsonPatch(resource, patch.operations);
  else await applyFhirPathPatch(definitions, resource, patch.operations);
  const patched = withoutEmpty(result, 0);
  if (!isResource(patched) || patched.resourceType !== resourceType) {
    throw patchFailed('A patch cannot change the type of a resource', 'resourceType');
  }
  if (patched.id !== id) throw patchFailed('A patch cannot change the id of a resource', `${resourceType}.id`);
  return patched;
}

const isResource = (value: unknown): value is Resource =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && 'resourceType' in value;

/** Deeper values stay as they are: validation refuses them anyway. */
const deepest = 200;

/** @param isBeside whether the value stands beside a list of primitives, whose places must stay what they are. */
function withoutEmpty(value: unknown, depth: number, isBeside = false): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Decimal || depth > deepest) return value;
  if (Array.isArray(value)) {
    const inside = value.map((item: unknown) => withoutEmpty(item, depth + 1));
    const kept = isBeside ? inside.map((item) => item ?? null) : inside.filter((item) => item !== undefined);
    return kept.length === 0 || (isBeside && kept.every((item) => item === null)) ? undefined : kept;
  }
  const kept = Object.entries(value).flatMap(([name, member]: [string, unknown]): [string, unknown][] => {
    const inside = withoutEmpty(member, depth + 1, name.startsWith('_'));
    return inside === undefined ? [] : [[name, inside]];
  });
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}
