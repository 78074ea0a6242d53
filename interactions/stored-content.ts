import { contentLost, notFound } from '../fhir/outcome.js';
import { keyText, type ResourceKey } from '../fhir/resource.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { UnreadableVersion } from '../persistence/unreadable-version.js';
import { type AccessFilter, permitsUnread } from '../search/access.js';
import { inParallel } from './parallel.js';
import type { FhirServer } from './server.js';

/**
 * Reads a version whose content the store may have lost. Who may see the resource is told so; to everybody else, also
 * where only the content could tell, it is as if it did not exist.
 * @param what the resource or version, as `Patient/1`, for the error.
 * @param act what reads it.
 * @throws OperationOutcomeError 500 or 404 for content that is lost.
 */
export async function storedContent(
  access: AccessFilter,
  what: string,
  act: () => Promise<StoredVersion | undefined>,
): Promise<StoredVersion | undefined> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof UnreadableVersion)) throw error;
    const { envelope } = error;
    const isOpen = envelope === undefined ? access.kind === 'everything' : permitsUnread(access, envelope) === true;
    throw isOpen ? contentLost(what) : notFound(what);
  }
}

/**
 * The current version of a resource, as a write replaces it or access is decided by it: of one whose content is lost the
 * envelope, `lost`. What puts another in its place needs no more. docs/adr/0072-jobs-go-on-without-what-was-lost.md
 * @throws UnreadableVersion when not even its envelope can be read.
 */
export async function currentVersion({ store }: FhirServer, key: ResourceKey): Promise<StoredVersion | undefined> {
  try {
    return await store.read(key);
  } catch (error) {
    return lostVersion(error);
  }
}

/** The current versions of several, as `currentVersion` reads each, in the keys' order. One by one only where one is lost. */
export async function currentVersions(
  server: FhirServer,
  keys: readonly ResourceKey[],
): Promise<readonly (StoredVersion | undefined)[]> {
  try {
    return await server.store.readMany(keys);
  } catch (error) {
    lostVersion(error);
    return inParallel(keys, 16, (key) => currentVersion(server, key));
  }
}

function lostVersion(error: unknown): StoredVersion {
  if (error instanceof UnreadableVersion && error.envelope !== undefined) return error.envelope;
  throw error;
}

/** Refuses what needs the content of a version that has lost it, when the caller may see it. @throws OperationOutcomeError 500. */
export function requireContent(version: StoredVersion): void {
  if (version.lost === true) throw contentLost(keyText(version));
}
