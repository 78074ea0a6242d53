import type { Resource } from '../../fhir/resource.js';
import type { Member, StructureTable } from '../../fhir/structure.js';

/** An element of a resource, and what the resource is like without it. */
export interface Place {
  readonly key: string;
  readonly value: unknown;
  readonly owner: Readonly<Record<string, unknown>>;
  readonly member: Member;
  /** The element's place as FHIRPath. */
  readonly expression: string;
  readonly ownerExpression: string;
  /** A copy of the whole resource, where the element's owner has `members` instead of the element. */
  readonly without: (members?: Record<string, unknown>) => unknown;
}

type JsonObject = Record<string, unknown>;

/**
 * Lists the elements of a resource, at every depth; resources in it are one element each.
 * @param structures the rules of its version.
 * @param resource a valid resource.
 * @returns the elements, in document order.
 */
export function elementsIn(structures: StructureTable, resource: Resource): Place[] {
  const visit = (owner: JsonObject, type: string, at: string, replace: (changed: JsonObject) => unknown): Place[] =>
    Object.entries(owner).flatMap(([key, value]) => {
      const member = structures.members(type).get(key);
      if (member === undefined) return [];
      const expression = `${at}.${member.expression}`;
      const others = Object.fromEntries(Object.entries(owner).filter(([name]) => name !== key && name !== `_${key}`));
      const without = (members: JsonObject = {}): unknown => replace({ ...others, ...members });
      const place = { key, value, owner, member, expression, ownerExpression: at, without };
      if (member.isPrimitive || member.type === 'Resource') return [place];
      if (!Array.isArray(value)) {
        return [
          place,
          ...visit(value as JsonObject, member.type, expression, (changed) => without({ [key]: changed })),
        ];
      }
      const items = (value as JsonObject[]).flatMap((item, index) =>
        visit(item, member.type, `${expression}[${String(index)}]`, (changed) =>
          without({ [key]: (value as unknown[]).with(index, changed) }),
        ),
      );
      return [place, ...items];
    });
  return visit(resource, resource.resourceType, resource.resourceType, (changed) => changed);
}
