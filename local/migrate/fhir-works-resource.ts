import { compartmentsOf } from '../../fhir/compartment.js';
import type { FhirDefinitions } from '../../fhir/definitions.js';
import { parseJson, stringifyJson } from '../../fhir/json.js';
import { idPattern, type Resource } from '../../fhir/resource.js';
import { hasResourceChildren } from '../../interactions/new-version.js';
import type { FhirWorksItem } from '../../persistence/dynamodb/fhir-works-table.js';
import type { StoredVersion } from '../../persistence/resource-store.js';
import { tombstone } from '../../persistence/version.js';

/** The versions of a resource that FHIR Works on AWS kept, as this server keeps them, oldest first. */
export interface MigratedResource {
  readonly versions: readonly StoredVersion[];
  /** What is not as it was, or was left out, a sentence each. */
  readonly notes: readonly string[];
}

/** What FHIR Works adds to a resource as columns of its own. */
const columns = [
  'vid',
  'documentStatus',
  'lockEndTs',
  '_references',
  '_tenantId',
  '_id',
  '_subscriptionStatus',
  '_ttlInSeconds',
];

/** The parts of a partition key. */
export function partsOf(hashKey: string): { readonly tenant: string | undefined; readonly id: string } {
  const bar = hashKey.indexOf('|');
  return bar < 0 ? { tenant: undefined, id: hashKey } : { tenant: hashKey.slice(0, bar), id: hashKey.slice(bar + 1) };
}

/**
 * A resource out of its items. What FHIR Works answers for it is what counts: a version that was still being written
 * (PENDING) never did; one that a transaction had locked did. The last version marked DELETED means that the resource
 * was deleted, any other that it was superseded; the deletion becomes a version of its own, as FHIR has it.
 * @param items of one partition key, oldest first.
 * @param bases the old server's base URLs: absolute references below them count for compartments.
 * @throws Error with a sentence when it cannot be kept under its type and id.
 */
export function migratedResource(
  definitions: FhirDefinitions,
  items: readonly FhirWorksItem[],
  bases: readonly string[],
): MigratedResource {
  const notes: string[] = [];
  const versions: StoredVersion[] = [];
  let end: { readonly status: string; readonly at: number } | undefined;
  for (const { hashKey, vid, json } of items) {
    const item = parseJson(json) as Resource;
    const status = String(item['documentStatus']);
    if (status === 'PENDING') {
      notes.push(`version ${String(vid)} was still being written (PENDING): left out`);
      continue;
    }
    if (status === 'LOCKED' || status === 'PENDING_DELETE') {
      notes.push(`version ${String(vid)} was held by a transaction (${status}): taken as it is read`);
    }
    const previous = versions.at(-1);
    versions.push(versionOf(definitions, item, { id: partsOf(hashKey).id, vid, bases, previous, notes }));
    end = { status, at: Number(item['lockEndTs']) };
  }
  const last = versions.at(-1);
  if (last !== undefined && end?.status === 'DELETED') {
    const at = Number.isFinite(end.at) ? end.at : Date.parse(last.lastUpdated);
    versions.push({ ...tombstone(last, at), created: false });
  }
  return { versions, notes };
}

function versionOf(
  definitions: FhirDefinitions,
  item: Resource,
  from: {
    readonly id: string;
    readonly vid: number;
    readonly bases: readonly string[];
    readonly previous: StoredVersion | undefined;
    readonly notes: string[];
  },
): StoredVersion {
  const { id, vid, bases, previous, notes } = from;
  const { resourceType } = item;
  if (!definitions.structures.isResourceType(resourceType)) throw new Error(`${resourceType} is no resource type`);
  if (!idPattern.test(id)) throw new Error('its id is none of FHIR');
  if (!Number.isSafeInteger(vid) || vid < 1) throw new Error('a version has no number');
  if (previous !== undefined && previous.type !== resourceType) throw new Error('its versions are of several types');
  const own = Date.parse(item.meta?.lastUpdated ?? '');
  if (Number.isNaN(own)) throw new Error(`version ${String(vid)} does not say when it was written`);
  const earliest = previous === undefined ? own : Date.parse(previous.lastUpdated) + 1;
  if (own < earliest) notes.push(`version ${String(vid)} was not later than the one before: its instant is moved`);
  const lastUpdated = new Date(Math.max(own, earliest)).toISOString();
  const meta = Object.assign({}, item.meta, { versionId: String(vid), lastUpdated });
  const content = Object.fromEntries(Object.entries(item).filter(([name]) => !columns.includes(name)));
  const resource: Resource = Object.assign({ resourceType, id, meta }, content, { resourceType, id, meta });
  return {
    type: resourceType,
    id,
    versionId: vid,
    lastUpdated,
    method: vid === 1 ? 'POST' : 'PUT',
    deleted: false,
    created: previous === undefined,
    compartments: compartmentsOf(definitions, resource, bases),
    resourceChildren: hasResourceChildren(resource),
    body: stringifyJson(resource),
  };
}
