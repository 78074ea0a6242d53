import type { FhirDefinitions } from '../fhir/definitions.js';
import { parseUniqueJson } from '../fhir/json.js';
import { invalidRequest } from '../fhir/outcome.js';
import { readFhirPathPatch } from '../fhir/patch/fhirpath-patch.js';
import { readJsonPatch } from '../fhir/patch/json-patch.js';
import type { Patch } from '../fhir/patch/patch.js';
import type { Resource } from '../fhir/resource.js';
import { clip } from './resource-type.js';

/** The media type of a JSON Patch. https://www.rfc-editor.org/rfc/rfc6902#section-6 */
export const jsonPatchType = 'application/json-patch+json';

/** Reads a JSON Patch from a parsed body. @throws OperationOutcomeError 400, 413. */
export const jsonPatch = (value: unknown): Patch => ({ kind: 'json', operations: readJsonPatch(value) });

/** Reads a FHIRPath Patch. @throws OperationOutcomeError 400 for another resource or what is no patch, 413, 422. */
export const patchOfParameters = (definitions: FhirDefinitions, resource: Resource): Patch => ({
  kind: 'fhirpath',
  operations: readFhirPathPatch(definitions, resource),
});

/**
 * Reads the patch that a bundle's entry carries: Parameters of a FHIRPath Patch, or a Binary with a JSON Patch.
 * https://hl7.org/fhir/R4/http.html#patch
 * @throws OperationOutcomeError 400 for any other resource or what is no patch, 413, 422 for invalid Parameters.
 */
export function patchOfEntry(definitions: FhirDefinitions, resource: Resource): Patch {
  if (resource.resourceType === 'Parameters') return patchOfParameters(definitions, resource);
  if (resource.resourceType !== 'Binary') {
    const type = clip(resource.resourceType);
    throw invalidRequest(`A patch is Parameters (FHIRPath Patch) or a Binary (JSON Patch), not a ${type}`, 'resource');
  }
  const contentType = resource['contentType'];
  const data = resource['data'] ?? resource['content']; // R4's name, STU3's name
  if (typeof contentType !== 'string' || contentType.split(';')[0]?.trim().toLowerCase() !== jsonPatchType) {
    throw invalidRequest(`The contentType of a Binary with a patch is ${jsonPatchType}`, 'Binary.contentType');
  }
  if (typeof data !== 'string') throw invalidRequest('The Binary has no data', 'Binary.data');
  return jsonPatch(parseUniqueJson(Buffer.from(data, 'base64').toString('utf8')));
}
