import { gone, notFound } from '../fhir/outcome.js';
import { keyText, type ResourceKey } from '../fhir/resource.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { requireKey } from './resource-type.js';
import { storedContent } from './stored-content.js';
import type { Caller, FhirServer } from './server.js';
import { authorize, opens } from './access.js';

/**
 * One version of a resource. https://hl7.org/fhir/R4/http.html#vread
 * @param versionId as the URL has it; anything but a positive integer is a version nobody knows.
 * @throws OperationOutcomeError 404 when there is no such version or it may not be seen, 410 when that version is
 * a deletion, 403 when the caller's role may not read versions of the type, 500 when its content was lost.
 */
export async function vread(
  server: FhirServer,
  caller: Caller,
  key: ResourceKey,
  versionId: string,
): Promise<StoredVersion> {
  requireKey(server, key);
  const access = authorize(server, caller, 'vread', key.type);
  const what = `${keyText(key)}/_history/${/^[A-Za-z0-9\-.]{1,64}$/.test(versionId) ? versionId : '…'}`;
  if (!/^[1-9][0-9]{0,14}$/.test(versionId)) throw notFound(what);
  // A version may name the wrong patient until it is corrected: who may not see the resource as it is now,
  // may not see what it was either.
  if (access.kind === 'limited') {
    const current = await storedContent(access, what, () => server.store.read(key));
    if (current === undefined || !(await opens(server, caller, 'vread', access, current))) throw notFound(what);
  }
  const version = await storedContent(access, what, () => server.store.vread(key, Number(versionId)));
  if (version === undefined || !(await opens(server, caller, 'vread', access, version))) throw notFound(what);
  if (version.deleted) throw gone(what, version.versionId);
  return version;
}
