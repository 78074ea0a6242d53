import type { StoredVersion } from '../persistence/resource-store.js';
import { tombstone } from '../persistence/version.js';
import { findExisting } from './conditional-create.js';
import { requireWritable } from './new-version.js';
import { type Preconditions, requirePreconditions } from './preconditions.js';
import { requireResourceType } from './resource-type.js';
import { retryLostRaces } from './retry.js';
import type { Caller, FhirServer } from './server.js';
import { authorize } from './access.js';

/**
 * Deletes the one resource that matches criteria; when none does, nothing is deleted, and that is a success.
 * https://hl7.org/fhir/R4/http.html#cdelete
 * @param request `criteria` such as `identifier=a|1`.
 * @returns the version that says so; undefined when nothing matched.
 * @throws OperationOutcomeError 412 when several match (nothing is deleted then: docs/adr/0021) or `ifMatch` is another
 * version (in STU3 409), 400 for criteria that cannot be read, 403, 404 unknown type.
 */
export async function conditionalDelete(
  server: FhirServer,
  caller: Caller,
  request: Pick<Preconditions, 'ifMatch'> & { readonly type: string; readonly criteria: string },
): Promise<StoredVersion | undefined> {
  const { type, criteria } = request;
  requireResourceType(server, type);
  const access = authorize(server, caller, 'delete', type);
  const { version } = await retryLostRaces(async () => {
    const found = await findExisting(server, caller, type, criteria);
    const previous = found.kind === 'existing' ? found.version : undefined;
    requirePreconditions(server.definitions.version, previous ?? { type, id: '' }, request, previous);
    if (previous === undefined) return { version: undefined };
    requireWritable(access, type, previous);
    const next = tombstone(previous, server.now());
    const { committed } = await server.store.commit([{ kind: 'put', next, previous }]);
    return committed ? { version: next } : undefined;
  });
  return version;
}
