import type { StoredVersion } from '../persistence/resource-store.js';
import { tombstone } from '../persistence/version.js';
import { preconditionFailed } from '../fhir/outcome.js';
import { findDeletable } from './deletable.js';
import { requireWritable } from './new-version.js';
import { type Preconditions, requirePreconditions } from './preconditions.js';
import { requireResourceType } from './resource-type.js';
import { retryLostRaces } from './retry.js';
import type { Caller, FhirServer } from './server.js';
import { authorize } from './access.js';

/**
 * Deletes the one resource that matches criteria, or all of them where the server is told so (docs/adr/0021); when none
 * does, nothing is deleted, and that is a success. All are deleted together or none.
 * https://hl7.org/fhir/R4/http.html#cdelete
 * @param request `criteria` such as `identifier=a|1`.
 * @returns the versions that say so; none when nothing matched.
 * @throws OperationOutcomeError 412 when several match and one may (nothing is deleted then), or `ifMatch` is another
 * version (in STU3 409), 413 when too many match, 400 for criteria that cannot be read, 403, 404 unknown type.
 */
export async function conditionalDelete(
  server: FhirServer,
  caller: Caller,
  request: Pick<Preconditions, 'ifMatch'> & { readonly type: string; readonly criteria: string },
): Promise<readonly StoredVersion[]> {
  const { type, criteria } = request;
  requireResourceType(server, type);
  const access = authorize(server, caller, 'delete', type);
  return retryLostRaces(async () => {
    const found = await findDeletable(server, caller, type, criteria);
    requireOneVersion(found, request);
    requirePreconditions(server.definitions.version, found[0] ?? { type, id: '' }, request, found[0]);
    if (found.length === 0) return [];
    const writes = found.map((previous) => {
      requireWritable(access, type, previous);
      return { kind: 'put' as const, next: tombstone(previous, server.now()), previous };
    });
    const { committed } = await server.store.commit(writes);
    return committed ? writes.map(({ next }) => next) : undefined;
  });
}

/**
 * If-Match is about one resource.
 * @param place the element it stands in; the header without it.
 * @throws OperationOutcomeError 412 when several match.
 */
export function requireOneVersion(
  found: readonly StoredVersion[],
  { ifMatch }: Pick<Preconditions, 'ifMatch'>,
  place = 'http.If-Match',
): void {
  if (ifMatch === undefined || found.length < 2) return;
  throw preconditionFailed(`The criteria match ${String(found.length)} resources, If-Match is about one`, place);
}
