import { randomUUID } from 'node:crypto';
import { compartmentsOf } from '../fhir/compartment.js';
import type { FhirDefinitions } from '../fhir/definitions.js';
import type { Resource } from '../fhir/resource.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { nextVersion } from '../persistence/version.js';
import { generateBundle } from './patients.js';

/** One patient of twenty has a hundred resources, the others five: 100,000 patients in a million resources. */
export const resourcesOf = (seed: number): number => (seed % 20 === 0 ? 100 : 5);

/** The identifier of a generated patient. */
export function identifierOf(seed: number): string {
  const { entry } = generateBundle(seed, 3) as { entry: { resource: { identifier?: { value: string }[] } }[] };
  return entry[0]?.resource.identifier?.[0]?.value ?? '';
}

/** The first versions of a generated patient's resources, the patient first, with ids as a server gives them; links are references. */
export function personOf(definitions: FhirDefinitions, seed: number): StoredVersion[] {
  const { entry } = generateBundle(seed, resourcesOf(seed)) as { entry: { fullUrl: string; resource: Resource }[] };
  const keys = new Map(entry.map(({ fullUrl, resource }) => [fullUrl, `${resource.resourceType}/${randomUUID()}`]));
  return entry.map(({ fullUrl, resource }) => {
    const text = JSON.stringify(resource).replace(/urn:uuid:[0-9a-f-]+/g, (url) => keys.get(url) ?? url);
    const [, id = ''] = (keys.get(fullUrl) ?? '').split('/');
    const written = { ...(JSON.parse(text) as Resource), id };
    const compartments = compartmentsOf(definitions, written, []);
    return nextVersion({ resource: written, id, method: 'POST', now: Date.now(), compartments });
  });
}
