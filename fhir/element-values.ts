import type { ExtractedValue } from './extracted-value.js';
import { parseReference } from './reference.js';
import type { Resource } from './resource.js';

/** Three-valued as in FHIRPath: undefined is the empty collection. https://hl7.org/fhirpath/N1/#boolean-logic */
type Truth = boolean | undefined;

const nothing: readonly never[] = [];

/**
 * What the generated extractors are made of. They get JSON as it came: a member may be absent, null beside its
 * `_member`, or, where a resource breaks the rules of its type, anything; none of that makes them fail.
 */
export const elementValues = {
  /** Adds a member's value, or each of a list's, as values of `type`; absent ones and nulls are none. */
  add(out: ExtractedValue[], value: unknown, type: string): void {
    if (value === undefined || value === null) return;
    if (!Array.isArray(value)) {
      out.push({ type, value });
      return;
    }
    for (const item of value as unknown[]) if (item !== undefined && item !== null) out.push({ type, value: item });
  },

  /** Adds a primitive element that is there, be it without a value: its `_` sibling then has extensions. */
  addElement(out: ExtractedValue[], value: unknown, sibling: unknown, type: string): void {
    if (value !== undefined && value !== null) elementValues.add(out, value, type);
    else if (typeof sibling === 'object' && sibling !== null) out.push({ type, value: undefined });
  },

  /** Adds a whole resource inside a resource; its type is what its `resourceType` says. */
  addResource(out: ExtractedValue[], value: unknown): void {
    const type = (value as Resource | null | undefined)?.resourceType;
    if (typeof type === 'string') out.push({ type, value });
  },

  /** The items of a member that the definitions call a list. */
  list(value: unknown): readonly unknown[] {
    if (value === undefined || value === null) return nothing;
    return Array.isArray(value) ? (value as unknown[]) : [value];
  },

  /** The values an expression within an expression selects. */
  values(select: (out: ExtractedValue[]) => void): ExtractedValue[] {
    const out: ExtractedValue[] = [];
    select(out);
    return out;
  },

  /** FHIRPath's `exists()`. */
  exists: (values: readonly ExtractedValue[]): boolean => values.length > 0,

  /**
   * FHIRPath's `=` between a collection and a literal: one value, that one. Values of other types are not equal;
   * whether a boolean without a value is, nobody knows.
   */
  equal(values: readonly ExtractedValue[], literal: string | boolean | number): Truth {
    const [first] = values;
    if (first === undefined) return undefined;
    const isComparable = (first.type === 'boolean') === (typeof literal === 'boolean');
    if (first.value === undefined && isComparable) return undefined;
    return values.length === 1 && first.value === literal;
  },

  /** FHIRPath's `is`: whether the one value is of one of these types (a type and its specializations). */
  is(values: readonly ExtractedValue[], types: readonly string[]): Truth {
    const [first] = values;
    return first === undefined ? undefined : values.length === 1 && types.includes(first.type);
  },

  not: (truth: Truth): Truth => (truth === undefined ? undefined : !truth),

  and(left: Truth, right: Truth): Truth {
    if (left === false || right === false) return false;
    return left === true && right === true ? true : undefined;
  },

  or(left: Truth, right: Truth): Truth {
    if (left === true || right === true) return true;
    return left === false && right === false ? false : undefined;
  },

  /**
   * `resolve() is <type>` without fetching anything: the type the reference's text names, that of the contained
   * resource it points at, or else `Reference.type`. https://hl7.org/fhir/R4/fhirpath.html#functions
   * @param resource the resource that holds the reference and what is contained.
   */
  refersTo(reference: unknown, type: string, resource: Resource): boolean {
    const { reference: text, type: stated } = (reference ?? {}) as { reference?: unknown; type?: unknown };
    return ((typeof text === 'string' ? targetType(text, resource) : undefined) ?? stated) === type;
  },
};

function targetType(text: string, resource: Resource): unknown {
  const reference = parseReference(text);
  switch (reference.kind) {
    case 'relative':
    case 'absolute':
      return reference.type;
    case 'fragment': {
      if (reference.id === '') return resource.resourceType;
      const contained = elementValues.list(resource['contained']) as readonly (Resource | null)[];
      return contained.find((each) => each?.id === reference.id)?.resourceType;
    }
    default:
      return undefined;
  }
}
