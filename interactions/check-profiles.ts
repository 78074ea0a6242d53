import { loadBaseProfiles } from '../fhir/base-profiles.js';
import { type FhirNode, resourceNode } from '../fhir/fhirpath/node.js';
import { unversioned } from '../fhir/guide.js';
import type { Guides } from '../fhir/guides.js';
import type { OutcomeIssue } from '../fhir/outcome.js';
import { issueAt } from '../fhir/place.js';
import { checkExtensions } from '../fhir/profile/check-extensions.js';
import { checkProfile } from '../fhir/profile/check-profile.js';
import { itemsOf } from '../fhir/profile/items.js';
import type { Profile } from '../fhir/profile/profile.js';
import { checkWithAnswers, type Means } from './code-answers.js';
import type { Caller, FhirServer } from './server.js';

const baseUrl = 'http://hl7.org/fhir/StructureDefinition/';

/** What is checked against profiles. */
export interface ProfileRequest {
  readonly resource: unknown;
  /** The canonical of a profile it must keep, whether it states it or not. */
  readonly profile?: string;
  /** Where the resource stands, as FHIRPath; its type without it. */
  readonly place?: string;
  /** Profiles that are known beside those of guides. */
  readonly base?: Pick<Guides, 'profileOf'>;
}

/**
 * Checks a resource that is to be written against the profiles it states and the definitions of its extensions, as far
 * as they are known, those of the definitions by `VALIDATION=strict` only: it must be what it says it is. What nobody here knows is nobody's business.
 * @returns the errors.
 */
export async function statedProfileErrors(
  server: FhirServer,
  caller: Caller,
  request: Pick<ProfileRequest, 'resource' | 'place'>,
): Promise<OutcomeIssue[]> {
  const { definitions, guides } = server;
  const base = server.validation === 'strict' ? { base: await loadBaseProfiles(definitions) } : {};
  const node = resourceNode(definitions.structures, request.resource);
  if (node === undefined || (base.base === undefined && (guides?.guides.length ?? 0) === 0)) return [];
  const issues = await checkWithAnswers(server, caller, (means) =>
    profileIssues(server, { ...request, ...base }, means),
  );
  return issues.filter(({ severity }) => severity === 'error');
}

/**
 * Checks a resource, and those within it, against the profiles they state, the one asked for, and the definitions of
 * their extensions.
 * https://hl7.org/fhir/R4/profiling.html
 * @param request whose resource keeps the structural rules of its type.
 */
export function profileIssues(
  server: FhirServer,
  { resource, profile, place, base }: ProfileRequest,
  { other, hasCode }: Means,
): OutcomeIssue[] {
  const { definitions, guides } = server;
  const node = resourceNode(definitions.structures, resource);
  if (node === undefined) return [];
  const issues: OutcomeIssue[] = [];
  const at = [place ?? node.type];
  const profileOf = (url: string): Profile | undefined => guides?.profileOf(url) ?? base?.profileOf(url);
  const context = { definitions, profileOf, hasCode, other };
  const check = (target: FhirNode, root: FhirNode, path: readonly (string | number)[], url: string): boolean => {
    const found = profileOf(url);
    if (found === undefined) return isBase(url, target.type);
    issues.push(...checkProfile(context, found, target, root, path));
    return true;
  };
  if (profile !== undefined && !check(node, node, at, profile)) {
    const type = unversioned(profile).replace(baseUrl, '');
    issues.push(
      definitions.structures.isType(type)
        ? issueAt('error', 'invalid', at, `is a ${node.type}, not a ${type}`)
        : issueAt('error', 'not-found', at, `cannot be checked against ${profile}: the profile is not known here`),
    );
  }
  for (const { target, root, path } of resourcesIn(server, node, at)) {
    if (guides?.hasExtensions === true) issues.push(...checkExtensions(context, target, root, path));
    for (const [index, url] of profilesOf(target).entries()) {
      if (profile !== undefined && unversioned(url) === unversioned(profile) && target === node) continue;
      if (check(target, root, path, url)) continue;
      const why = `is not known here and was not checked: ${url}`;
      issues.push(issueAt('warning', 'not-found', [...path, 'meta', 'profile', index], why));
    }
  }
  return distinct(issues);
}

/** A profile's slices of extensions say what the extensions' definitions say as well. */
function distinct(issues: readonly OutcomeIssue[]): OutcomeIssue[] {
  const byText = new Map(issues.map((issue) => [`${issue.severity} ${issue.code} ${issue.diagnostics ?? ''}`, issue]));
  return [...byText.values()];
}

/** The type's own definition is a profile that every resource of the type keeps. */
const isBase = (url: string, type: string): boolean =>
  [type, 'Resource', 'DomainResource'].some((name) => unversioned(url) === baseUrl + name);

function profilesOf({ value }: FhirNode): readonly string[] {
  const { meta } = value as { readonly meta?: { readonly profile?: readonly unknown[] } };
  return (meta?.profile ?? []).filter((each): each is string => typeof each === 'string');
}

interface PlacedResource {
  readonly target: FhirNode;
  readonly root: FhirNode;
  readonly path: readonly (string | number)[];
}

/** A resource, and those contained in it or in its entries. */
function resourcesIn(
  { definitions: { structures } }: FhirServer,
  node: FhirNode,
  at: readonly (string | number)[],
): PlacedResource[] {
  const visit = (target: FhirNode, root: FhirNode, path: readonly (string | number)[]): PlacedResource[] => {
    const inner = (owner: FhirNode, name: string, place: readonly (string | number)[]): PlacedResource[] =>
      itemsOf(structures, owner, name).flatMap(({ node: child, place: end }) => {
        const there = [...place, ...end];
        if (structures.isResourceType(child.type)) {
          return visit(child, name === 'contained' ? root : child, there);
        }
        return inner(child, 'resource', there);
      });
    const lists = { Bundle: 'entry', Parameters: 'parameter' }[target.type] ?? 'contained';
    return [{ target, root, path }, ...inner(target, lists, path)];
  };
  return visit(node, node, at);
}
