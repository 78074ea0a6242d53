import { conflict, invalidRequest } from '../fhir/outcome.js';
import { idPattern, keyText, type Resource, type ResourceKey } from '../fhir/resource.js';
import { findExisting } from './conditional-create.js';
import { requireValid, requireWritable } from './new-version.js';
import type { Preconditions } from './preconditions.js';
import { clip, requireResourceType } from './resource-type.js';
import { retryLostRaces } from './retry.js';
import type { Caller, FhirServer, WriteOutcome } from './server.js';
import { currentVersion } from './stored-content.js';
import { isThere, updatedVersion } from './update.js';
import { authorize } from './access.js';
import { conditionalReferences } from './write-references.js';

/**
 * Updates the one resource that matches criteria, or creates it when none does. Of equal conditional updates at the
 * same time one creates, the others update what it created.
 * https://hl7.org/fhir/R4/http.html#cond-update https://hl7.org/fhir/STU3/http.html#cond-update
 * @param request `criteria` such as `identifier=a|1`; the resource's id may be left out.
 * @returns `created` or `updated`. When none matches, R4 creates under the id the resource has, if it has one; STU3
 * creates under a new id, as every create.
 * @throws OperationOutcomeError 400 when the resource's type is another one or its id is not the match's, 409 when none
 * matches but the resource's id is taken, 412 when several match or a precondition does not hold, 403, 404, 422.
 */
export async function conditionalUpdate(
  server: FhirServer,
  caller: Caller,
  request: Preconditions & { readonly type: string; readonly criteria: string; readonly resource: Resource },
): Promise<WriteOutcome> {
  const { type, criteria, resource } = request;
  requireResourceType(server, type);
  const access = authorize(server, caller, 'update', type);
  requireUpdatable(type, resource);
  await requireValid(server, caller, resource, 'update');
  const key = createdKey(server, type, resource);
  const fillReferences = conditionalReferences(server, caller, resource);
  return retryLostRaces(async () => {
    const found = await findExisting(server, caller, type, criteria);
    if (found.kind === 'existing') {
      const previous = found.version;
      requireSameId(previous, resource);
      const checks = await fillReferences(previous);
      const version = updatedVersion(server, caller, { ...request, key: previous, access, previous });
      const { committed } = await server.store.commit([{ kind: 'put', next: version, previous }, ...checks]);
      return committed ? { version, status: 'updated' } : undefined;
    }
    const previous = await currentVersion(server, key);
    requireWritable(access, type, previous);
    if (isThere(previous)) throw idTaken(key);
    const checks = await fillReferences(key);
    const version = updatedVersion(server, caller, { ...request, key, access, previous });
    const { committed } = await server.store.commit([
      { kind: 'put', next: version, ...(previous === undefined ? {} : { previous }) },
      ...(found.kind === 'none' ? [{ kind: 'claim' as const, ...found.claim, target: key }] : []),
      ...checks,
    ]);
    return committed ? { version, status: 'created' } : undefined;
  });
}

/** Where a conditional update creates when nothing matches. */
export const createdKey = (server: FhirServer, type: string, resource: Resource): ResourceKey => ({
  type,
  id: server.definitions.version === 'r4' && resource.id !== undefined ? resource.id : server.newId(),
});

/**
 * Refuses a conditional update whose resource is of another type, or whose id is none.
 * @param place where the resource stands in a bundle; absent when it is the whole body.
 * @throws OperationOutcomeError 400.
 */
export function requireUpdatable(type: string, resource: Resource, place?: string): void {
  const at = place ?? type;
  if (resource.resourceType !== type) {
    throw invalidRequest(
      `The URL says ${type}, the resource is of type ${clip(resource.resourceType)}`,
      place ?? 'resourceType',
    );
  }
  const id: unknown = resource.id;
  if (id !== undefined && !(typeof id === 'string' && idPattern.test(id))) {
    throw invalidRequest('The id is none: 1 to 64 letters, digits, - and . are allowed', `${at}.id`);
  }
}

/**
 * Refuses a conditional update of another resource than the one whose id the body has.
 * @throws OperationOutcomeError 400.
 */
export function requireSameId(match: ResourceKey, resource: Resource, place?: string): void {
  if (resource.id === undefined || resource.id === match.id) return;
  throw invalidRequest(
    `The criteria match ${keyText(match)}, the resource has the id "${clip(resource.id)}"`,
    `${place ?? match.type}.id`,
  );
}

/** Nothing matches, but the id the resource has is that of another resource, which must not be lost. */
export const idTaken = (key: ResourceKey): Error =>
  conflict(`Nothing matches the criteria, but ${keyText(key)} is another resource`, `${key.type}.id`);
