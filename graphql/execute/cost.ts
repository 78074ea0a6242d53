import { type Budget, newBudget } from '../../fhir/fhirpath/node.js';
import { tooCostly } from '../../fhir/outcome.js';
import type { GraphqlLimits } from '../limits.js';

type Counted = 'searches' | 'resources' | 'values';

/** What one request has taken so far. */
export class Cost {
  /** Steps of all FHIRPath of the request together. */
  readonly budget: Budget = newBudget();
  private readonly limits: GraphqlLimits;
  private readonly spent: Record<Counted, number> = { searches: 0, resources: 0, values: 0 };

  constructor(limits: GraphqlLimits) {
    this.limits = limits;
  }

  /**
   * Counts.
   * @throws OperationOutcomeError 413 naming the limit that is passed.
   */
  add(what: Counted, count: number): void {
    this.spent[what] += count;
    if (this.spent[what] > this.limits[what]) {
      throw tooCostly(`The query takes more than ${String(this.limits[what])} ${what}: ask for less at a time`);
    }
  }
}
