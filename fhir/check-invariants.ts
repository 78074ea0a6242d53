import type { FhirDefinitions } from './definitions.js';
import type { Compiled } from './fhirpath/call.js';
import { fhirPathCompiler } from './fhirpath/compile.js';
import { onlyFormats, showsSomething } from './fhirpath/html.js';
import { type FhirNode, newBudget, resourceNode, type Surroundings, TooManySteps, truthOf } from './fhirpath/node.js';
import type { Invariant, InvariantTable } from './invariant.js';
import { Decimal } from './json.js';
import type { OutcomeIssue } from './outcome.js';
import { issueAt } from './place.js';
import type { Member, StructureTable } from './structure.js';

/** After so many broken rules the rest is not looked at. */
const mostIssues = 100;

/** What an invariant says of a value; undefined when it says nothing: its expression gives neither true nor false. */
export type Verdict = boolean | undefined;

/** Evaluates what `fhirPathCompiler` does not cover, on `around.context`. @throws Error when it cannot either. */
export type OtherEngine = (expression: string, around: Surroundings) => Verdict;

type JsonObject = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Decimal);

const compilers = new WeakMap<StructureTable, (expression: string) => Compiled | undefined>();

/** The one compiler of a version, which remembers what it compiled. */
export function compilerOf({ structures }: FhirDefinitions): (expression: string) => Compiled | undefined {
  let compiler = compilers.get(structures);
  if (compiler === undefined) compilers.set(structures, (compiler = fhirPathCompiler(structures)));
  return compiler;
}

/** The local references (`#p1`) in a value, wherever they stand. */
function localReferences(value: unknown, out: Set<string>): Set<string> {
  if (typeof value === 'string') {
    if (value.startsWith('#')) out.add(value);
  } else if (Array.isArray(value)) {
    for (const item of value as unknown[]) localReferences(item, out);
  } else if (isObject(value)) {
    for (const key in value) localReferences(value[key], out);
  }
  return out;
}

const idsOfContained = new WeakMap<JsonObject, ReadonlySet<unknown>>();

/** The ids of what a resource contains, collected once. */
function containedIds(root: JsonObject): ReadonlySet<unknown> {
  let ids = idsOfContained.get(root);
  if (ids === undefined) {
    const { contained } = root as { readonly contained?: readonly (JsonObject | null)[] };
    idsOfContained.set(root, (ids = new Set((contained ?? []).map((each) => each?.['id']))));
  }
  return ids;
}

/** Invariants that their expressions do not tell apart, or that look at the whole resource once per item. */
const byHand: Readonly<Record<string, ((focus: FhirNode, root: FhirNode) => Verdict) | undefined>> = {
  'txt-1': ({ value }) => typeof value !== 'string' || onlyFormats(value),
  'txt-2': ({ value }) => typeof value !== 'string' || showsSomething(value),
  /** A local reference leads to a contained resource; `#` alone to the one that contains it. */
  'ref-1'({ value }, root) {
    const { reference } = value as { readonly reference?: unknown };
    if (typeof reference !== 'string' || !reference.startsWith('#') || reference === '#') return true;
    return containedIds(root.value as JsonObject).has(reference.slice(1));
  },
  /** Each contained resource is referred to, or refers to the one that contains it. */
  'dom-3'({ value }) {
    const contained = (value as { readonly contained?: readonly JsonObject[] }).contained ?? [];
    if (contained.length === 0) return true;
    const references = localReferences(value, new Set());
    return contained.every(
      (each) => references.has(`#${String(each['id'])}`) || localReferences(each, new Set()).has('#'),
    );
  },
};

/**
 * An invariant that does not hold, or cannot be evaluated, as an issue; undefined when it holds.
 * @param around whose `context` is the value to check.
 * @param path the parts of the value's place.
 */
export function invariantIssue(
  definitions: FhirDefinitions,
  { key, severity, human, expression }: Invariant,
  around: Surroundings,
  path: readonly (string | number)[],
  other?: OtherEngine,
): OutcomeIssue | undefined {
  let verdict: Verdict;
  try {
    const known = byHand[key];
    const compiled = known ?? compilerOf(definitions)(expression);
    if (compiled === undefined && other === undefined) return undefined;
    if (known !== undefined) verdict = known(around.context, around.root);
    else if (compiled === undefined) verdict = other?.(expression, around);
    else verdict = verdictOf(compiled as Compiled, around);
  } catch (error) {
    if (error instanceof TooManySteps) {
      return issueAt('error', 'too-costly', path, `is too large to be checked against the rule ${key}: ${human}`);
    }
    const why = error instanceof Error ? error.message : 'unknown reason';
    return issueAt('warning', 'not-supported', path, `could not be checked against ${key} (${human}): ${why}`);
  }
  if (verdict === false) return issueAt(severity, 'invariant', path, `breaks the rule ${key}: ${human}`);
  if (verdict === undefined && severity === 'error') {
    return issueAt('warning', 'invariant', path, `may break the rule ${key}: ${human}`);
  }
  return undefined;
}

function verdictOf(compiled: Compiled, around: Surroundings): Verdict {
  const focus = [around.context];
  const verdict = truthOf(compiled(focus, around));
  if (verdict !== undefined) return verdict;
  return truthOf(compiled(focus, { ...around, noTextIsNoMatch: true })) === true ? true : undefined;
}

