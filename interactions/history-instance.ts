import { authorize } from '../auth/authorize.js';
import { permits } from '../fhir/access.js';
import { notFound } from '../fhir/outcome.js';
import { keyText, type ResourceKey } from '../fhir/resource.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { requireKey } from './resource-type.js';
import type { Caller, FhirServer } from './server.js';

/** The part of a history wanted: at most `count` versions, older than version `before` if given. */
export interface HistoryRequest {
  readonly count: number;
  readonly before?: number;
}

/** One page of a resource's versions, newest first. */
export interface HistoryPage {
  readonly versions: readonly StoredVersion[];
  /** The number of all versions, where the caller may see all of them. */
  readonly total?: number;
  /** `before` of the next page; absent on the last one. */
  readonly next?: number;
}

/**
 * The versions of a resource, deletions included, newest first. https://hl7.org/fhir/R4/http.html#history
 * @param page `count` versions at most, older than version `before` if given.
 * @throws OperationOutcomeError 404 when there never was one or its compartments are not the caller's, 403 by role.
 */
export async function historyInstance(
  server: FhirServer,
  caller: Caller,
  key: ResourceKey,
  page: HistoryRequest,
): Promise<HistoryPage> {
  requireKey(server, key);
  const access = authorize(server.rules, caller.principal, 'history', key.type);
  const current = await server.store.read(key);
  if (current === undefined || !permits(access, current.compartments)) throw notFound(keyText(key));
  const found = await server.store.history(key, { ...page, count: page.count + 1 });
  const versions = found.slice(0, page.count);
  const last = versions.at(-1);
  return {
    versions: versions.filter((version) => permits(access, version.compartments)),
    ...(access.kind === 'everything' ? { total: current.versionId } : {}),
    ...(found.length > versions.length && last !== undefined ? { next: last.versionId } : {}),
  };
}
