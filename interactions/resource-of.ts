import { parseJson } from '../fhir/json.js';
import type { Resource } from '../fhir/resource.js';
import type { StoredVersion } from '../persistence/resource-store.js';

/** The resource of a version that is no deletion, parsed. */
export const resourceOf = (version: StoredVersion): Resource => parseJson(version.body) as Resource;
