import type { FhirDefinitions } from './definitions.js';
import { type Guides, guidesOf } from './guides.js';
import type { Resource } from './resource.js';
import { fhirVersionNumbers, type FhirVersion } from './version.js';

/** Imports with constant paths, so that a bundler sees them; only `$validate` asks. */
const generated: Readonly<Record<FhirVersion, () => Promise<{ readonly profiles: readonly Resource[] }>>> = {
  r4: () => import('./generated/r4/profiles.js'),
  stu3: () => import('./generated/stu3/profiles.js'),
};

const loaded = new WeakMap<FhirDefinitions, Promise<Guides>>();

/**
 * The profiles of the definitions themselves, such as vital signs, as a guide; its extensions are not known.
 * https://hl7.org/fhir/R4/profilelist.html
 * @returns the same for the same definitions.
 */
export function loadBaseProfiles(definitions: FhirDefinitions): Promise<Guides> {
  const { version } = definitions;
  let guides = loaded.get(definitions);
  if (guides === undefined) {
    guides = generated[version]().then(({ profiles }) =>
      guidesOf(definitions, [
        {
          name: 'hl7.fhir.core',
          version: fhirVersionNumbers[version],
          fhirVersion: version,
          dependencies: [],
          profiles,
          searchParameters: [],
          valueSets: [],
          codeSystems: [],
        },
      ]),
    );
    loaded.set(definitions, guides);
  }
  return guides;
}
