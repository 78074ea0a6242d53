import type { Resource } from '../fhir/resource.js';
import type { ResourceWrite } from '../persistence/resource-store.js';
import { findExisting } from './conditional-create.js';
import { newVersion, requireValid } from './new-version.js';
import { requireResourceType } from './resource-type.js';
import { retryLostRaces } from './retry.js';
import type { Caller, FhirServer, WriteOutcome } from './server.js';
import { authorize } from './access.js';
import { conditionalReferences } from './write-references.js';

/**
 * Stores a resource under a new id; with `ifNoneExist` only when nothing matches its criteria.
 * https://hl7.org/fhir/R4/http.html#create https://hl7.org/fhir/R4/http.html#ccreate
 * @param request `resource` with any id it carries ignored; `ifNoneExist` search criteria such as `identifier=a|1`.
 * @returns `created` with version 1; `unchanged` with the one resource that matched already.
 * @throws OperationOutcomeError 404 unknown type, 403, 422 broken rules, 412 when several resources match, or a
 * conditional reference has not one match.
 */
export async function create(
  server: FhirServer,
  caller: Caller,
  request: { readonly resource: Resource; readonly ifNoneExist?: string },
): Promise<WriteOutcome> {
  const { resource, ifNoneExist } = request;
  const type = resource.resourceType;
  requireResourceType(server, type);
  const access = authorize(server, caller, 'create', type);
  await requireValid(server, caller, resource, 'create');
  const id = server.newId();
  const fillReferences = conditionalReferences(server, caller, resource);
  return retryLostRaces(async () => {
    const claim: ResourceWrite[] = [];
    if (ifNoneExist !== undefined) {
      const found = await findExisting(server, caller, type, ifNoneExist, 'http.If-None-Exist');
      if (found.kind === 'existing') return { version: found.version, status: 'unchanged' };
      if (found.kind === 'none') claim.push({ kind: 'claim', ...found.claim, target: { type, id } });
    }
    const checks = await fillReferences({ type, id });
    const version = newVersion(server, caller, { resource, id, method: 'POST', access });
    const { committed } = await server.store.commit([{ kind: 'put', next: version }, ...claim, ...checks]);
    return committed ? { version, status: 'created' } : undefined;
  });
}
