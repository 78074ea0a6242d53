import { invariantIssue, type OtherEngine } from '../check-invariants.js';
import type { FhirDefinitions } from '../definitions.js';
import { type FhirNode, newBudget, type Surroundings } from '../fhirpath/node.js';
import { targetOf } from '../fhirpath/resolve.js';
import { isA } from '../fhirpath/type.js';
import type { OutcomeIssue } from '../outcome.js';
import { issueAt } from '../place.js';
import { holdsPattern, isFixed } from './expected.js';
import { type Item, itemsOf } from './items.js';
import { compareToLimit } from './limits.js';
import type { Profile, ProfileElement, ProfileType } from './profile.js';
import { matchesSlice } from './slicing.js';
import { type CodeCheck, codesOfNode } from './code-check.js';

/** What profiles are checked with. */
export interface ProfileContext {
  readonly definitions: FhirDefinitions;
  /** A profile by its URL; undefined for an unknown one. */
  readonly profileOf: (url: string) => Profile | undefined;
  readonly hasCode: CodeCheck;
  /** Evaluates expressions that the compiler does not cover. */
  readonly other?: OtherEngine;
}

/** Where a check is: `%resource`, `%rootResource`, and what it may still cost. */
type Owner = Pick<Surroundings, 'resource' | 'root' | 'budget'>;

/** Profiles within profiles are looked into so far: definitions may lead back to themselves. */
const deepest = 16;

/** One value checked against one profile. */
class ProfileCheck {
  readonly issues: OutcomeIssue[] = [];
  private readonly context: ProfileContext;
  private readonly owner: Owner;
  private readonly profile: Profile;
  private readonly depth: number;

  constructor(context: ProfileContext, owner: Owner, profile: Profile, depth: number) {
    this.context = context;
    this.owner = owner;
    this.profile = profile;
    this.depth = depth;
  }

  value(element: ProfileElement, node: FhirNode, path: readonly (string | number)[]): void {
    this.type(element, node, path);
    const { expected, maxLength } = element;
    if (expected !== undefined) {
      const holds = expected.kind === 'fixed' ? isFixed : holdsPattern;
      if (!holds(node.value, expected.value)) {
        const must = expected.kind === 'fixed' ? 'must be' : 'must hold';
        this.report('value', path, `${must} ${shown(expected.value)}`);
      }
    }
    if (maxLength !== undefined && typeof node.value === 'string' && node.value.length > maxLength) {
      this.report(
        'value',
        path,
        `has ${String(node.value.length)} characters; at most ${String(maxLength)} are allowed`,
      );
    }
    this.limits(element, node, path);
    this.bindings(element, node, path);
    for (const invariant of element.invariants) {
      const around = { ...this.owner, context: node };
      const { definitions, other } = this.context;
      const issue = invariantIssue(definitions, invariant, around, path, other);
      if (issue !== undefined) this.issues.push(issue);
    }
    for (const child of element.children.values()) this.element(child, node, path);
  }

  /** `minValue[x]` and `maxValue[x]`. */
  private limits({ least, greatest }: ProfileElement, node: FhirNode, path: readonly (string | number)[]): void {
    const sides = [
      { limit: least, direction: -1, beyond: 'below', must: 'must be at least' },
      { limit: greatest, direction: 1, beyond: 'above', must: 'must be at most' },
    ] as const;
    for (const { limit, direction, beyond, must } of sides) {
      if (limit === undefined || node.value === undefined) continue;
      const found = compareToLimit(node.value, limit, direction);
      if (found === beyond) this.report('value', path, `${must} ${shown(limit.value)}`);
      if (found === 'unknown') this.warn('not-supported', path, `cannot be compared with ${shown(limit.value)}`);
    }
  }

  private element(element: ProfileElement, parent: FhirNode, path: readonly (string | number)[]): void {
    const items = itemsOf(this.context.definitions.structures, parent, element.name);
    this.count(element, items.length, path);
    for (const { node, place } of items) this.value(element, node, [...path, ...place]);
    if (element.slices.size > 0) this.slices(element, items, path);
  }

  private count(
    { name, sliceName, min = 0, max = Infinity }: ProfileElement,
    count: number,
    path: readonly (string | number)[],
  ): void {
    const place = [...path, name.replace('[x]', '')];
    const slice = sliceName === undefined ? '' : ` (slice ${sliceName})`;
    if (count < min) {
      const why = count === 0 && min === 1 ? 'is missing' : `has ${String(count)} of at least ${String(min)} values`;
      this.report('required', place, why + slice);
    } else if (count > max) {
      const why = max === 0 ? 'must not be there' : `has ${String(count)} values; at most ${String(max)} are allowed`;
      this.report('structure', place, why + slice);
    }
  }

  private slices(element: ProfileElement, items: readonly Item[], path: readonly (string | number)[]): void {
    const bySlice = new Map<ProfileElement, Item[]>();
    const all = [...element.slices.values()];
    const { rules = 'open', ordered = false } = element.slicing ?? {};
    let last = 0;
    let outside = false;
    for (const item of items) {
      const { node, place } = item;
      const there = [...path, ...place];
      const at = all.findIndex((each) => this.isOfSlice(element, each, node));
      const slice = all[at];
      if (slice === undefined) {
        outside = true;
        if (rules === 'closed') this.report('structure', there, `is in no slice; there are ${namesOf(all)}`);
        continue;
      }
      bySlice.set(slice, [...(bySlice.get(slice) ?? []), item]);
      if (ordered && at < last) {
        this.report('structure', there, `stands behind what must follow it; the order of slices is ${namesOf(all)}`);
      }
      if (rules === 'openAtEnd' && outside) {
        this.report('structure', there, `stands behind a value that is in no slice; those must be the last ones`);
      }
      last = Math.max(last, at);
      this.value(slice, node, there);
    }
    for (const slice of all) {
      const own = bySlice.get(slice) ?? [];
      this.count(slice, own.length, path);
      if (slice.slices.size > 0) this.slices(slice, own, path);
    }
  }

