import type { FhirDefinitions } from '../../fhir/definitions.js';
import { outcome, type OperationOutcome } from '../../fhir/outcome.js';
import { keyText, type Resource, type ResourceKey } from '../../fhir/resource.js';
import { create } from '../../interactions/create.js';
import { deleteResource } from '../../interactions/delete.js';
import { failingAtField } from '../../interactions/entry-place.js';
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
      return written(caller, reads, await create(server, caller, { resource: resourceOf(server.definitions, write) }));
    case 'update': {
      const { type, id } = write;
      const resource = resourceOf(server.definitions, write);
      const change = { key: { type, id }, resource: resource.id === undefined ? { ...resource, id } : resource };
      const done = await failingAtField(`${type}Update`, () =>
        update(server, caller, { ...change, ...ifMatch(write) }),
      );
      return written(caller, reads, done);
    }
    case 'delete': {
      const key = { type: write.type, id: write.id };
      const version = await failingAtField(`${key.type}Delete`, () =>
        deleteResource(server, caller, { key, ...ifMatch(write) }),
      );
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

const resourceOf = (
  definitions: FhirDefinitions,
  { type, resource }: Extract<WritePlan, { resource: JsonObject }>,
): Resource => ({ ...members(definitions, type, resource), resourceType: type });

/**
 * An object as an input of its type is read: a member that is null is one that is not there, and a value where a list may
 * stand is a list of it; nulls in lists are gaps beside extensions.
 * @param type a FHIR type or a backbone path; undefined where none is known.
 * @see https://spec.graphql.org/October2021/#sec-List.Input-Coercion
 */
function members(definitions: FhirDefinitions, type: string | undefined, object: JsonObject): JsonObject {
  const known = type === undefined ? undefined : definitions.structures.members(type);
  const kept = Object.entries(object).filter(([, value]) => value !== null);
  return Object.fromEntries(
    kept.map(([name, value]) => {
      const member = known?.get(name) ?? known?.get(name.replace(/^_/, ''));
      const of = name.startsWith('_') ? 'Element' : member?.isPrimitive === true ? undefined : member?.type;
      const values = Array.isArray(value) ? value : [value];
      const read = values.map((each: unknown) =>
        isJsonObject(each) ? members(definitions, typeOf(definitions, of, each), each) : each,
      );
      const isList = Array.isArray(value) || (member !== undefined && member.rule.max > 1);
      return [name, isList ? read : read[0]];
    }),
  );
}

/** A resource inside another one says its type itself. */
function typeOf({ structures }: FhirDefinitions, declared: string | undefined, value: JsonObject): string | undefined {
  if (declared !== 'Resource') return declared;
  const { resourceType } = value;
  return typeof resourceType === 'string' && structures.isResourceType(resourceType) ? resourceType : undefined;
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
