import { type ImplementationGuide, objectsOf, textOf, unversioned } from '../../fhir/guide.js';

const baseUrl = 'http://hl7.org/fhir/StructureDefinition/';

/**
 * What a deployment should know of its guides: packages they build on that are not there, profiles that have no
 * snapshot, and those whose base nobody knows, so that only a part of them is checked.
 * @param guides all that are loaded.
 * @returns sentences.
 */
export function guideNotes(guides: readonly ImplementationGuide[]): readonly string[] {
  return guides.flatMap((guide) => {
    const ofVersion = guides.filter(({ fhirVersion }) => fhirVersion === guide.fhirVersion);
    return [...missingPackages(guide, ofVersion), ...withoutSnapshot(guide, ofVersion)].map(
      (note) => `the implementation guide ${guide.name} ${guide.version} ${note}`,
    );
  });
}

function missingPackages({ dependencies }: ImplementationGuide, guides: readonly ImplementationGuide[]): string[] {
  const missing = dependencies.filter((dependency) => !guides.some(({ name }) => name === dependency.split('#')[0]));
  return missing.length === 0
    ? []
    : [
        `builds on packages that IMPLEMENTATION_GUIDES does not name, so what it takes from them is not known: ${missing.join(', ')}`,
      ];
}

function withoutSnapshot({ profiles }: ImplementationGuide, guides: readonly ImplementationGuide[]): string[] {
  const bare = profiles.filter((profile) => objectsOf(profile['snapshot'], 'element').length === 0);
  if (bare.length === 0) return [];
  const known = new Set(guides.flatMap((guide) => guide.profiles.map((profile) => textOf(profile, 'url'))));
  const lost = bare.filter((profile) => {
    const base = unversioned(textOf(profile, 'baseDefinition') ?? '');
    return !base.startsWith(baseUrl) && !known.has(base);
  });
  const count = `has ${String(bare.length)} profiles without a snapshot: their differentials count, on top of what they build on`;
  if (lost.length === 0) return [count];
  const names = lost.map((profile) => textOf(profile, 'url') ?? '').join(', ');
  return [count, `has profiles whose base is not known, so that only their own differential is checked: ${names}`];
}
