import { invalidRequest } from '../fhir/outcome.js';
import { keyText, type Resource, type ResourceKey } from '../fhir/resource.js';
import type { ResourceStore, ResourceWrite, StoredVersion } from '../persistence/resource-store.js';
import { authorize } from './access.js';
import { newVersion, requireValid } from './new-version.js';
import { clip } from './resource-type.js';
import type { Caller, FhirServer } from './server.js';
import { conditionalReferences } from './write-references.js';

const type = 'Provenance';

/**
 * The server with commits that store, in the same commit, the Provenance of each version they write: both are there or
 * neither is. https://hl7.org/fhir/R4/provenance.html docs/adr/0083-provenance-with-a-write.md
 * @param provenance as the client sent it; the version that is written is added to its `target`.
 * @param onWritten is told of each Provenance that was stored.
 * @throws OperationOutcomeError 400 for what is no Provenance, 403 when the caller may not create it, 422 when it breaks
 * the rules of its type; of the commit 403 when it would be in another record than the caller's, 412 as create.
 */
export async function withProvenance(
  server: FhirServer,
  caller: Caller,
  provenance: Resource,
  onWritten: (key: ResourceKey) => void,
): Promise<FhirServer> {
  if (provenance.resourceType !== type) {
    throw invalidRequest(
      `X-Provenance holds a ${clip(provenance.resourceType)}, not a Provenance`,
      'http.X-Provenance',
    );
  }
  const access = authorize(server, caller, 'create', type);
  await requireValid(server, caller, about(provenance, { display: 'what is written' }), 'create');
  const fillReferences = conditionalReferences(server, caller, provenance);
  const { store } = server;
  const provenanceOf = async (written: StoredVersion): Promise<readonly ResourceWrite[]> => {
    const checks = await fillReferences(written);
    const target = { reference: `${keyText(written)}/_history/${String(written.versionId)}` };
    const resource = about(provenance, target);
    const next = newVersion(server, caller, { resource, id: server.newId(), method: 'POST', access });
    return [{ kind: 'put', next }, ...checks];
  };
  const commit: ResourceStore['commit'] = async (writes) => {
    const added: ResourceWrite[] = [];
    for (const write of writes) if (write.kind === 'put') added.push(...(await provenanceOf(write.next)));
    const checked = new Set(writes.map(checkedBy));
    const result = await store.commit([
      ...writes,
      ...added.filter((write) => write.kind !== 'check' || !checked.has(checkedBy(write))),
    ]);
    if (result.committed) for (const write of added) if (write.kind === 'put') onWritten(write.next);
    return result;
  };
  return { ...server, store: { ...store, commit } };
}

const checkedBy = (write: ResourceWrite): string | undefined =>
  write.kind === 'check' ? keyText(write.key) : undefined;

/** What its `target` says already stays. What is no list is the validation's to refuse. */
const about = (provenance: Resource, target: object): Resource => {
  const { target: given = [] } = provenance as { readonly target?: unknown };
  return { ...provenance, target: Array.isArray(given) ? [...(given as unknown[]), target] : given };
};
