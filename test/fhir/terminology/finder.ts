import type { CodeSystem } from '../../../fhir/terminology/code-system.js';
import type { TerminologyFinder } from '../../../fhir/terminology/finder.js';
import type { ConceptSet, ValueSet } from '../../../fhir/terminology/value-set.js';

/** A code system of tests; complete unless it says otherwise. */
export const codeSystem = (url: string, members: Partial<CodeSystem>): CodeSystem => ({
  resourceType: 'CodeSystem',
  url,
  content: 'complete',
  ...members,
});

/** A value set of tests. */
export const valueSet = (url: string, include: readonly ConceptSet[], exclude?: readonly ConceptSet[]): ValueSet => ({
  resourceType: 'ValueSet',
  url,
  compose: { include, ...(exclude === undefined ? {} : { exclude }) },
});

/** What terminology is made of. */
export type TerminologyResource = CodeSystem | ValueSet;

/** Finds among some resources, by URL and version. */
export function finderOf(...resources: readonly TerminologyResource[]): TerminologyFinder {
  const find = (type: string, url: string, version: string | undefined) =>
    resources.find(
      (each) => each.resourceType === type && each.url === url && (version === undefined || each.version === version),
    );
  return {
    codeSystem: ({ url, version }) => Promise.resolve(find('CodeSystem', url, version) as CodeSystem | undefined),
    valueSet: ({ url, version }) => Promise.resolve(find('ValueSet', url, version) as ValueSet | undefined),
  };
}
