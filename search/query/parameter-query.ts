import type { DocumentFields } from '../opensearch/fields.js';
import type { Condition } from '../opensearch/condition.js';

/** How OpenSearch finds the values of a search parameter type: what a document holds, and the query for it. */
export interface ParameterQuery<Value, Query> {
  /** Adds to a document what a parameter's values are found by. */
  index(fields: DocumentFields, code: string, values: readonly Value[]): void;
  /** The documents in which a value of the parameter matches one of the queries; never fewer. */
  condition(code: string, queries: readonly Query[]): Condition;
}
