import { tooCostly } from '../fhir/outcome.js';
import type { Resource } from '../fhir/resource.js';
import type { ConceptMap } from '../fhir/terminology/concept-map.js';
import type { Canonical } from '../fhir/terminology/finder.js';
import type { Caller, FhirServer } from './server.js';
import { greatestVersion, storedWith } from './terminology.js';

/** So many maps are looked at for one code. */
const mostMaps = 1_000;

/** The stored map with a canonical URL that the caller may see; of several versions the greatest, unless one is asked for. */
export async function findConceptMap(
  server: FhirServer,
  caller: Caller,
  { url, version }: Canonical,
): Promise<ConceptMap | undefined> {
  const { found } = await storedWith(server, caller, 'ConceptMap', ['url', url], mostMaps);
  return greatestVersion(found, version) as ConceptMap | undefined;
}

/**
 * The stored maps from or to a code system that the caller may see: of each URL the greatest version, and none retired.
 * @param end the search parameter that names the code system.
 * @throws OperationOutcomeError 413 when there are more than may be looked at.
 */
export async function findConceptMaps(
  server: FhirServer,
  caller: Caller,
  end: 'source-system' | 'target-system',
  system: string,
): Promise<readonly ConceptMap[]> {
  const { found, more } = await storedWith(server, caller, 'ConceptMap', [end, system], mostMaps);
  if (more) throw tooCostly(`More than ${String(mostMaps)} concept maps are about that code system: name one by url`);
  const byUrl = new Map<string, readonly Resource[]>();
  for (const map of found) {
    const name = typeof map['url'] === 'string' ? map['url'] : `#${String(map.id)}`;
    byUrl.set(name, [...(byUrl.get(name) ?? []), map]);
  }
  const maps = [...byUrl.values()].map((versions) => greatestVersion(versions) as ConceptMap | undefined);
  return maps.filter((map) => map !== undefined).filter(({ status }) => status !== 'retired');
}
