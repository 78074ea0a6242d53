import { parseJson, stringifyJson } from '../../fhir/json.js';
import { invalidRequest } from '../../fhir/outcome.js';
import type { Resource } from '../../fhir/resource.js';
import type { StoredVersion } from '../../persistence/resource-store.js';
import { create } from '../create.js';
import { clip, requireResourceType } from '../resource-type.js';
import type { Caller, FhirServer, WriteOutcome } from '../server.js';
import { update } from '../update.js';

/**
 * Stores a resource under its own id, as an update does, unless it is there already just so: an import that is done
 * again changes nothing.
 * @param conditionalCreate whether one without an id is created, unless its first identifier is there.
 * @throws OperationOutcomeError as an update or a conditional create; 400 for one without an id otherwise.
 */
export async function importResource(
  server: FhirServer,
  caller: Caller,
  resource: Resource,
  conditionalCreate: boolean,
): Promise<WriteOutcome> {
  const { resourceType: type, id } = resource;
  requireResourceType(server, type);
  if (id === undefined)
    return create(server, caller, { resource, ifNoneExist: criteriaOf(resource, conditionalCreate) });
  const isSame = ({ body }: StoredVersion): boolean => contentOf(parseJson(body) as Resource) === contentOf(resource);
  return update(server, caller, { key: { type, id }, resource, isSame });
}

/** The text of a resource without what the server says of its version, in the order in which versions are stored. */
function contentOf({ resourceType, id, meta, ...rest }: Resource): string {
  const kept = Object.entries(meta ?? {}).filter(([name]) => name !== 'versionId' && name !== 'lastUpdated');
  return stringifyJson({ resourceType, id, meta: Object.fromEntries(kept), ...rest });
}

function criteriaOf(resource: Resource, conditionalCreate: boolean): string {
  const { resourceType, identifier } = resource;
  const [first] = (Array.isArray(identifier) ? identifier : []) as readonly {
    readonly system?: unknown;
    readonly value?: unknown;
  }[];
  const { system, value } = first ?? {};
  if (!conditionalCreate || typeof system !== 'string' || typeof value !== 'string') {
    const needs = conditionalCreate ? 'an id, or an identifier with system and value' : 'an id';
    throw invalidRequest(`A ${clip(resourceType)} that is imported needs ${needs}`, `${clip(resourceType)}.id`);
  }
  const escaped = [system, value].map((text) => text.replace(/[\\,$|]/g, (letter) => `\\${letter}`));
  return `identifier=${encodeURIComponent(escaped.join('|'))}`;
}
