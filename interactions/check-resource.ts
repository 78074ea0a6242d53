import { type BindingTable, checkBindings, loadBindings } from '../fhir/check-bindings.js';
import { checkInvariants, type OtherEngine } from '../fhir/check-invariants.js';
import { libraryEngine } from '../fhir/fhirpath/library.js';
import { type FhirNode, resourceNode } from '../fhir/fhirpath/node.js';
import { unversioned } from '../fhir/guide.js';
import { OperationOutcomeError, type OutcomeIssue } from '../fhir/outcome.js';
import { issueAt } from '../fhir/place.js';
import { checkProfile } from '../fhir/profile/check-profile.js';
import type { Code, CodeCheck } from '../fhir/profile/code-check.js';
import { itemsOf } from '../fhir/profile/items.js';
import { codesOf } from '../fhir/terminology/expand.js';
import { parseCanonical } from '../fhir/terminology/finder.js';
import { validateResource } from '../fhir/validate.js';
import type { Caller, FhirServer } from './server.js';
import { terminologyFinder } from './terminology.js';

const baseUrl = 'http://hl7.org/fhir/StructureDefinition/';

/** After so many issues the rest is left out. */
const mostIssues = 200;

/** What is asked of terminology may decide a slice, which may ask for more; so often it is looked up. */
const mostRounds = 5;

/** What is checked. */
export interface CheckRequest {
  readonly resource: unknown;
  /** The type it must have. */
  readonly type: string;
  /** The canonical of a profile it must keep, whether it states it or not. */
  readonly profile?: string;
}

/** What rules need besides the resource. */
interface Means {
  readonly other: OtherEngine;
  readonly hasCode: CodeCheck;
  readonly bindings: BindingTable;
}

/**
 * Checks a resource against everything known: the structure of its type and, where it keeps that, the invariants of
 * the definitions and the profiles it states, or is asked to keep. https://hl7.org/fhir/R4/validation.html
 * @returns the issues, errors and warnings; at most 200.
 */
export async function checkResource(
  server: FhirServer,
  caller: Caller,
  request: CheckRequest,
): Promise<OutcomeIssue[]> {
  const structural = validateResource(server.definitions, request.resource, { expectedType: request.type });
  if (structural.length > 0) return structural;
  const codes = new CodeAnswers(server, caller);
  let engine: OtherEngine | undefined;
  let leftOver = 0;
  const means: Means = {
    // Most resources need no other engine: it is loaded when the first expression asks for it.
    other(expression, around) {
      if (engine !== undefined) return engine(expression, around);
      leftOver += 1;
      return true;
    },
    hasCode: (valueSet, code) => codes.ask(valueSet, code),
    bindings: await loadBindings(server.definitions.version),
  };
  for (let round = 1; ; round += 1) {
    leftOver = 0;
    const issues = checkRules(server, request, means);
    if ((leftOver === 0 && codes.areAnswered()) || round >= mostRounds) return issues.slice(0, mostIssues);
    engine ??= leftOver > 0 ? await libraryEngine(server.definitions.version) : undefined;
    await codes.answer();
  }
}

/** Questions to the terminology there is, which answers later: they are collected, answered, and asked again. */
class CodeAnswers {
  private readonly server: FhirServer;
  private readonly caller: Caller;
  private readonly answers = new Map<string, boolean | undefined>();
  private open = new Map<string, readonly [string, Code]>();

  constructor(server: FhirServer, caller: Caller) {
    this.server = server;
    this.caller = caller;
  }

  ask(valueSet: string, code: Code): boolean | undefined {
    const question = JSON.stringify([valueSet, code.system, code.code]);
    if (!this.answers.has(question)) this.open.set(question, [valueSet, code]);
    return this.answers.get(question);
  }

  areAnswered(): boolean {
    return this.open.size === 0;
  }

  async answer(): Promise<void> {
    const asked = this.open;
    this.open = new Map();
    for (const [question, [valueSet, code]] of asked) this.answers.set(question, await this.look(valueSet, code));
  }

  private async look(canonical: string, code: Code): Promise<boolean | undefined> {
    const finder = terminologyFinder(this.server, this.caller);
    try {
      const valueSet = await finder.valueSet(parseCanonical(canonical));
      return valueSet === undefined ? undefined : (await codesOf(finder, valueSet, code)).codes.length > 0;
    } catch (error) {
      if (error instanceof OperationOutcomeError) return undefined; // it cannot be worked out here
      throw error;
    }
  }
}

function checkRules(
  server: FhirServer,
  { resource, profile }: CheckRequest,
  { other, hasCode, bindings }: Means,
): OutcomeIssue[] {
  const { definitions, guides } = server;
  const node = resourceNode(definitions.structures, resource);
  if (node === undefined) return [];
  const issues = [
    ...checkInvariants(definitions, resource, { other }),
    ...checkBindings(definitions, bindings, resource, hasCode),
  ];
  const profileOf = (url: string): ReturnType<NonNullable<typeof guides>['profileOf']> => guides?.profileOf(url);
  const check = (target: FhirNode, root: FhirNode, path: readonly (string | number)[], url: string): boolean => {
    const found = profileOf(url);
    if (found === undefined) return isBase(url, target.type);
    issues.push(...checkProfile({ definitions, profileOf, hasCode, other }, found, target, root, path));
    return true;
  };
  if (profile !== undefined && !check(node, node, [node.type], profile)) {
    issues.push(
      issueAt('error', 'not-found', [node.type], `cannot be checked against ${profile}: the profile is not known here`),
    );
  }
  for (const { target, root, path } of resourcesIn(server, node)) {
    for (const [place, url] of profilesOf(target).entries()) {
      if (profile !== undefined && unversioned(url) === unversioned(profile) && target === node) continue;
      if (check(target, root, path, url)) continue;
      const why = `is not known here and was not checked: ${url}`;
      issues.push(issueAt('warning', 'not-found', [...path, 'meta', 'profile', place], why));
    }
  }
  return issues;
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
function resourcesIn({ definitions: { structures } }: FhirServer, node: FhirNode): PlacedResource[] {
  const visit = (target: FhirNode, root: FhirNode, path: readonly (string | number)[]): PlacedResource[] => {
    const inner = (owner: FhirNode, name: string, at: readonly (string | number)[]): PlacedResource[] =>
      itemsOf(structures, owner, name).flatMap(({ node: child, place }) => {
        const there = [...at, ...place];
        if (structures.isResourceType(child.type)) {
          return visit(child, name === 'contained' ? root : child, there);
        }
        return inner(child, 'resource', there);
      });
    const lists = { Bundle: 'entry', Parameters: 'parameter' }[target.type] ?? 'contained';
    return [{ target, root, path }, ...inner(target, lists, path)];
  };
  return visit(node, node, [node.type]);
}
