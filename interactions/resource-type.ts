import { invalidRequest, notFound } from '../fhir/outcome.js';
import { idPattern, keyText, type Resource, type ResourceKey } from '../fhir/resource.js';
import type { FhirServer } from './server.js';

/**
 * Refuses a resource type that the FHIR version served does not have.
 * @throws OperationOutcomeError 404.
 */
export function requireResourceType(server: FhirServer, type: string): void {
  if (!server.definitions.structures.isResourceType(type)) throw notFound(`The resource type ${clip(type)}`);
}

/**
 * Refuses a key that nothing stored can have: an unknown type, or an id outside the id pattern.
 * @throws OperationOutcomeError 404.
 */
export function requireKey(server: FhirServer, key: ResourceKey): void {
  requireResourceType(server, key.type);
  if (!idPattern.test(key.id)) throw notFound(clip(keyText(key)));
}

/**
 * Reads a parsed JSON value as a resource, as far as its type can be known from it; its rules are checked later.
 * @param place FHIRPath of the value, such as `Bundle.entry[3].resource`, for the error.
 * @returns the value itself.
 * @throws OperationOutcomeError 400 when it is no JSON object with a `resourceType`.
 */
export function requireResource(value: unknown, place?: string): Resource {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidRequest('A resource is needed: a JSON object with a resourceType', place);
  }
  const type: unknown = Object.hasOwn(value, 'resourceType') ? Reflect.get(value, 'resourceType') : undefined;
  if (typeof type !== 'string' || type === '') {
    throw invalidRequest('A resource needs a resourceType, such as "resourceType": "Patient"', place);
  }
  return value as Resource;
}

/** Text of a client in a diagnostic: cut, so that an answer stays small whatever was asked. */
export const clip = (text: string): string => (text.length > 100 ? `${text.slice(0, 100)}…` : text);
