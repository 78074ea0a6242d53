import { Decimal } from '../json.js';
import type { StructureTable } from '../structure.js';

/** An element or a resource as an expression sees it. */
export interface FhirNode {
  /** A FHIR data type, the path of a backbone element, a resource type; `System.Boolean` and so on for results. */
  readonly type: string;
  /** The JSON value; undefined for a primitive that has only extensions. */
  readonly value: unknown;
  /** The `_` sibling of a primitive. */
  readonly sibling?: unknown;
}

/** What an expression selects, in order. */
export type Collection = readonly FhirNode[];

/** What an expression is evaluated on besides its focus. */
export interface Surroundings {
  /** `%resource`: the resource the focus is in. */
  readonly resource: FhirNode;
  /** `%rootResource`: the resource that contains that one, or itself. */
  readonly root: FhirNode;
  /** `%context`: what the whole expression is evaluated on. */
  readonly context: FhirNode;
  /** What may still be done for one resource, all its expressions together. */
  readonly budget: Budget;
  /**
   * Reads `startsWith()`, `contains()`, `matches()` of an absent text as false, where FHIRPath says nothing: HL7's
   * validator does, and the definitions' invariants were written against it.
   */
  readonly noTextIsNoMatch?: boolean;
}

/** How many more values may be selected. */
export interface Budget {
  left: number;
}

/**
 * A budget for one resource: expressions that look through all of a resource for each of its elements take time that
 * grows with its square. The 30 MB of R4's own StructureDefinitions stay within it.
 */
export const newBudget = (): Budget => ({ left: 20_000_000 });

/** Selects nothing. */
export const nothing: Collection = [];

const truths = {
  true: [{ type: 'System.Boolean', value: true }],
  false: [{ type: 'System.Boolean', value: false }],
} as const;

/** A truth as a collection; undefined is the empty one. https://hl7.org/fhirpath/N1/#boolean-logic */
export const truth = (value: boolean | undefined): Collection =>
  value === undefined ? nothing : value ? truths.true : truths.false;

/** What cannot be evaluated: an expression that asks something of several values that only one can answer. */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError';
}

/** The budget is spent. */
export class TooManySteps extends EvaluationError {}

/**
 * Counts values that were selected.
 * @throws TooManySteps when the budget is spent.
 */
export function spend(budget: Budget, selected: number): void {
  budget.left -= selected;
  if (budget.left < 0) throw new TooManySteps('it takes too many steps');
}

/**
 * The one item of a collection.
 * @returns undefined when it is empty.
 * @throws EvaluationError when there are several.
 */
export function single(collection: Collection): FhirNode | undefined {
  if (collection.length > 1) throw new EvaluationError('several values where one is expected');
  return collection[0];
}

/** A collection where a boolean is due: the one value that is no boolean counts as true. https://hl7.org/fhirpath/N1/#singleton-evaluation-of-collections */
export function truthOf(collection: Collection): boolean | undefined {
  const item = single(collection);
  if (item === undefined) return undefined;
  if (typeof item.value === 'boolean') return item.value;
  return item.type === 'boolean' ? undefined : true;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Decimal);

/** A resource as a node; undefined for what has no type of the version. */
export function resourceNode(structures: StructureTable, value: unknown): FhirNode | undefined {
  const type = isObject(value) ? value['resourceType'] : undefined;
  return typeof type === 'string' && structures.isResourceType(type) ? { type, value } : undefined;
}

/** One JSON member of an element; `value` stands for several, such as `valueQuantity`. */
interface ElementMember {
  readonly json: string;
  readonly sibling: string | undefined;
  readonly type: string;
}

/** The children of nodes, by the structures of a version. */
export class Children {
  private readonly structures: StructureTable;
  private readonly names = new Map<string, ReadonlyMap<string, readonly ElementMember[]>>();

  constructor(structures: StructureTable) {
    this.structures = structures;
  }

  /** Adds the children of a name to `out`. */
  named(node: FhirNode, name: string, out: FhirNode[]): void {
    const { owner, type } = this.ownerOf(node);
    if (owner === undefined) return;
    const members = this.namesOf(type).get(name);
    if (members === undefined) return;
    for (const member of members) this.add(owner, member, out);
  }

  /** All children, in the order of the definitions. */
  all(node: FhirNode): FhirNode[] {
    const out: FhirNode[] = [];
    const { owner, type } = this.ownerOf(node);
    if (owner === undefined) return out;
    for (const members of this.namesOf(type).values()) for (const member of members) this.add(owner, member, out);
    return out;
  }

  /** All children, their children, and so on. */
  descendants(node: FhirNode, out: FhirNode[] = []): FhirNode[] {
    for (const child of this.all(node)) {
      out.push(child);
      this.descendants(child, out);
    }
    return out;
  }

  /** Where the members of a node stand: in the value, or beside it for a primitive. */
  private ownerOf({ type, value, sibling }: FhirNode): { owner?: Readonly<Record<string, unknown>>; type: string } {
    if (sibling !== undefined) return isObject(sibling) ? { owner: sibling, type: 'Element' } : { type };
    return isObject(value) && !type.startsWith('System.') ? { owner: value, type } : { type };
  }

  private namesOf(type: string): ReadonlyMap<string, readonly ElementMember[]> {
    let known = this.names.get(type);
    if (known === undefined) {
      const names = new Map<string, ElementMember[]>();
      for (const [json, member] of this.structures.members(type)) {
        const name = member.rule.name.replace('[x]', '');
        const sibling = member.isPrimitive ? `_${json}` : undefined;
        names.set(name, [...(names.get(name) ?? []), { json, sibling, type: member.type }]);
      }
      this.names.set(type, (known = names));
    }
    return known;
  }

  private add(owner: Readonly<Record<string, unknown>>, member: ElementMember, out: FhirNode[]): void {
    const value = owner[member.json];
    const sibling = member.sibling === undefined ? undefined : owner[member.sibling];
    if (value === undefined && sibling === undefined) return;
    if (Array.isArray(value) || Array.isArray(sibling)) {
      const values = Array.isArray(value) ? (value as unknown[]) : [];
      const siblings = Array.isArray(sibling) ? (sibling as unknown[]) : [];
      for (let at = 0; at < Math.max(values.length, siblings.length); at += 1) {
        this.addOne(values[at], siblings[at], member.type, out);
      }
    } else {
      this.addOne(value, sibling, member.type, out);
    }
  }

  private addOne(value: unknown, sibling: unknown, type: string, out: FhirNode[]): void {
    const there = value === null ? undefined : value;
    if (type === 'Resource') {
      const node = resourceNode(this.structures, there);
      if (node !== undefined) out.push(node);
    } else if (isObject(sibling)) {
      out.push({ type, value: there, sibling });
    } else if (there !== undefined) {
      out.push({ type, value: there });
    }
  }
}
