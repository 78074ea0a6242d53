import type { FhirDefinitions } from '../../fhir/definitions.js';
import { type FhirNode, resourceNode } from '../../fhir/fhirpath/node.js';
import { OperationOutcomeError } from '../../fhir/outcome.js';
import type { ResourceKey } from '../../fhir/resource.js';
import { failureAt, GraphqlRefusal } from '../failure.js';
import type { FieldPlan, Layout, Selection } from '../plan/field-plan.js';
import type { StatementFocus } from '../statement.js';
import { textOf } from '../statement.js';
import { isJsonObject, type JsonObject } from '../variables.js';
import type { Cost } from './cost.js';
import { projectionOf } from './projection.js';
import { type FieldResult, ObjectResult } from './result.js';

/** What a value stands in. */
export interface Owner {
  /** The resource it is a part of; one that is contained is its own. */
  readonly resource: JsonObject;
  /** The resource local references point into: the container of a contained one. */
  readonly container: JsonObject;
  /** The Bundle around it. */
  readonly bundle?: JsonObject;
  /** The key it is stored under; absent for a resource inside another one. */
  readonly stored?: ResourceKey;
}

/** A field whose value must be read first. */
export interface Waiting {
  readonly plan: FieldPlan;
  readonly result: FieldResult;
  /** The object it is a field of: a Reference, or a resource. */
  readonly object: JsonObject;
  readonly owner: Owner | undefined;
  readonly path: readonly (string | number)[];
}

/** Stands for a stored resource in the objects GraphQL adds: an edge's, a mutation's. */
export interface StoredMember {
  readonly key: ResourceKey;
  readonly resource: JsonObject;
}

/**
 * Takes out of JSON what is selected; what must be read first is put on a list. A field that fails is told by a
 * GraphqlRefusal with its path.
 */
export class Walk {
  readonly waiting: Waiting[] = [];
  private readonly definitions: FhirDefinitions;
  private readonly cost: Cost;
  private readonly path: (string | number)[];
  private readonly nulls: boolean | undefined;

  /** @param nulls whether what is not there is null in the answer; undefined while that is not known. */
  constructor(
    definitions: FhirDefinitions,
    cost: Cost,
    path: readonly (string | number)[],
    nulls: boolean | undefined,
  ) {
    this.definitions = definitions;
    this.cost = cost;
    this.path = [...path];
    this.nulls = nulls;
  }

  /** A stored resource, or the one that was given as if it were; at once as JSON of the answer where that is possible. */
  stored({ key, resource }: StoredMember, fields: readonly FieldPlan[], layout: Layout): ObjectResult | JsonObject {
    return this.projected(resource, fields, layout) ?? this.storedObject({ key, resource }, fields);
  }

  /** The same, before it is laid out. */
  storedObject({ key, resource }: StoredMember, fields: readonly FieldPlan[]): ObjectResult {
    return this.object(resource, key.type, fields, { resource, container: resource, stored: key });
  }

  /** A resource inside another one, or one whose place in the store does not count. */
  inside(resource: JsonObject, selection: Selection, owner: Owner): ObjectResult | undefined {
    const type = resource['resourceType'];
    if (typeof type !== 'string' || !this.definitions.structures.isResourceType(type)) return undefined;
    return this.object(resource, type, selection(type), owner);
  }

  /** An object of a known type; `type` undefined for what GraphQL adds. */
  object(
    value: JsonObject,
    type: string | undefined,
    fields: readonly FieldPlan[],
    owner: Owner | undefined,
  ): ObjectResult {
    this.cost.add('values', fields.length + 1);
    const result = new ObjectResult();
    for (const plan of fields) {
      this.path.push(plan.key);
      try {
        result.fields.push(this.field(value, type, plan, owner));
      } catch (error) {
        if (!(error instanceof OperationOutcomeError)) throw error;
        throw new GraphqlRefusal([failureAt(error, [...this.path], plan.nodes)]);
      }
      this.path.pop();
    }
    return result;
  }

  /** An object as JSON of the answer, where its fields are plain and do not stand in place of itself. */
  private projected(value: JsonObject, fields: readonly FieldPlan[], { flatten }: Layout): JsonObject | undefined {
    const { nulls } = this;
    return flatten || nulls === undefined ? undefined : projectionOf(fields)?.(value, this.cost, nulls);
  }

