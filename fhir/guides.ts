import type { FhirDefinitions } from './definitions.js';
import { type ImplementationGuide, textOf, unversioned } from './guide.js';
import type { Profile } from './profile/profile.js';
import { readProfile } from './profile/read-profile.js';
import type { Resource } from './resource.js';

/** The profiles and the terminology of the implementation guides of one FHIR version. */
export interface Guides {
  readonly guides: readonly ImplementationGuide[];
  /** Whether there are definitions of extensions. */
  readonly hasExtensions: boolean;
  /** A profile by its canonical, with or without a version; undefined for an unknown one. */
  profileOf(canonical: string): Profile | undefined;
  /** The URLs of the profiles of a resource type, sorted. */
  profilesOfType(type: string): readonly string[];
  /** A value set by its URL. */
  valueSet(url: string): Resource | undefined;
  /** A code system by its URL. */
  codeSystem(url: string): Resource | undefined;
}

const baseUrl = 'http://hl7.org/fhir/StructureDefinition/';

const byUrl = (resources: readonly Resource[]): ReadonlyMap<string, Resource> =>
  new Map(resources.map((resource) => [textOf(resource, 'url') ?? '', resource]));

/**
 * What implementation guides hold; each profile is read when it is first asked for.
 * @param definitions of the version the guides are for.
 */
export function guidesOf(definitions: FhirDefinitions, guides: readonly ImplementationGuide[]): Guides {
  const structures = byUrl(guides.flatMap(({ profiles }) => profiles));
  const valueSets = byUrl(guides.flatMap((guide) => guide.valueSets));
  const codeSystems = byUrl(guides.flatMap((guide) => guide.codeSystems));
  const known = new Map<string, Profile>();
  const { invariants, structures: types } = definitions;
  const isBaseType = (source: string | undefined): boolean =>
    source?.startsWith(baseUrl) === true && types.isType(source.slice(baseUrl.length));
  const profileOf = (canonical: string): Profile | undefined => {
    const url = unversioned(canonical);
    const found = known.get(url);
    const structure = structures.get(url);
    if (found !== undefined || structure === undefined) return found;
    const profile = readProfile(
      structure,
      (base) => structures.get(base),
      ({ key, expression }, source) => invariants.has(key, expression) || isBaseType(source),
    );
    known.set(url, profile);
    return profile;
  };
  return {
    guides,
    hasExtensions: [...structures.values()].some((structure) => structure['type'] === 'Extension'),
    profileOf,
    profilesOfType: (type) =>
      [...structures]
        .filter(([, structure]) => structure['type'] === type && structure['kind'] === 'resource')
        .map(([url]) => url)
        .sort(),
    valueSet: (url) => valueSets.get(url),
    codeSystem: (url) => codeSystems.get(url),
  };
}
