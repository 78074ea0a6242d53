/** An AppSync API as data: what infra deploys and what the local runtime serves. One per FHIR version. */
export interface AppSyncApi {
  /** The SDL. */
  readonly schema: string;
  readonly dataSources: readonly ApiDataSource[];
  readonly functions: readonly ApiFunction[];
  readonly resolvers: readonly ApiResolver[];
}

/** A data source by name; the local runtime is handed an implementation for each. */
export interface ApiDataSource {
  readonly name: string;
  readonly kind:
    'AMAZON_DYNAMODB' | 'AWS_LAMBDA' | 'NONE' | 'HTTP' | 'AMAZON_OPENSEARCH_SERVICE' | 'AMAZON_EVENTBRIDGE';
}

/** An AppSync function (a step of pipelines): its code is `<code>.js` among the bundles. */
export interface ApiFunction {
  readonly name: string;
  readonly dataSource: string;
  readonly code: string;
  /** For Lambda data sources with BatchInvoke: the greatest batch, 0 or absent for none. */
  readonly maxBatchSize?: number;
}

/** The resolver of one field. */
export type ApiResolver =
  | {
      readonly kind: 'UNIT';
      readonly typeName: string;
      readonly fieldName: string;
      readonly dataSource: string;
      readonly code: string;
      readonly maxBatchSize?: number;
    }
  | {
      readonly kind: 'PIPELINE';
      readonly typeName: string;
      readonly fieldName: string;
      /** The bundle with the pipeline's before and after steps. */
      readonly code: string;
      /** Names of functions, in order, at most 10. */
      readonly functions: readonly string[];
    };
