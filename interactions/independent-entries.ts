import { invalidRequest, OperationOutcomeError } from '../fhir/outcome.js';
import { findLinks } from './bundle-links.js';
import type { EntryRequest } from './entry-request.js';
import { clip } from './resource-type.js';
import type { FhirServer } from './server.js';

/**
 * The entries of a batch without those that refer by URN to what another one brings: nothing resolves that, so the link
 * would be lost (docs/adr/0058-writes-leave-no-link-open.md). https://hl7.org/fhir/R4/http.html#brules
 * @returns the same entries, in their order, with why in place of those that are refused.
 */
export function independentEntries(
  { definitions: { structures } }: FhirServer,
  requests: readonly (EntryRequest | OperationOutcomeError)[],
): readonly (EntryRequest | OperationOutcomeError)[] {
  const fullUrls = requests.map((request) => (request instanceof OperationOutcomeError ? undefined : request.fullUrl));
  const urns = new Set(fullUrls.filter((fullUrl) => fullUrl?.startsWith('urn:')));
  if (urns.size === 0) return requests;
  return requests.map((request) => {
    if (request instanceof OperationOutcomeError || !('resource' in request.action)) return request;
    const resources = [{ resource: request.action.resource, place: `${request.place}.resource` }];
    const open = findLinks(structures, new Set(), resources).dangling.find(({ text }) => urns.has(text));
    if (open === undefined) return request;
    const why = `"${clip(open.text)}" is an entry of the same batch, which does each entry for itself: send a transaction`;
    return invalidRequest(why, open.place);
  });
}
