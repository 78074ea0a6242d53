import { permits, type AccessFilter } from '../search/access.js';
import { gone, invalidRequest, notFound } from '../fhir/outcome.js';
import { idPattern, keyText, type ResourceKey } from '../fhir/resource.js';
import type { ResultForm } from '../fhir/subset.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { formOf, readElements, readSummary } from '../search/parse-result.js';
import { accessOrNone, authorize, opens } from './access.js';
import { requireKey } from './resource-type.js';
import { storedContent } from './stored-content.js';
import type { Caller, FhirServer } from './server.js';

/**
 * The current version of a resource. https://hl7.org/fhir/R4/http.html#read
 * @throws OperationOutcomeError 404 when there is none or its compartments are not the caller's, 410 when it was
 * deleted, 403 when the caller's role may not read the type, 500 when its content was lost.
 */
export async function read(server: FhirServer, caller: Caller, key: ResourceKey): Promise<StoredVersion> {
  requireKey(server, key);
  const access = authorize(server, caller, 'read', key.type);
  const version = await storedContent(access, keyText(key), () => server.store.read(key));
  if (version === undefined || !(await opens(server, caller, 'read', access, version))) throw notFound(keyText(key));
  if (version.deleted) throw gone(keyText(key), version.versionId);
  return version;
}

/**
 * The current versions of several resources, as references are followed: what is not there, was deleted, or may
 * not be seen is `undefined`, without a difference.
 * @returns in the keys' order.
 */
export async function readMany(
  server: FhirServer,
  caller: Caller,
  keys: readonly ResourceKey[],
): Promise<readonly (StoredVersion | undefined)[]> {
  const accessByType = new Map<string, AccessFilter | undefined>();
  for (const { type } of keys) {
    if (!accessByType.has(type)) accessByType.set(type, readableOf(server, caller, type));
  }
  const readable = keys.filter(({ type, id }) => accessByType.get(type) !== undefined && idPattern.test(id));
  const versions = await server.store.readMany(readable);
  const visible = new Map<string, StoredVersion>();
  for (const version of versions) {
    const access = version && accessByType.get(version.type);
    if (version && access && !version.deleted && permits(access, version)) {
      visible.set(keyText(version), version);
    }
  }
  return keys.map((key) => visible.get(keyText(key)));
}

/** What the caller may read of a type; undefined when the type does not exist or the role may not read it. */
const readableOf = (server: FhirServer, caller: Caller, type: string): AccessFilter | undefined =>
  server.definitions.structures.isResourceType(type) ? accessOrNone(server, caller, 'read', type) : undefined;

/**
 * Reads which part of a resource a read or vread asks for, by `_summary` and `_elements`.
 * https://hl7.org/fhir/R4/http.html#parameters
 * @param parameters names and values of the query; others do not count.
 * @returns undefined for the whole resource.
 * @throws OperationOutcomeError 400 for what is no part of it: another one in its place would be taken for that part.
 */
export function readForm(
  { definitions }: FhirServer,
  type: string,
  parameters: Iterable<readonly [string, string]>,
): ResultForm | undefined {
  let summary: ReturnType<typeof readSummary> | undefined;
  let elements: ResultForm | undefined;
  for (const [name, value] of parameters) {
    if (value === '') continue;
    if (name === '_summary') summary = readSummary(value);
    if (name !== '_elements') continue;
    const { form, unknown } = readElements(definitions.structures, [type], value);
    if (unknown.length > 0) throw invalidRequest(`_elements names what no ${type} has: ${unknown.join(', ')}`, name);
    elements = form;
  }
  if (summary === 'count') throw invalidRequest('_summary=count is for searches', '_summary');
  return formOf(summary, elements);
}
