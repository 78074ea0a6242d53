import type { OperationOutcome, OperationOutcomeError } from '../fhir/outcome.js';
import type { Resource, ResourceKey } from '../fhir/resource.js';

/** What a GraphQL query stands on: the whole system, a stored resource, or one that is at hand. */
export type GraphqlTarget =
  | { readonly kind: 'system' }
  | { readonly kind: 'instance'; readonly key: ResourceKey }
  | { readonly kind: 'resource'; readonly resource: Resource };

/** A GraphQL request as a client sends it, and how it is answered. https://graphql.github.io/graphql-over-http/ */
export interface GraphqlCall {
  readonly target: GraphqlTarget;
  readonly query: string;
  readonly operationName?: string;
  /** A JSON object; numbers may be `Decimal`. */
  readonly variables?: unknown;
  /** Whether what has no value is null, as GraphQL has it; otherwise it is left out, as in FHIR's JSON. */
  readonly nulls: boolean;
  /** Whether the request may change something; a GET may not. */
  readonly mayMutate: boolean;
  /** Masks what nobody expected, where others of several mutations are done. */
  readonly onUnexpected: (error: unknown) => OperationOutcomeError;
}

/** What comes of a GraphQL request. */
export interface GraphqlAnswer {
  /** The HTTP status that FHIR has for it: 200 with `data`. */
  readonly status: number;
  /** The JSON text of the data; absent when nothing is answered. */
  readonly data?: string;
  /** Errors as the answer's JSON has them, each with an OperationOutcome. */
  readonly errors: readonly GraphqlErrorJson[];
}

/** An error of an answer. https://hl7.org/fhir/R4/graphql.html#errors */
export interface GraphqlErrorJson {
  readonly message: string;
  readonly locations?: readonly { readonly line: number; readonly column: number }[];
  readonly path?: readonly (string | number)[];
  readonly extensions: { readonly resource: OperationOutcome };
}
