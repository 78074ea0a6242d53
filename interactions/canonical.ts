import { parseJson } from '../fhir/json.js';
import { tooCostly } from '../fhir/outcome.js';
import type { Resource, ResourceKey } from '../fhir/resource.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { escapedValue } from '../search/escape.js';
import { parseSearch } from '../search/parse.js';
import { requireUnchained } from '../search/request.js';
import { accessOrNone } from './access.js';
import { findMatches } from './matches.js';
import type { Caller, FhirServer } from './server.js';

/** Canonical references by URL: the business versions wanted, `''` for any. */
export type Canonicals = ReadonlyMap<string, ReadonlySet<string>>;

/** So many URLs are looked for at once, and so many resources may have them. */
const urlsAtOnce = 100;
const mostFound = 10_000;

/** Whether resources of a type have a canonical URL and a business version. */
function isCanonicalType({ definitions }: FhirServer, type: string): boolean {
  const names = new Set(definitions.structures.elements(type).map(({ name }) => name));
  return names.has('url') && names.has('version') && definitions.searchParameters.find(type, 'url')?.type === 'uri';
}

/**
 * By which canonical URL a resource can be referred to, with its business version (empty without one).
 * https://hl7.org/fhir/R4/references.html#canonical
 * @returns none for a type without canonical URLs; those are not read at all.
 */
export function businessVersions(server: FhirServer, version: StoredVersion): (readonly [string, string])[] {
  if (!isCanonicalType(server, version.type)) return [];
  const { url, version: business } = parseJson(version.body) as Resource & { url?: unknown; version?: unknown };
  return typeof url === 'string' ? [[url, typeof business === 'string' ? business : '']] : [];
}

/**
 * The resources of a type that canonical references lead to, as far as the caller may search the type.
 * @throws OperationOutcomeError 413 for more than 10,000.
 */
export async function canonicalTargets(
  server: FhirServer,
  caller: Caller,
  type: string,
  canonicals: Canonicals,
): Promise<readonly ResourceKey[]> {
  const access = isCanonicalType(server, type) ? accessOrNone(server, caller, 'search', type) : undefined;
  if (access === undefined) return [];
  const urls = [...canonicals.keys()];
  const found: ResourceKey[] = [];
  for (let from = 0; from < urls.length; from += urlsAtOnce) {
    const value = urls
      .slice(from, from + urlsAtOnce)
      .map(escapedValue)
      .join(',');
    const options = { handling: 'strict', defaultCount: mostFound, maxCount: mostFound, now: server.now() } as const;
    const request = requireUnchained(parseSearch(server.definitions, type, [['url', value]], options));
    const { matches, more } = await findMatches(server, { request, access }, { limit: mostFound });
    if (more)
      throw tooCostly(`More than ${String(mostFound)} resources of type ${type} have the canonical URLs referred to`);
    for (const { version } of matches) {
      const fits = businessVersions(server, version).some(([url, business]) => {
        const wanted = canonicals.get(url);
        return wanted !== undefined && (wanted.has('') || wanted.has(business));
      });
      if (fits) found.push({ type, id: version.id });
    }
  }
  return found;
}
