import { type AccessFilter, permits } from '../search/access.js';
import { parseJson, stringifyJson } from '../fhir/json.js';
import { gone, notFound, patchFailed } from '../fhir/outcome.js';
import { applyPatch, type Patch } from '../fhir/patch/patch.js';
import { keyText, type Resource, type ResourceKey } from '../fhir/resource.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { findExisting } from './conditional-create.js';
import { hiddenFrom, newVersion, requireValid } from './new-version.js';
import { type Preconditions, requirePreconditions } from './preconditions.js';
import { requireKey, requireResourceType } from './resource-type.js';
import { retryLostRaces } from './retry.js';
import type { Caller, FhirServer, WriteOutcome } from './server.js';
import { currentVersion, requireContent } from './stored-content.js';
import { authorize } from './access.js';

/** What a patch changes: the resource of a key, or the one that matches criteria. */
export type PatchTarget = { readonly key: ResourceKey } | { readonly type: string; readonly criteria: string };

/**
 * Changes a part of a resource. When another write gets in between, the patch is applied to what that one wrote.
 * https://hl7.org/fhir/R4/http.html#patch
 * @param request with `ifMatch` the current version must be one the client has seen.
 * @returns the new version, also when the patch changed nothing.
 * @throws OperationOutcomeError 422 when the patch cannot be applied, naming the operation, or gives an invalid resource;
 * 404 when there is no such resource, none matches, or it is in no compartment of the caller's; 410 when it was deleted;
 * 412 when several match or `ifMatch` is another version (in STU3 409); 403.
 */
export async function patch(
  server: FhirServer,
  caller: Caller,
  request: PatchTarget & Pick<Preconditions, 'ifMatch'> & { readonly patch: Patch },
): Promise<WriteOutcome> {
  const type = 'key' in request ? request.key.type : request.type;
  if ('key' in request) requireKey(server, request.key);
  requireResourceType(server, type);
  const access = authorize(server, caller, 'patch', type);
  return retryLostRaces(async () => {
    const previous = await patchable(server, caller, access, request);
    requirePreconditions(server.definitions.version, previous, request, previous);
    const resource = await patchedResource(server, previous, request.patch);
    await requireValid(server, caller, resource, 'update');
    const version = newVersion(server, caller, { resource, id: previous.id, method: 'PATCH', access, previous });
    const { committed } = await server.store.commit([{ kind: 'put', next: version, previous }]);
    return committed ? { version, status: 'updated', ...hiddenFrom(server, caller, version) } : undefined;
  });
}

async function patchable(
  server: FhirServer,
  caller: Caller,
  access: AccessFilter,
  target: PatchTarget,
): Promise<StoredVersion> {
  if ('key' in target) return requirePatchable(access, target.key, await currentVersion(server, target.key));
  const { type, criteria } = target;
  const found = await findExisting(server, caller, type, criteria);
  return requirePatchable(access, undefined, found.kind === 'existing' ? found.version : undefined);
}

/**
 * The version to patch, if it is there and the caller may change it.
 * @param key absent for one that was looked for by criteria.
 * @throws OperationOutcomeError 404, 410, 500 when its content is lost.
 */
export function requirePatchable(
  access: AccessFilter,
  key: ResourceKey | undefined,
  current: StoredVersion | undefined,
): StoredVersion {
  if (current === undefined || !permits(access, current)) {
    throw notFound(key === undefined ? 'A resource that matches the criteria' : keyText(key));
  }
  if (current.deleted) throw gone(keyText(current), current.versionId);
  requireContent(current);
  return current;
}

/**
 * A version's resource with a patch applied; its rules are not checked yet.
 *
 * Narrative must not say what the data no longer says: one that was generated is removed when the patch changes
 * data and not the narrative itself; one that holds more than the data cannot be.
 * https://hl7.org/fhir/R4/http.html#patch
 * @throws OperationOutcomeError 422 when the patch cannot be applied, or would leave such narrative behind.
 */
export async function patchedResource(server: FhirServer, previous: StoredVersion, change: Patch): Promise<Resource> {
  const before = parseJson(previous.body) as Resource;
  const patched = await applyPatch(server.definitions, parseJson(previous.body) as Resource, change);
  const status = (before['text'] as { readonly status?: unknown } | undefined)?.status;
  if (status === undefined || status === 'empty' || !isSame(before['text'], patched['text'])) return patched;
  const names = new Set([...Object.keys(before), ...Object.keys(patched)]);
  const changed = [...names].filter((name) => !besideTheData.has(name) && !isSame(before[name], patched[name]));
  if (changed.length === 0) return patched;
  if (status === 'additional') {
    const what = `${previous.type}.text says more than the data does (status additional): patch it together with the data`;
    throw patchFailed(what, `${previous.type}.text`);
  }
  const { text, ...rest } = patched;
  return text === undefined ? patched : rest;
}

/** What narrative does not tell. */
const besideTheData = new Set(['id', 'meta', 'implicitRules', 'language', 'text']);

const isSame = (before: unknown, after: unknown): boolean => stringifyJson(before) === stringifyJson(after);
