import type { StructureTable } from '../structure.js';
import { type Children, type Collection, nothing, type Surroundings } from './node.js';

/** A compiled expression. @throws EvaluationError when it asks something of several values that only one can answer. */
export type Compiled = (focus: Collection, surroundings: Surroundings) => Collection;

/** What the functions of one version work with. */
export interface FunctionContext {
  readonly structures: StructureTable;
  readonly children: Children;
}

/** One call of a function, with its arguments. */
export class Call {
  readonly context: FunctionContext;
  readonly around: Surroundings;
  private readonly given: readonly Compiled[];
  private readonly focus: Collection;

  constructor(context: FunctionContext, given: readonly Compiled[], focus: Collection, around: Surroundings) {
    this.context = context;
    this.given = given;
    this.focus = focus;
    this.around = around;
  }

  /** The argument at `place`, evaluated on items of what the function is called on. */
  on(items: Collection, place = 0): Collection {
    return this.given[place]?.(items, this.around) ?? nothing;
  }

  /** The argument at `place`, evaluated where the call stands. */
  argument(place = 0): Collection {
    return this.given[place]?.(this.focus, this.around) ?? nothing;
  }
}
