import type { FhirDefinitions } from './definitions.js';
import type { Resource } from './resource.js';
import type { Member, StructureTable } from './structure.js';
import type { FhirVersion } from './version.js';

/** The part of each resource that an answer shows. */
export type ResultForm =
  | {
      /** https://hl7.org/fhir/R4/search.html#summary */
      readonly kind: 'summary';
      readonly summary: 'true' | 'text' | 'data';
    }
  | {
      /** https://hl7.org/fhir/R4/search.html#elements */
      readonly kind: 'elements';
      /** Names of elements at the root of the resources asked for. */
      readonly names: readonly string[];
      /** By type the names that were asked for with it (`Patient.name`): they count for included resources as well. */
      readonly ofTypes: Readonly<Record<string, readonly string[]>>;
    };

/** The code system of the tag `SUBSETTED`. https://hl7.org/fhir/R4/resource.html#simple-tags */
const tagSystems: Readonly<Record<FhirVersion, string>> = {
  r4: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  stu3: 'http://hl7.org/fhir/v3/ObservationValue',
};

/**
 * The part of a resource that was asked for, tagged `SUBSETTED` so that nobody takes it for the whole.
 * Mandatory elements and those that change the meaning of others stay in every form but `data`, which only loses
 * the narrative.
 * @param resource the whole resource; it is not changed.
 * @param isIncluded whether it is in the answer for another resource's sake.
 * @returns undefined when all of it is wanted.
 */
export function subsetOf(
  { structures, version }: FhirDefinitions,
  resource: Resource,
  form: ResultForm,
  isIncluded = false,
): Resource | undefined {
  const part = partOf(structures, resource, form, isIncluded);
  return part === undefined ? undefined : tagged(part, tagSystems[version]);
}

function partOf(
  structures: StructureTable,
  resource: Resource,
  form: ResultForm,
  isIncluded: boolean,
): Resource | undefined {
  const type = resource.resourceType;
  if (form.kind === 'summary') {
    switch (form.summary) {
      case 'true':
        return summaryOf(structures, type, resource) as Resource;
      case 'text':
        return rootOf(structures, resource, ['text']);
      case 'data':
        return keptOf(resource, (name) => name !== 'text');
    }
  }
  const ofType = Object.hasOwn(form.ofTypes, type) ? (form.ofTypes[type] ?? []) : undefined;
  const names = isIncluded || form.names.length === 0 ? ofType : [...form.names, ...(ofType ?? [])];
  return names === undefined ? undefined : rootOf(structures, resource, names);
}

const keptOf = (resource: Resource, wanted: (name: string) => boolean): Resource =>
  Object.fromEntries(Object.entries(resource).filter(([name]) => wanted(name))) as Resource;

/** The element a JSON member belongs to: `_birthDate` to `birthDate`. */
const memberOf = (members: ReadonlyMap<string, Member>, name: string): Member | undefined =>
  members.get(name.startsWith('_') ? name.slice(1) : name);

/** The name of an element without what stands for its type: `value[x]` is `value`. */
export const elementName = (name: string): string => name.replace(/\[x\]$/, '');

const always = new Set(['resourceType', 'id', 'meta']);

function rootOf(structures: StructureTable, resource: Resource, names: readonly string[]): Resource {
  const members = structures.members(resource.resourceType);
  return keptOf(resource, (name) => {
    if (always.has(name)) return true;
    const rule = memberOf(members, name)?.rule;
    return (
      rule !== undefined &&
      (rule.min > 0 || rule.isModifier || names.includes(elementName(rule.name)) || names.includes(name))
    );
  });
}

function summaryOf(structures: StructureTable, type: string, value: object): object {
  const members = structures.members(type);
  const kept: [string, unknown][] = [];
  for (const [name, inner] of Object.entries(value) as [string, unknown][]) {
    const member = memberOf(members, name);
    if (member === undefined) {
      if (always.has(name)) kept.push([name, inner]);
      continue;
    }
    const { rule, isPrimitive } = member;
    if (!rule.isSummary && !rule.isModifier && rule.min === 0) continue;
    const part = isPrimitive || member.type === 'Resource' ? inner : summaryOfAll(structures, member.type, inner);
    if (part !== undefined || rule.min > 0) kept.push([name, part ?? inner]);
  }
  return Object.fromEntries(kept);
}

/** An element's value, or each of its repetitions; undefined when nothing of it is in summaries. */
function summaryOfAll(structures: StructureTable, type: string, value: unknown): unknown {
  if (Array.isArray(value)) {
    const parts = (value as unknown[]).map((each) => summaryOfAll(structures, type, each));
    // Positions count (a list may refer into another): all repetitions stay, or none.
    return parts.every((part) => part === undefined)
      ? undefined
      : parts.map((part, i) => part ?? (value as unknown[])[i]);
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const part = summaryOf(structures, type, value);
  return Object.keys(part).length === 0 ? undefined : part;
}

function tagged(resource: Resource, system: string): Resource {
  const { resourceType, id, meta, ...rest } = resource;
  const tags = Array.isArray(meta?.['tag']) ? (meta['tag'] as unknown[]) : [];
  const isTag = (tag: unknown): boolean =>
    typeof tag === 'object' &&
    tag !== null &&
    Reflect.get(tag, 'code') === 'SUBSETTED' &&
    Reflect.get(tag, 'system') === system;
  const all = tags.some(isTag) ? tags : [...tags, { system, code: 'SUBSETTED' }];
  return { resourceType, ...(id === undefined ? {} : { id }), meta: { ...meta, tag: all }, ...rest };
}
