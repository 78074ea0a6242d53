import { parseJson } from '../fhir/json.js';
import { keyText, type Resource } from '../fhir/resource.js';
import { loadBaseTerminology } from '../fhir/terminology/base.js';
import type { CodeSystem } from '../fhir/terminology/code-system.js';
import type { Canonical, TerminologyFinder } from '../fhir/terminology/finder.js';
import type { ValueSet } from '../fhir/terminology/value-set.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { escapedValue } from '../search/escape.js';
import { parseSearch } from '../search/parse.js';
import { requireUnchained } from '../search/request.js';
import { accessOrNone } from './access.js';
import { findMatches } from './matches.js';
import type { Caller, FhirServer } from './server.js';

/**
 * The code systems and value sets a caller may see: those stored on the server by their `url`, then those of
 * implementation guides, then those of the definitions. Of several with one URL and no version asked for, the one with the greatest version counts.
 * What was found counts for as long as the finder is used, which is one request: a value set may name another thousands of times.
 */
export function terminologyFinder(server: FhirServer, caller: Caller): TerminologyFinder {
  const base = (): ReturnType<typeof loadBaseTerminology> => loadBaseTerminology(server.definitions.version);
  const ofVersion = <Found extends CodeSystem | ValueSet>(found: Found | undefined, version: string | undefined) =>
    version === undefined || found?.version === version ? found : undefined;
  return remembering({
    async codeSystem(canonical) {
      const stored = await findStored(server, caller, 'CodeSystem', canonical);
      if (stored !== undefined) return stored as unknown as CodeSystem;
      const ofGuide = ofVersion(server.guides?.codeSystem(canonical.url) as CodeSystem | undefined, canonical.version);
      if (ofGuide !== undefined) return ofGuide;
      return ofVersion((await base()).codeSystem(canonical.url), canonical.version);
    },
    async valueSet(canonical) {
      const stored = await findStored(server, caller, 'ValueSet', canonical);
      if (stored !== undefined) return stored as unknown as ValueSet;
      const ofGuide = ofVersion(server.guides?.valueSet(canonical.url) as ValueSet | undefined, canonical.version);
      if (ofGuide !== undefined) return ofGuide;
      return ofVersion((await base()).valueSet(canonical.url), canonical.version);
    },
  });
}

/** The same, which looks for each URL and version once. */
function remembering(finder: TerminologyFinder): TerminologyFinder {
  const once = <Found>(find: (canonical: Canonical) => Promise<Found>): ((canonical: Canonical) => Promise<Found>) => {
    const known = new Map<string, Promise<Found>>();
    return (canonical) => {
      const key = JSON.stringify([canonical.url, canonical.version]);
      const found = known.get(key) ?? find(canonical);
      known.set(key, found);
      return found;
    };
  };
  return {
    codeSystem: once((canonical) => finder.codeSystem(canonical)),
    valueSet: once((canonical) => finder.valueSet(canonical)),
  };
}

/** More resources with one URL than these are nobody's versions. */
const mostVersions = 100;

const findStored = async (
  server: FhirServer,
  caller: Caller,
  type: 'CodeSystem' | 'ValueSet',
  { url, version }: Canonical,
): Promise<Resource | undefined> => {
  const { found } = await storedWith(server, caller, type, ['url', url], mostVersions);
  return greatestVersion(found, version);
};

/**
 * The stored resources of a type with the value of a search parameter, as far as the caller may see them.
 * @param most how many are looked at. @returns whether there are more.
 */
export async function storedWith(
  server: FhirServer,
  caller: Caller,
  type: 'CodeSystem' | 'ValueSet' | 'ConceptMap',
  [parameter, value]: readonly [string, string],
  most: number,
): Promise<{ readonly found: readonly Resource[]; readonly more: boolean }> {
  const access = value === '' ? undefined : accessOrNone(server, caller, 'search', type);
  if (access === undefined) return { found: [], more: false };
  const request = requireUnchained(
    parseSearch(server.definitions, type, [[parameter, escapedValue(value)]], {
      handling: 'strict',
      defaultCount: most,
      maxCount: most,
      now: server.now(),
    }),
  );
  const { matches, more } = await findMatches(server, { request, access }, { limit: most });
  return { found: matches.map((match) => parsed(server, match.version)), more };
}

/** The one with a version, or with the greatest when none is asked for. */
export const greatestVersion = (resources: readonly Resource[], version?: string): Resource | undefined =>
  resources
    .filter((resource) => version === undefined || resource['version'] === version)
    .toSorted((a, b) => compareVersions(b, a))[0];

/** `4.10.0` is greater than `4.9.1`; of equal versions the one that was changed last counts. */
function compareVersions(a: Resource, b: Resource): number {
  const text = (resource: Resource): string => (typeof resource['version'] === 'string' ? resource['version'] : '');
  const order = text(a).localeCompare(text(b), 'en', { numeric: true });
  return order !== 0 ? order : (a.meta?.lastUpdated ?? '') < (b.meta?.lastUpdated ?? '') ? -1 : 1;
}

/** Parsed code systems may be large, and are asked for again and again: so many characters of JSON are kept as objects. */
const mostKept = 16_000_000;

class ParsedVersions {
  private readonly byName = new Map<string, { readonly resource: Resource; readonly size: number }>();
  private size = 0;

  get(version: StoredVersion): Resource {
    const name = `${keyText(version)}/${String(version.versionId)}`;
    const known = this.byName.get(name);
    if (known !== undefined) return known.resource;
    const resource = parseJson(version.body) as Resource;
    this.byName.set(name, { resource, size: version.body.length });
    this.size += version.body.length;
    for (const [oldest, { size }] of this.byName) {
      if (this.size <= mostKept) break;
      this.byName.delete(oldest);
      this.size -= size;
    }
    return resource;
  }
}

const kept = new WeakMap<FhirServer, ParsedVersions>();

function parsed(server: FhirServer, version: StoredVersion): Resource {
  let versions = kept.get(server);
  if (versions === undefined) kept.set(server, (versions = new ParsedVersions()));
  return versions.get(version);
}
