import type { Resource } from '../../fhir/resource.js';

interface CodedObservation {
  readonly code?: {
    readonly coding?: readonly { readonly system?: string; readonly code?: string }[];
    readonly text?: string;
  };
  readonly subject?: { readonly reference?: string };
}

/**
 * Groups observations by what they are of: codings of one code mean the same, and so on from one observation to the next;
 * codes of words alone by their words. Observations of different subjects are in different groups.
 * https://hl7.org/fhir/R4/observation-operation-lastn.html
 * @returns the number of the group of the observation at a place.
 */
export function codeGroups(observations: readonly Resource[]): (place: number) => number {
  const parents = observations.map((_, place) => place);
  const rootOf = (place: number): number => {
    let root = place;
    for (let parent = parents[root] ?? root; parent !== root; parent = parents[root] ?? root) root = parent;
    for (let each = place; each !== root;) {
      const next = parents[each] ?? root;
      parents[each] = root;
      each = next;
    }
    return root;
  };
  const firstWith = new Map<string, number>();
  for (const [place, observation] of observations.entries()) {
    for (const key of keysOf(observation)) {
      const first = firstWith.get(key);
      if (first === undefined) firstWith.set(key, place);
      else parents[rootOf(place)] = rootOf(first);
    }
  }
  return rootOf;
}

/** What two observations of one group have in common; nothing for one that does not say what it is of. */
function keysOf(observation: Resource): string[] {
  const { code, subject } = observation as CodedObservation;
  const key = (...parts: readonly (string | undefined)[]): string => JSON.stringify([subject?.reference, ...parts]);
  const coded = (code?.coding ?? []).filter((coding) => coding.code !== undefined);
  if (coded.length > 0) return coded.map((coding) => key(coding.system ?? '', coding.code));
  return code?.text === undefined ? [] : [key(code.text)];
}