const ofMembers = new WeakMap<InvariantTable, WeakMap<Member, readonly Invariant[]>>();

/** The rules of elements that were looked for, by the members of their types. */
function invariantsOfMembers({ invariants }: FhirDefinitions): WeakMap<Member, readonly Invariant[]> {
  let known = ofMembers.get(invariants);
  if (known === undefined) ofMembers.set(invariants, (known = new WeakMap<Member, readonly Invariant[]>()));
  return known;
}

/** Where a walk is: `%resource` and `%rootResource`. */
type Owner = Pick<Surroundings, 'resource' | 'root'>;

/** One walk through one resource. */
class Walk {
  readonly issues: OutcomeIssue[] = [];
  private readonly definitions: FhirDefinitions;
  private readonly options: CheckOptions;
  private readonly path: (string | number)[];
  private readonly budget = newBudget();
  private readonly known: WeakMap<Member, readonly Invariant[]>;

  constructor(definitions: FhirDefinitions, options: CheckOptions) {
    this.definitions = definitions;
    this.known = invariantsOfMembers(definitions);
    this.options = options;
    this.path = options.path === undefined ? [] : [options.path];
  }

  resource(value: unknown, container?: FhirNode): void {
    const node = resourceNode(this.definitions.structures, value);
    if (node === undefined) return;
    if (this.path.length === 0) this.path.push(node.type);
    this.members(node, { resource: node, root: container ?? node });
  }

  private members(node: FhirNode, owner: Owner): void {
    this.check(this.definitions.invariants.ofType(node.type), node, owner);
    const members = this.definitions.structures.members(node.type);
    const value = node.value as JsonObject;
    for (const key in value) {
      if (this.issues.length >= mostIssues) return;
      const member = members.get(key);
      if (member !== undefined) this.element(node.type, value[key], member, owner);
      else if (key.startsWith('_')) this.siblings(value[key], members.get(key.slice(1)), owner);
    }
  }

  /** What stands beside primitives: only their extensions have rules. */
  private siblings(value: unknown, member: Member | undefined, owner: Owner): void {
    if (member === undefined) return;
    this.path.push(member.expression);
    this.each(value, (item) => {
      if (isObject(item) && item['extension'] !== undefined) this.members({ type: 'Element', value: item }, owner);
    });
    this.path.pop();
  }

  private element(type: string, value: unknown, member: Member, owner: Owner): void {
    const own = this.ofMember(type, member);
    if (member.isPrimitive && own.length === 0) return;
    this.path.push(member.expression);
    this.each(value, (item) => {
      this.one(item, member, own, owner);
    });
    this.path.pop();
  }

  private ofMember(type: string, member: Member): readonly Invariant[] {
    let own = this.known.get(member);
    if (own === undefined) {
      own = this.definitions.invariants.ofElement(`${type}.${member.rule.name}`);
      this.known.set(member, own);
    }
    return own;
  }

  private each(value: unknown, visit: (item: unknown) => void): void {
    if (!Array.isArray(value)) {
      visit(value);
      return;
    }
    for (let place = 0; place < value.length; place += 1) {
      this.path.push(place);
      visit((value as unknown[])[place]);
      this.path.pop();
    }
  }

  private one(value: unknown, member: Member, own: readonly Invariant[], owner: Owner): void {
    if (value === null || value === undefined) return;
    if (member.type === 'Resource') {
      this.resource(value, member.rule.name === 'contained' ? owner.resource : undefined);
      return;
    }
    const node = { type: member.type, value };
    if (own.length > 0) this.check(own, node, owner);
    if (isObject(value)) this.members(node, owner);
  }

  private check(invariants: readonly Invariant[], context: FhirNode, { resource, root }: Owner): void {
    if (invariants.length === 0) return;
    const { errorsOnly = false, other } = this.options;
    const around = { resource, root, context, budget: this.budget };
    for (const invariant of invariants) {
      if (errorsOnly && invariant.severity !== 'error') continue;
      const issue = invariantIssue(this.definitions, invariant, around, this.path, other);
      if (issue !== undefined && (!errorsOnly || issue.severity === 'error')) this.issues.push(issue);
    }
  }
}

/** What of a resource is checked, and how. */
export interface CheckOptions {
  /** Passes over what only warns. */
  readonly errorsOnly?: boolean;
  /** The FHIRPath of where the resource stands (its type when left out). */
  readonly path?: string;
  /** Evaluates expressions that the compiler does not cover; without it they are passed over. */
  readonly other?: OtherEngine;
}

/**
 * Checks a resource against the invariants of its type, its data types and the resources within it. An error
 * whose expression gives neither true nor false (two dates that overlap) is a warning.
 * https://hl7.org/fhir/R4/conformance-rules.html#constraints
 * @param resource that keeps the structural rules (`validateResource`).
 * @returns an issue for every rule that does not hold, at most 100. Never throws for what a resource holds.
 */
export function checkInvariants(
  definitions: FhirDefinitions,
  resource: unknown,
  options: CheckOptions = {},
): OutcomeIssue[] {
  const walk = new Walk(definitions, options);
  walk.resource(resource);
  return walk.issues.slice(0, mostIssues);
}
