import type { FieldPlan } from '../plan/field-plan.js';

/** An object of the answer before it is laid out: what was found for each field wanted. */
export class ObjectResult {
  readonly fields: FieldResult[] = [];
}

/** What was found for a field. */
export interface FieldResult {
  readonly plan: FieldPlan;
  /** JSON of primitives, `ObjectResult`s, or objects laid out already; null stands for a gap in a list. */
  readonly items: unknown[];
  /** What `@slice` puts behind the names, per item. */
  readonly suffixes?: string[];
}
