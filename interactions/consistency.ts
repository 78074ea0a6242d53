import { indexable } from '../indexer/index-change.js';
import type { ResourceStore } from '../persistence/resource-store.js';
import { invalidRequest } from '../fhir/outcome.js';
import { clip } from './resource-type.js';
import type { Consistency, FhirServer } from './server.js';

/**
 * Reads the X-Consistency header: when searches see the write that a request does.
 * @throws OperationOutcomeError 400 for a consistency that is none.
 */
export function readConsistency(text: string | undefined): Consistency | undefined {
  if (text === undefined || text === 'strong' || text === 'eventual') return text;
  throw invalidRequest(`X-Consistency is strong or eventual, not "${clip(text)}"`, 'http.X-Consistency');
}

/**
 * The server with writes that return once searches see them: a commit's versions are put into the index at once,
 * before the stream brings them. The write itself is done when the index cannot be reached: it does not fail then.
 * @param onDelay is told why searches may see a write later after all.
 * @returns the same server where the index is written in the commit.
 */
export function stronglyConsistent(server: FhirServer, onDelay: (error: unknown) => void): FhirServer {
  if (server.indexing !== 'later') return server;
  const { tenant, store, index } = server;
  const commit: ResourceStore['commit'] = async (writes) => {
    const result = await store.commit(writes);
    if (!result.committed) return result;
    const written = writes.flatMap((write) => (write.kind === 'put' ? [write.next] : []));
    try {
      if (written.length > 0) await index.put(written.map((version) => indexable(tenant, version)));
    } catch (error) {
      onDelay(error);
    }
    return result;
  };
  return { ...server, store: { ...store, commit } };
}
