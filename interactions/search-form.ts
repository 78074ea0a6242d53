import { invalidRequest } from '../fhir/outcome.js';
import { readQuery } from './read-query.js';
import { requireResource } from './resource-type.js';

/**
 * The search parameters that a bundle entry `POST [type]/_search` brings in its resource: none, or a Binary with a form.
 * @param place of the entry.
 * @throws OperationOutcomeError 400.
 */
export function formOf(resource: unknown, place: string): readonly [string, string][] {
  if (resource === undefined) return [];
  const at = `${place}.resource`;
  const { resourceType, ...binary } = requireResource(resource, at);
  const data = binary['data'] ?? binary['content']; // R4's name, STU3's name
  const isForm = /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(String(binary['contentType']));
  if (resourceType !== 'Binary' || !isForm || typeof data !== 'string') {
    throw invalidRequest(
      'The parameters of _search stand in the URL, or in a Binary of type application/x-www-form-urlencoded',
      at,
    );
  }
  return readQuery(Buffer.from(data, 'base64').toString('utf8'), at);
}
