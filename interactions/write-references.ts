import { keyText, type Resource, type ResourceKey } from '../fhir/resource.js';
import type { ResourceWrite } from '../persistence/resource-store.js';
import { findLinks } from './bundle-links.js';
import { resolveConditionalReferences } from './conditional-reference.js';
import type { PendingWrites } from './search-type.js';
import type { Caller, FhirServer } from './server.js';

const nothingPending: PendingWrites = { keys: new Set(), resources: [] };

/** Fills the conditional references of a resource in, as things are now; gives what the commit must check. */
export type FillReferences = (written: ResourceKey) => Promise<ResourceWrite[]>;

/**
 * The conditional references (`Patient?identifier=a|1`) of a resource that is written by itself: as in a transaction
 * each becomes the reference to its one match. https://hl7.org/fhir/R4/http.html#trules docs/adr/0058-writes-leave-no-link-open.md
 * @param resource changed in place, by each call of what this gives.
 * @returns what throws OperationOutcomeError 412 naming the place when none or several match, 403, 404.
 */
export function conditionalReferences(server: FhirServer, caller: Caller, resource: Resource): FillReferences {
  const links = findLinks(server.definitions.structures, new Set(), [{ resource, place: resource.resourceType }]);
  return async (written) => {
    if (links.conditionals.length === 0) return [];
    const found = await resolveConditionalReferences(server, caller, links.conditionals, () => nothingPending);
    links.fill(new Map(), new Map([...found].map(([text, { key }]) => [text, key])));
    const checked = new Map([...found.values()].map((each) => [keyText(each.key), each]));
    checked.delete(keyText(written));
    return [...checked.values()].map(({ key, versionId }) => ({ kind: 'check', key, versionId }));
  };
}
