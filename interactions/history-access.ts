import { permits, type AccessFilter } from '../search/access.js';
import { OperationOutcomeError } from '../fhir/outcome.js';
import { keyText } from '../fhir/resource.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { requireScope, type HistoryScope } from './history-request.js';
import type { Caller, FhirServer } from './server.js';
import { currentVersions } from './stored-content.js';
import { authorize } from './access.js';

/** What of each type a caller may see in a history; types that are not there are not shown. */
export type HistoryAccess = ReadonlyMap<string, AccessFilter>;

/**
 * Decides what of a history a caller may see. In the history of the system that is what they may see of each type.
 * @throws OperationOutcomeError 403 when they may see none, 404 for a type or an id that cannot be.
 */
export function authorizeHistory(server: FhirServer, caller: Caller, scope: HistoryScope): HistoryAccess {
  requireScope(server, scope);
  if (scope.kind !== 'system') {
    const type = scope.kind === 'type' ? scope.type : scope.key.type;
    const interaction = scope.kind === 'type' ? 'history-type' : 'history';
    return new Map([[type, authorize(server, caller, interaction, type)]]);
  }
  const access = new Map<string, AccessFilter>();
  let refusal: unknown;
  for (const type of server.definitions.resourceTypes) {
    try {
      access.set(type, authorize(server, caller, 'history-type', type));
    } catch (error) {
      if (!(error instanceof OperationOutcomeError) || error.status !== 403) throw error;
      refusal = error;
    }
  }
  if (access.size === 0) throw refusal;
  return access;
}

/**
 * The versions a caller may see, who also may see their resources as they are now: a version may name the wrong
 * patient until it is corrected. 1 read per 100 resources where the caller is limited to compartments.
 */
export async function visibleVersions(
  server: FhirServer,
  access: HistoryAccess,
  versions: readonly StoredVersion[],
): Promise<StoredVersion[]> {
  const permitted = versions.filter((version) => {
    const filter = access.get(version.type);
    return filter !== undefined && permits(filter, version);
  });
  const limited = new Map(
    permitted.filter(({ type }) => access.get(type)?.kind === 'limited').map((version) => [keyText(version), version]),
  );
  if (limited.size === 0) return permitted;
  const current = await currentVersions(server, [...limited.values()]);
  for (const version of current) {
    const filter = version && access.get(version.type);
    if (version && filter && permits(filter, version)) limited.delete(keyText(version));
  }
  return permitted.filter((version) => !limited.has(keyText(version)));
}
