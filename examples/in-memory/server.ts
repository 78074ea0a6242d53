import { randomBytes, randomUUID } from 'node:crypto';
import { authorizerFor } from '../../auth/authorizers.js';
import { roleRules } from '../../auth/rules.js';
import { serve } from '../../compose/serve.js';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import type { FhirVersion } from '../../fhir/version.js';
import { followChanges } from '../../indexer/follow.js';
import type { FhirServer } from '../../interactions/server.js';
import { defaultTenant } from '../../persistence/keys.js';
import { createResourceStore } from '../../persistence/store.js';
import { memoryIndices } from './search-index.js';
import { memoryTable } from './table.js';

/** A FHIR version on adapters of one's own, and what ends it. */
export interface OwnServer {
  readonly server: FhirServer;
  /** Resolves once searches see what is committed now. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/**
 * A server whose persistence and search are not the project's: this is all that is put together. Faces take it as any other
 * (`createRestApp({ server, … })`); interactions, authorization and GraphQL ask for the ports and know nothing of what is behind.
 * @param onProblem is told of what indexing meets; it goes on.
 */
export async function openOwnServer(version: FhirVersion, onProblem: (error: unknown) => void): Promise<OwnServer> {
  const served = serve(await loadDefinitions(version), {});
  const table = memoryTable();
  const index = memoryIndices(served.definitions).of(defaultTenant);
  const store = createResourceStore(table, { tenant: defaultTenant });
  // The index is not written with the commit: the feed of changes brings it there, as a stream of DynamoDB does.
  const following = followChanges({
    changes: table.changes.bind(table),
    index,
    bodies: undefined,
    recover: ({ id }) => store.recover(id),
    onProblem: ({ error }) => {
      onProblem(error);
    },
  });
  const server: FhirServer = {
    ...served,
    tenant: defaultTenant,
    store,
    index,
    indexing: 'later',
    authorizer: authorizerFor('roles', roleRules),
    pageKey: randomBytes(32),
    now: Date.now,
    newId: randomUUID,
  };
  return { server, settled: () => following.settled(), close: () => following.stop() };
}