  private field(value: JsonObject, type: string | undefined, plan: FieldPlan, owner: Owner | undefined): FieldResult {
    const { content, name } = plan;
    const found: FieldResult = { plan, items: [], ...(plan.layout.slice === undefined ? {} : { suffixes: [] }) };
    const member: unknown = Object.hasOwn(value, name) ? value[name] : undefined;
    switch (content.kind) {
      case 'constant':
        this.add(found, content.value, 'code', 0, owner);
        return found;
      case 'primitive': {
        const items = firstOf(listOf(member), plan);
        this.cost.add('values', items.length);
        for (const [index, item] of items.entries()) this.add(found, item, plan.valueType, index, owner);
        return found;
      }
      case 'element': {
        const focus = this.focusOn(content.type, owner);
        const items = firstOf(content.filter(listOf(member), focus), plan);
        this.each(
          found,
          items,
          (item) => {
            if (!isJsonObject(item)) return null;
            const { type: of, fields } = content;
            return this.projected(item, fields, plan.layout) ?? this.object(item, of, fields, owner);
          },
          content.type,
          owner,
        );
        return found;
      }
      case 'inside': {
        const items = firstOf(content.filter(listOf(member), this.focusOn(undefined, owner)), plan);
        this.each(
          found,
          items,
          (item) => {
            if (!isJsonObject(item)) return null;
            return this.inside(item, content.selection, ownerInside(item, value, type, name, owner)) ?? null;
          },
          undefined,
          owner,
        );
        return found;
      }
      case 'stored':
        if (member !== undefined) found.items.push(this.stored(member as StoredMember, content.fields, plan.layout));
        return found;
      default:
        this.waiting.push({ plan, result: found, object: value, owner, path: [...this.path] });
        return found;
    }
  }

  private each(
    found: FieldResult,
    items: readonly unknown[],
    result: (item: unknown) => ObjectResult | JsonObject | null,
    type: string | undefined,
    owner: Owner | undefined,
  ): void {
    for (const [index, item] of items.entries()) {
      if (found.plan.isList) this.path.push(index);
      const made = result(item);
      if (found.plan.isList) this.path.pop();
      found.items.push(made);
      this.suffix(found, item, type, index, owner);
    }
  }

  private add(found: FieldResult, item: unknown, type: string, index: number, owner: Owner | undefined): void {
    found.items.push(item);
    this.suffix(found, item, type, index, owner);
  }

  /** Notes what `@slice` puts behind the names for an item. */
  suffix(found: FieldResult, item: unknown, type: string | undefined, index: number, owner: Owner | undefined): void {
    const { slice } = found.plan.layout;
    if (slice === undefined) return;
    found.suffixes?.push(textOf(slice, this.focusOn(type, owner)(item, index)));
  }

  private focusOn(type: string | undefined, owner: Owner | undefined) {
    const { structures } = this.definitions;
    const { budget } = this.cost;
    return (value: unknown, index: number): StatementFocus => {
      const own = type === undefined ? resourceNode(structures, value) : undefined;
      // Nothing is known of a value whose type has no definition: no path leads anywhere.
      const known = type !== undefined && (structures.isType(type) || type.includes('.'));
      const node: FhirNode = own ?? { type: known ? type : 'System.Any', value };
      const resource = owner === undefined ? undefined : resourceNode(structures, owner.resource);
      return { node, index, resource: resource ?? node, budget };
    };
  }
}

const listOf = (member: unknown): readonly unknown[] => {
  if (Array.isArray(member)) return member as readonly unknown[];
  return member === undefined || member === null ? [] : [member];
};

const firstOf = (items: readonly unknown[], { layout }: FieldPlan): readonly unknown[] =>
  layout.first ? items.slice(0, 1) : items;

/** A contained resource's local references point into what contains it; any other resource's into itself. */
function ownerInside(
  resource: JsonObject,
  value: JsonObject,
  type: string | undefined,
  name: string,
  owner: Owner | undefined,
): Owner {
  const bundle = type === 'Bundle.entry' ? owner?.resource : owner?.bundle;
  const container = name === 'contained' ? (owner?.container ?? value) : resource;
  return { resource, container, ...(bundle === undefined ? {} : { bundle }) };
}
