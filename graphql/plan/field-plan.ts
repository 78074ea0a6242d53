import type { FieldNode } from 'graphql';
import type { ResourceKey } from '../../fhir/resource.js';
import type { ResponsePath } from '../failure.js';
import type { Statement } from '../statement.js';
import type { ElementFilter } from './element-filter.js';
import type { SearchPlan } from './search-plan.js';
import type { WritePlan } from './write-plan.js';

/** How an answer is laid out, by the directives of the page. https://hl7.org/fhir/R4/graphql.html#flattening */
export interface Layout {
  /** The field's children stand in its place. */
  readonly flatten: boolean;
  /** Only the first of its elements counts. */
  readonly first: boolean;
  /** It is one value, not a list. */
  readonly singleton: boolean;
  /** What is put behind the names of each element. */
  readonly slice?: Statement;
}

/** The fields wanted of an object, by its type: where only the resource found tells its type, it is read when it is there. */
export type Selection = (type: string) => readonly FieldPlan[];

/** A field of the answer, all arguments read. */
export interface FieldPlan {
  /** The name it has in the answer. */
  readonly key: string;
  /** The name of the field. */
  readonly name: string;
  readonly path: ResponsePath;
  readonly nodes: readonly FieldNode[];
  /** What its values are, to tell whether flattened ones may stand together. */
  readonly valueType: string;
  readonly isList: boolean;
  readonly layout: Layout;
  readonly content: FieldContent;
}

/** What a field holds, and where it comes from. */
export type FieldContent =
  | { readonly kind: 'constant'; readonly value: string }
  | { readonly kind: 'primitive' }
  | {
      readonly kind: 'element';
      /** A FHIR type, the path of a backbone element, or what `typeNameOf` calls an object of GraphQL. */
      readonly type: string;
      readonly filter: ElementFilter;
      readonly fields: readonly FieldPlan[];
    }
  | { readonly kind: 'inside'; readonly filter: ElementFilter; readonly selection: Selection }
  | {
      readonly kind: 'target';
      readonly optional: boolean;
      /** The type wanted; others are passed over. */
      readonly type?: string;
      readonly selection: Selection;
    }
  | { readonly kind: 'stored'; readonly type: string; readonly fields: readonly FieldPlan[] }
  | { readonly kind: 'read'; readonly target: ResourceKey; readonly fields: readonly FieldPlan[] }
  | {
      readonly kind: 'search';
      readonly search: SearchPlan;
      readonly fields: readonly FieldPlan[];
    }
  | {
      readonly kind: 'write';
      readonly write: WritePlan;
      readonly fields: readonly FieldPlan[];
    };
