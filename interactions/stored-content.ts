import { contentLost, notFound } from '../fhir/outcome.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { UnreadableVersion } from '../persistence/unreadable-version.js';
import { type AccessFilter, permitsUnread } from '../search/access.js';

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
