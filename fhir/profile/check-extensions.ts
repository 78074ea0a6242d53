import { compilerOf } from '../check-invariants.js';
import type { Surroundings } from '../fhirpath/node.js';
import { EvaluationError, type FhirNode, newBudget } from '../fhirpath/node.js';
import { isA } from '../fhirpath/type.js';
import type { OutcomeIssue } from '../outcome.js';
import { issueAt } from '../place.js';
import { checkProfile, type ProfileContext } from './check-profile.js';
import { itemsOf } from './items.js';
import type { ExtensionContext, Profile } from './profile.js';

/** An element that may hold extensions, and what it can be called where an extension says where it may stand. */
interface Holder {
  readonly node: FhirNode;
  /** `Patient.contact`, `HumanName.given`; without `[x]`. */
  readonly names: readonly string[];
  /** Of an extension, its URL. */
  readonly url?: string;
}

type Owner = Pick<Surroundings, 'resource' | 'root'>;

/**
 * Checks the extensions of a resource whose definitions are known: each keeps its definition, stands where that lets
 * it stand, and among the modifiers where it is one. https://hl7.org/fhir/R4/defining-extensions.html
 * @param resource that keeps the structural rules of its type; resources within it are left out.
 * @param path of the resource.
 */
export function checkExtensions(
  context: ProfileContext,
  resource: FhirNode,
  root: FhirNode,
  path: readonly (string | number)[],
): OutcomeIssue[] {
  const issues: OutcomeIssue[] = [];
  const { structures } = context.definitions;
  const owner: Owner = { resource, root };
  const visit = (holder: Holder, place: readonly (string | number)[]): void => {
    const { node } = holder;
    const type = node.sibling === undefined ? node.type : 'Element';
    if (node.sibling === undefined && (typeof node.value !== 'object' || node.value === null)) return;
    for (const { name } of structures.elements(type)) {
      const plain = name.replace('[x]', '');
      for (const { node: child, place: end } of itemsOf(structures, node, name)) {
        if (structures.isResourceType(child.type)) continue;
        const there = [...place, ...end];
        const isExtension = name === 'extension' || name === 'modifierExtension';
        const url = isExtension ? urlOf(child) : undefined;
        if (url !== undefined) {
          const profile = context.profileOf(url);
          if (profile?.type === 'Extension') {
            issues.push(...checkProfile(context, profile, child, root, there));
            issues.push(...placeIssues(context, owner, { profile, holder, name }, there));
          }
        }
        const names = [...holder.names.map((each) => `${each}.${plain}`), `${node.type}.${plain}`];
        visit({ node: child, names: [...new Set(names)], ...(url === undefined ? {} : { url }) }, there);
      }
    }
  };
  visit({ node: resource, names: [resource.type] }, path);
  return issues;
}

function urlOf({ value }: FhirNode): string | undefined {
  const { url } = (value ?? {}) as { readonly url?: unknown };
  return typeof url === 'string' ? url : undefined;
}

interface Found {
  readonly profile: Profile;
  readonly holder: Holder;
  /** `extension` or `modifierExtension`. */
  readonly name: string;
}

function placeIssues(
  context: ProfileContext,
  owner: Owner,
  { profile, holder, name }: Found,
  path: readonly (string | number)[],
): OutcomeIssue[] {
  const issues: OutcomeIssue[] = [];
  const { contexts, isModifier, url } = profile;
  if (isModifier !== undefined && isModifier !== (name === 'modifierExtension')) {
    const where = isModifier ? 'modifierExtension' : 'extension';
    issues.push(issueAt('error', 'structure', path, `must stand in ${where} (extension ${url})`));
  }
  if (contexts.length > 0 && !contexts.some((each) => allows(context, owner, each, holder))) {
    const allowed = contexts.map(({ expression }) => expression).join(', ');
    issues.push(issueAt('error', 'structure', path, `may not stand here; allowed: ${allowed} (extension ${url})`));
  }
  return issues;
}

function allows(
  { definitions }: ProfileContext,
  owner: Owner,
  { type, expression }: ExtensionContext,
  { node, names, url }: Holder,
): boolean {
  const wanted = expression.replaceAll('[x]', '');
  switch (type) {
    case 'extension':
      return url === expression;
    case 'fhirpath': {
      const compiled = compilerOf(definitions)(expression);
      if (compiled === undefined) return true; // nobody can tell
      try {
        const { resource, root } = owner;
        const selected = compiled([resource], { resource, root, context: resource, budget: newBudget() });
        return selected.some(({ value, sibling }) =>
          node.sibling === undefined ? value === node.value : sibling === node.sibling,
        );
      } catch (error) {
        if (error instanceof EvaluationError) return true;
        throw error;
      }
    }
    default: {
      // A place within a profile, or a form of a later version: nobody can tell.
      if (wanted === '*' || wanted === 'Element' || wanted.includes('#') || wanted.includes(':')) return true;
      return names.includes(wanted) || isA(definitions.structures, node.type, wanted);
    }
  }
}
