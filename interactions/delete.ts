import type { ResourceKey } from '../fhir/resource.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { tombstone } from '../persistence/version.js';
import { requireDeletable } from './new-version.js';
import { type Preconditions, requirePreconditions } from './preconditions.js';
import { requireKey } from './resource-type.js';
import { retryLostRaces } from './retry.js';
import type { Caller, FhirServer } from './server.js';
import { currentVersion } from './stored-content.js';
import { isThere } from './update.js';
import { authorize } from './access.js';

/**
 * Deletes a resource; its versions stay. Deleting what is not there, or was deleted, changes nothing and succeeds.
 * https://hl7.org/fhir/R4/http.html#delete
 * @param request with `ifMatch` the current version must be one the client has seen.
 * @returns the version that says so, `undefined` when there never was such a resource.
 * @throws OperationOutcomeError 412 (in STU3 409) when it is another one, 403, 404 unknown type.
 */
export async function deleteResource(
  server: FhirServer,
  caller: Caller,
  request: Pick<Preconditions, 'ifMatch'> & { readonly key: ResourceKey },
): Promise<StoredVersion | undefined> {
  const { key } = request;
  requireKey(server, key);
  const access = authorize(server, caller, 'delete', key.type);
  const { version } = await retryLostRaces(async () => {
    const previous = await currentVersion(server, key);
    requireDeletable(access, key.type, previous);
    requirePreconditions(server.definitions.version, key, request, previous);
    if (!isThere(previous)) return { version: previous };
    const next = tombstone(previous, server.now());
    const { committed } = await server.store.commit([{ kind: 'put', next, previous }]);
    return committed ? { version: next } : undefined;
  });
  return version;
}
