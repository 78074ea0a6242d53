import type { Meta } from '../../fhir/resource.js';

/** A profile, or a tag or security label. */
type Label = string | { readonly system?: string; readonly code?: string };

/** The sets of a Meta that operations change. https://hl7.org/fhir/R4/resource.html#Meta */
const sets = ['profile', 'security', 'tag'] as const;

/** A profile is its URL; a tag or a label its system and code, whatever its display and version. */
const identity = (label: Label | null): string =>
  typeof label === 'string' ? label : JSON.stringify([label?.system ?? '', label?.code ?? '']);

/** As it stands in the JSON: null where a profile has extensions only. */
const listOf = (meta: Meta, name: string): readonly (Label | null)[] =>
  Array.isArray(meta[name]) ? (meta[name] as (Label | null)[]) : [];

/** A Meta with the labels of another one as well; those it has already stay as they are. */
export function withLabels(meta: Meta, labels: Meta): Meta {
  const result: Meta = { ...meta };
  for (const name of sets) {
    const own = listOf(meta, name);
    const known = new Set(own.map(identity));
    const added = listOf(labels, name).filter(
      (label) => label !== null && !known.has(identity(label)) && known.add(identity(label)),
    );
    if (added.length > 0) result[name] = [...own, ...added];
  }
  return result;
}

/** A Meta without the labels of another one. */
export function withoutLabels(meta: Meta, labels: Meta): Meta {
  const result: Meta = { ...meta };
  for (const name of sets) {
    const unwanted = new Set(
      listOf(labels, name)
        .filter((label) => label !== null)
        .map(identity),
    );
    const stays = listOf(meta, name).map((label) => label === null || !unwanted.has(identity(label)));
    if (stays.every((each) => each)) continue;
    // The extensions of profiles stand in an array of their own, place by place.
    for (const member of [name, `_${name}`]) {
      const kept = listOf(meta, member).filter((_, place) => stays[place]);
      if (kept.some((each) => each !== null)) result[member] = kept;
      else Reflect.deleteProperty(result, member);
    }
  }
  return result;
}

/** Whether a Meta that was made of another one has the same labels. */
export const sameLabels = (one: Meta, other: Meta): boolean =>
  sets.every((name) => listOf(one, name).length === listOf(other, name).length);
