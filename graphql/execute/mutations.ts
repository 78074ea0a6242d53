import { outcome, type OperationOutcome } from '../../fhir/outcome.js';
import { keyText, type Resource, type ResourceKey } from '../../fhir/resource.js';
import { create } from '../../interactions/create.js';
import { deleteResource } from '../../interactions/delete.js';
import type { Caller, FhirServer, WriteOutcome } from '../../interactions/server.js';
import { update } from '../../interactions/update.js';
import type { WritePlan } from '../plan/write-plan.js';
import { isJsonObject, type JsonObject } from '../variables.js';
import type { ResourceReads } from './resource-reads.js';

/**
 * Does a mutation.
 * @returns the members of its result: `location` of the version written, `resource` as it is now (none after a delete),
 * `information`.
 * @throws OperationOutcomeError as `create`, `update` and `deleteResource`.
 * @see https://hl7.org/fhir/R4/graphql.html#mutations
 */
export async function mutate(
  server: FhirServer,
  caller: Caller,
  reads: ResourceReads,
  write: WritePlan,
): Promise<JsonObject> {
  switch (write.kind) {
    case 'create':
      return written(caller, reads, await create(server, caller, { resource: resourceOf(write) }));
    case 'update': {
      const { type, id } = write;
      const resource = resourceOf(write);
      const change = { key: { type, id }, resource: resource.id === undefined ? { ...resource, id } : resource };
      return written(caller, reads, await update(server, caller, { ...change, ...ifMatch(write) }));
    }
    case 'delete': {
      const key = { type: write.type, id: write.id };
      const version = await deleteResource(server, caller, { key, ...ifMatch(write) });
      if (version === undefined) return { information: information(`There was no ${keyText(key)}`) };
      return {
        location: locationOf(caller, key, version.versionId),
        information: information(`${keyText(key)} is deleted`),
      };
    }
  }
}

const ifMatch = ({ versionId }: { readonly versionId?: number }): { ifMatch?: readonly number[] } =>
  versionId === undefined ? {} : { ifMatch: [versionId] };

const resourceOf = ({ type, resource }: Extract<WritePlan, { resource: JsonObject }>): Resource => ({
  ...(withoutNulls(resource) as JsonObject),
  resourceType: type,
});

/** A member that is null is one that is not there; nulls in lists are gaps beside extensions. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(kept.map(([name, member]) => [name, withoutNulls(member)]));
}

function written(caller: Caller, reads: ResourceReads, { version, status }: WriteOutcome): JsonObject {
  const { type, id, versionId } = version;
  return {
    location: locationOf(caller, { type, id }, versionId),
    resource: reads.parse(version),
    information: information(`${keyText(version)} was ${status}: version ${String(versionId)}`),
  };
}

const locationOf = (caller: Caller, key: ResourceKey, versionId: number): string =>
  `${caller.baseUrl}/${keyText(key)}/_history/${String(versionId)}`;

const information = (diagnostics: string): OperationOutcome =>
  outcome([{ severity: 'information', code: 'informational', diagnostics }]);
