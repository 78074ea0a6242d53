import { permits } from '../../search/access.js';
import { parseJson } from '../../fhir/json.js';
import { gone, notFound } from '../../fhir/outcome.js';
import { keyText, type Meta, type Resource } from '../../fhir/resource.js';
import { newVersion } from '../new-version.js';
import { type Preconditions, requirePreconditions } from '../preconditions.js';
import { retryLostRaces } from '../retry.js';
import type { Caller, FhirServer } from '../server.js';
import { currentVersion, requireContent } from '../stored-content.js';
import { sameLabels } from './labels.js';
import type { InstanceTarget } from './operation.js';

/**
 * Stores a resource with other labels, as a new version; none when the labels stay the same.
 * @param request `change` gives the meta it is to have, of the meta it has; `ifMatch` the versions it must be at.
 * @returns the meta it has now.
 * @throws OperationOutcomeError 404 when there is no such resource or the caller may not see it, 410 when it was deleted,
 * 412 when it is at another version (in STU3 409).
 */
export async function changeMeta(
  server: FhirServer,
  caller: Caller,
  key: InstanceTarget,
  { change, ifMatch }: Pick<Preconditions, 'ifMatch'> & { readonly change: (meta: Meta) => Meta },
): Promise<Meta> {
  return retryLostRaces(async () => {
    const previous = await currentVersion(server, key);
    if (previous === undefined || !permits(key.access, previous)) throw notFound(keyText(key));
    if (previous.deleted) throw gone(keyText(key), previous.versionId);
    requireContent(previous);
    requirePreconditions(server.definitions.version, key, ifMatch === undefined ? {} : { ifMatch }, previous);
    const resource = parseJson(previous.body) as Resource;
    const meta = resource.meta ?? {};
    const changed = change(meta);
    if (sameLabels(meta, changed)) return meta;
    const next = newVersion(server, caller, {
      resource: { ...resource, meta: changed },
      id: key.id,
      method: 'PATCH', // all else of it stays, a Binary's content by URL as well
      access: key.access,
      previous,
    });
    const { committed } = await server.store.commit([{ kind: 'put', next, previous }]);
    return committed ? ((parseJson(next.body) as Resource).meta ?? {}) : undefined;
  });
}
