import { tooCostly } from '../fhir/outcome.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { findExisting, readCriteria } from './conditional-create.js';
import { conditionalMatches, matchingVersion } from './search-type.js';
import type { Caller, FhirServer } from './server.js';

/** More than so many resources are not deleted by one request: criteria that match that many were meant narrower. */
const mostDeleted = 1_000;

/**
 * What a conditional delete deletes: the one resource that its criteria match or, where `conditionalDelete` is
 * `multiple`, all of them. https://hl7.org/fhir/R4/http.html#cdelete
 * @param criteria as `readCriteria` takes them.
 * @param place the element the criteria came from, for errors.
 * @returns versions that were matched as they are; none when nothing matches.
 * @throws OperationOutcomeError 412 when several match and one may, 413 when too many do, 400 for criteria that
 * cannot be read.
 */
export async function findDeletable(
  server: FhirServer,
  caller: Caller,
  type: string,
  criteria: string,
  place?: string,
): Promise<readonly StoredVersion[]> {
  if (server.conditionalDelete !== 'multiple') {
    const found = await findExisting(server, caller, type, criteria, place);
    return found.kind === 'existing' ? [found.version] : [];
  }
  const { query, canonical } = readCriteria(type, criteria, place, caller.baseUrl);
  const matches = await conditionalMatches(server, caller, type, query, mostDeleted + 1);
  if (matches.length > mostDeleted) {
    throw tooCostly(
      `The criteria match more than ${String(mostDeleted)} ${type} resources; nothing was deleted`,
      place,
    );
  }
  const found = matches.flatMap(({ version }) => version ?? []);
  // The index may not know yet what claimed the criteria.
  const claimed = await server.store.claimed(canonical);
  if (claimed === undefined || found.some(({ id }) => id === claimed.id)) return found;
  const version = await matchingVersion(server, caller, query, claimed);
  return version === undefined ? found : [...found, version];
}
