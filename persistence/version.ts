import { stringifyJson } from '../fhir/json.js';
import type { Resource } from '../fhir/resource.js';
import type { StoredVersion, WriteMethod } from './resource-store.js';

/** What the next version of a resource is made of. */
export interface NextVersion {
  readonly resource: Resource;
  /** The version it replaces, a tombstone included. */
  readonly previous?: StoredVersion;
  readonly method: WriteMethod;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly id: string;
  /** As `Patient/1`, in any order. */
  readonly compartments: readonly string[];
  /** Whether it holds resources inside; false without it. */
  readonly resourceChildren?: boolean;
  /** Who writes it, where that counts later. */
  readonly author?: string;
}

/**
 * The next version of a resource, to be committed. Its body has `resourceType`, `id` and `meta` first, then the
 * other members as they came; the server's `versionId` and `lastUpdated` replace the client's, the rest of `meta`
 * stays. https://hl7.org/fhir/R4/resource.html#Meta
 */
export function nextVersion(write: NextVersion): StoredVersion {
  const { resource, previous, method, now, id, compartments } = write;
  const versionId = (previous?.versionId ?? 0) + 1;
  const lastUpdated = instantAfter(previous, now);
  const ownMeta = { versionId: String(versionId), lastUpdated };
  const meta = Object.assign({ versionId: '', lastUpdated: '' }, resource.meta, ownMeta); // the first sets the order
  const { resourceType } = resource;
  return {
    type: resourceType,
    id,
    versionId,
    lastUpdated,
    method,
    deleted: false,
    created: previous === undefined || previous.deleted,
    compartments: compartments.toSorted(),
    resourceChildren: write.resourceChildren ?? false,
    ...(write.author === undefined ? {} : { author: write.author }),
    body: stringifyJson(Object.assign({ resourceType, id, meta }, resource, { id, meta })),
  };
}

/**
 * The version that says a resource was deleted. It stays in the compartments of the version before, so that who
 * could see that one may learn that it is gone, and nobody else.
 * @param now milliseconds since 1970.
 */
export const tombstone = (previous: StoredVersion, now: number): StoredVersion => ({
  type: previous.type,
  id: previous.id,
  versionId: previous.versionId + 1,
  lastUpdated: instantAfter(previous, now),
  method: 'DELETE',
  deleted: true,
  compartments: previous.compartments,
  resourceChildren: false,
  body: '',
});

/** Now, or a millisecond after the previous version if the clock is not beyond it. */
function instantAfter(previous: StoredVersion | undefined, now: number): string {
  const earliest = previous === undefined ? now : Date.parse(previous.lastUpdated) + 1;
  return new Date(Math.max(now, earliest)).toISOString();
}
