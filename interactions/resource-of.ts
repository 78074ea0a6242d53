import { deeplyFrozen } from '../fhir/frozen.js';
import { parseJson } from '../fhir/json.js';
import type { Resource } from '../fhir/resource.js';
import type { StoredVersion } from '../persistence/resource-store.js';

/** The resources of versions that cannot change, as long as somebody holds the version. */
const ofFrozen = new WeakMap<StoredVersion, Resource>();

/**
 * The resource of a version that is no deletion, parsed: to be read, not to be changed. A version that is frozen is one
 * that the store gives again; its resource is parsed once, and frozen as well.
 */
export function resourceOf(version: StoredVersion): Resource {
  const known = ofFrozen.get(version);
  if (known !== undefined) return known;
  const resource = parseJson(version.body) as Resource;
  if (Object.isFrozen(version)) ofFrozen.set(version, deeplyFrozen(resource));
  return resource;
}