  private isOfSlice(element: ProfileElement, slice: ProfileElement, node: FhirNode): boolean {
    return matchesSlice(element, slice, node, {
      ...this.context,
      owner: this.owner,
      conforms: (url, value) => {
        const profile = this.context.profileOf(url);
        return profile !== undefined && this.nested(profile, value, []).every(({ severity }) => severity !== 'error');
      },
    });
  }

  private nested(profile: Profile, node: FhirNode, path: readonly (string | number)[]): OutcomeIssue[] {
    if (this.depth >= deepest) return [];
    const check = new ProfileCheck(this.context, this.owner, profile, this.depth + 1);
    check.value(profile.root, node, path);
    return check.issues;
  }

  private type({ types }: ProfileElement, node: FhirNode, path: readonly (string | number)[]): void {
    if (types.length === 0 || node.type.includes('.')) return;
    const { structures } = this.context.definitions;
    const type = types.find(({ code }) => isA(structures, node.type, code));
    if (type === undefined) {
      this.report('structure', path, `is of type ${node.type}; allowed: ${types.map(({ code }) => code).join(', ')}`);
      return;
    }
    this.profiles(type, node, path);
    if (type.targets.length > 0) this.target(type, node, path);
  }

  /** The value keeps one of the profiles of its type, as far as they are known. */
  private profiles({ profiles }: ProfileType, node: FhirNode, path: readonly (string | number)[]): void {
    let first: OutcomeIssue[] | undefined;
    for (const url of profiles) {
      const profile = this.context.profileOf(url);
      const issues = profile === undefined ? [] : this.nested(profile, node, path);
      if (issues.every(({ severity }) => severity !== 'error')) {
        this.issues.push(...issues);
        return;
      }
      first ??= issues;
    }
    this.issues.push(...(first ?? []));
  }

  /** What a reference points at is of a type that is allowed, as far as its text tells. */
  private target({ targets }: ProfileType, node: FhirNode, path: readonly (string | number)[]): void {
    const { definitions, profileOf } = this.context;
    const target = targetOf(definitions.structures, node, this.owner.root);
    if (target === undefined) return;
    const types = targets.map((url) => profileOf(url)?.type ?? url.slice(url.lastIndexOf('/') + 1));
    const isAllowed = types.some(
      (type) => type === target.type || type === 'Resource' || !definitions.structures.isResourceType(type),
    );
    if (!isAllowed)
      this.report('value', path, `refers to a ${target.type}; allowed: ${[...new Set(types)].join(', ')}`);
  }

  private bindings({ binding }: ProfileElement, node: FhirNode, path: readonly (string | number)[]): void {
    if (binding === undefined) return;
    const { strength, valueSet, maxValueSet } = binding;
    const codes = codesOfNode(node);
    const isIn = (url: string): boolean | undefined => {
      const verdicts = codes.map((code) => this.context.hasCode(url, code));
      if (verdicts.some((verdict) => verdict === true)) return true;
      return verdicts.some((verdict) => verdict === undefined) ? undefined : false;
    };
    if (maxValueSet !== undefined && codes.length > 0) this.required(maxValueSet, isIn(maxValueSet), path);
    if (valueSet === undefined) return;
    if (strength === 'required') {
      if (codes.length > 0 || node.value !== undefined) this.required(valueSet, isIn(valueSet), path);
    } else if (codes.length > 0 && isIn(valueSet) === false) {
      this.warn(
        'code-invalid',
        path,
        `has no code of the value set ${valueSet}, which goes first where it has one that fits`,
      );
    }
  }

  private required(valueSet: string, isIn: boolean | undefined, path: readonly (string | number)[]): void {
    if (isIn === undefined) this.warn('not-supported', path, `could not be checked against the value set ${valueSet}`);
    else if (!isIn) this.report('code-invalid', path, `has no code of the value set ${valueSet}`);
  }

  private warn(code: string, path: readonly (string | number)[], why: string): void {
    this.issues.push(issueAt('warning', code, path, `${why} (profile ${this.profile.url})`));
  }

  private report(code: string, path: readonly (string | number)[], why: string): void {
    this.issues.push(issueAt('error', code, path, `${why} (profile ${this.profile.url})`));
  }
}

const namesOf = (slices: readonly ProfileElement[]): string => slices.map(({ sliceName = '' }) => sliceName).join(', ');

const shown = (value: unknown): string => {
  const text = JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
};

/**
 * Checks a resource against a profile: cardinalities, types, fixed values and patterns, required bindings, slices,
 * invariants, and the profiles of its extensions and data types. https://hl7.org/fhir/R4/profiling.html
 * @param resource that keeps the structural rules of its type.
 * @param path of the resource.
 * @returns an issue for every rule that does not hold.
 */
export function checkProfile(
  context: ProfileContext,
  profile: Profile,
  resource: FhirNode,
  root: FhirNode,
  path: readonly (string | number)[],
): OutcomeIssue[] {
  if (resource.type !== profile.type) {
    return [
      issueAt('error', 'invalid', path, `is a ${resource.type}; the profile ${profile.url} is for ${profile.type}`),
    ];
  }
  const check = new ProfileCheck(context, { resource, root, budget: newBudget() }, profile, 0);
  check.value(profile.root, resource, path);
  return check.issues;
}
