import type { AccessFilter } from '../search/access.js';
import { invalidRequest } from '../fhir/outcome.js';
import { idPattern, type Resource, type ResourceKey } from '../fhir/resource.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { newVersion, requireValid, requireWritable } from './new-version.js';
import { type Preconditions, requirePreconditions } from './preconditions.js';
import { clip, requireResourceType } from './resource-type.js';
import { retryLostRaces } from './retry.js';
import { currentVersion } from './stored-content.js';
import type { Caller, FhirServer, WriteOutcome } from './server.js';
import { authorize } from './access.js';
import { conditionalReferences } from './write-references.js';

/**
 * Stores a new version of a resource, or its first one under the id the client chose.
 * https://hl7.org/fhir/R4/http.html#update https://hl7.org/fhir/R4/http.html#upsert
 * @param request with `ifMatch` the current version must be one the client has seen, with `ifNoneMatch` none of those it
 * names; without them the last write wins, whatever happens at the same time.
 * @param request.isSame whether what is there, compared with the resource as it would be stored, is to stay as it is;
 * never without it.
 * @returns `created` when there was no resource or a deleted one, `unchanged` when it stays, else `updated`.
 * @throws OperationOutcomeError 400 when the resource's type or id is not the key's, 412 when a precondition does not
 * hold (in STU3 409 for `ifMatch`), 403, 404 unknown type, 422 broken rules.
 */
export async function update(
  server: FhirServer,
  caller: Caller,
  request: Preconditions & {
    readonly key: ResourceKey;
    readonly resource: Resource;
    readonly isSame?: (previous: StoredVersion) => boolean;
  },
): Promise<WriteOutcome> {
  const { key, resource } = request;
  requireResourceType(server, key.type);
  const access = authorize(server, caller, 'update', key.type);
  requireIdentity(key, resource);
  await requireValid(server, caller, resource, 'update');
  const fillReferences = conditionalReferences(server, caller, resource);
  return retryLostRaces(async () => {
    const previous = await currentVersion(server, key);
    const checks = await fillReferences(key);
    if (isThere(previous) && previous.lost !== true && request.isSame?.(previous) === true) {
      requireWritable(access, key.type, previous);
      return { version: previous, status: 'unchanged' };
    }
    const version = updatedVersion(server, caller, { ...request, access, previous });
    const { committed } = await server.store.commit([
      { kind: 'put', next: version, ...(previous === undefined ? {} : { previous }) },
      ...checks,
    ]);
    return committed ? { version, status: isThere(previous) ? 'updated' : 'created' } : undefined;
  });
}

/** Whether the version is one of a resource that is there, not of a deleted one. */
export const isThere = (version: StoredVersion | undefined): version is StoredVersion & { readonly deleted: false } =>
  version !== undefined && !version.deleted;

/**
 * The version an update of `previous` would store.
 * @throws OperationOutcomeError 412 when a precondition does not hold of `previous` (in STU3 409 for `ifMatch`), 403 when
 * the caller may not write it, or may not create and nothing is there.
 */
export function updatedVersion(
  server: FhirServer,
  caller: Caller,
  write: Preconditions & {
    readonly key: ResourceKey;
    readonly resource: Resource;
    readonly access: AccessFilter;
    readonly previous: StoredVersion | undefined;
  },
): StoredVersion {
  const { key, resource, access, previous } = write;
  if (!isThere(previous)) authorize(server, caller, 'update-create', key.type);
  const version = newVersion(server, caller, { resource, id: key.id, method: 'PUT', access, previous });
  requirePreconditions(server.definitions.version, key, write, previous);
  return version;
}

/**
 * Refuses an update whose resource is not the one of the URL.
 * @param place where the resource stands in a bundle; absent when it is the whole body.
 * @throws OperationOutcomeError 400.
 */
export function requireIdentity(key: ResourceKey, resource: Resource, place?: string): void {
  const at = place ?? key.type;
  if (!idPattern.test(key.id)) {
    throw invalidRequest(`"${clip(key.id)}" is no id: 1 to 64 letters, digits, - and . are allowed`, at);
  }
  if (resource.resourceType !== key.type) {
    throw invalidRequest(
      `The URL says ${key.type}, the resource is of type ${clip(resource.resourceType)}`,
      place ?? 'resourceType',
    );
  }
  if (resource.id !== key.id) {
    const actual = typeof resource.id === 'string' ? `"${clip(resource.id)}"` : 'missing';
    throw invalidRequest(`The resource's id must be the URL's, "${key.id}"; it is ${actual}`, `${at}.id`);
  }
}
