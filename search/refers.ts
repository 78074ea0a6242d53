import type { Resource } from '../fhir/resource.js';
import { parameterTypes } from './parameter-types.js';
import type { Filter, RefersFilter, RefersTargets } from './request.js';
import type { ServedParameter } from './served-parameter.js';
import type { TermRange } from './term.js';

/** Whether one resource satisfies one condition; `container` is what it is contained in, or itself. */
type MatchesFilter = (filter: Filter, resource: Resource, container: Resource) => boolean;

/**
 * Whether a resource refers to one of the targets, or contains what counts as one.
 * @param container the resource that `resource` is contained in, or the same: fragments point into it.
 */
export function matchesRefers(
  { parameters, targets }: RefersFilter,
  resource: Resource,
  container: Resource,
  matches: MatchesFilter,
): boolean {
  return parameters.some((parameter) => {
    const extracted = parameter.extract(resource);
    if (parameterTypes.reference.values(extracted, { parameter, resource }).some((value) => leadsTo(value, targets)))
      return true;
    if (targets.contained.size === 0) return false;
    return resourcesInside(extracted, container).some((inside) => {
      const filter = targets.contained.get(inside.resourceType);
      const around = isPart(inside, extracted) ? inside : container;
      return filter !== undefined && matches(filter, inside, around);
    });
  });
}

type ReferenceValue = ReturnType<(typeof parameterTypes)['reference']['values']>[number];

function leadsTo(value: ReferenceValue, { ids, bases, canonicals }: RefersTargets): boolean {
  if (value.kind === 'resource') return bases.includes(value.base) && ids.get(value.type)?.has(value.id) === true;
  if (value.kind !== 'uri') return false;
  const versions = canonicals.get(value.uri);
  return versions !== undefined && (value.version === '' || versions.has(value.version));
}

/** The ids of contained resources that extracted values point at. */
const containedIds = (extracted: ReturnType<ServedParameter['extract']>): string[] =>
  extracted.flatMap(({ value }) => {
    const text: unknown =
      typeof value === 'object' && value !== null ? (value as Partial<Record<string, unknown>>)['reference'] : value;
    return typeof text === 'string' && text.startsWith('#') ? [text.slice(1)] : [];
  });

type Extracted = ReturnType<ServedParameter['extract']>;

/** Whether a resource is a value of the parameter, as a Bundle's `composition` and `message` are. */
const isPart = (resource: unknown, extracted: Extracted): boolean => extracted.some(({ value }) => value === resource);

const isResource = (value: unknown): value is Resource =>
  typeof value === 'object' && value !== null && 'resourceType' in value && typeof value.resourceType === 'string';

/**
 * The resources within a resource that a parameter leads to: contained ones, and a document's Composition or a
 * message's MessageHeader. https://hl7.org/fhir/R4/bundle.html#search
 */
const resourcesInside = (extracted: Extracted, container: Resource): Resource[] => [
  ...containedIds(extracted).flatMap((id) => containedIn(container, id) ?? []),
  ...extracted.flatMap(({ value }) => (isResource(value) ? [value] : [])),
];

/** Whether a reference parameter points into the resource itself. */
export const pointsInside = (parameter: ServedParameter, resource: Resource): boolean => {
  const extracted = parameter.extract(resource);
  return containedIds(extracted).length > 0 || extracted.some(({ value }) => isResource(value));
};

function containedIn(container: Resource, id: string): Resource | undefined {
  if (id === '') return container;
  const contained = container['contained'];
  if (!Array.isArray(contained)) return undefined;
  return (contained as (Resource | null)[]).find((each) => each?.id === id) ?? undefined;
}

/** Where the terms of references to the targets are, in the lists of a reference parameter; `exact` when nothing else has them. */
export function refersRanges({ ids, bases, canonicals }: RefersTargets): { ranges: TermRange[]; exact: boolean } {
  const ranges: TermRange[] = [];
  let exact = true;
  for (const [type, ofType] of ids) {
    for (const id of ofType) {
      const found = parameterTypes.reference.ranges({ kind: 'resource', id, types: [type], bases });
      for (const range of found.ranges) ranges.push(range);
      exact &&= found.exact;
    }
  }
  for (const uri of canonicals.keys()) {
    ranges.push(...parameterTypes.reference.ranges({ kind: 'uri', uri }).ranges);
    exact = false;
  }
  return { ranges, exact };
}
