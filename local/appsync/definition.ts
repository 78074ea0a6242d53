import type { AppSyncApi } from '../../schema/api.js';
import type { AuthProvider } from './authorization/authenticate.js';
import type { TableSchema } from './data-sources/dynamodb/table-schema.js';
import type { OperationLimits } from './limits.js';

/** What is behind a data source. */
export type SourceDefinition =
  | { readonly kind: 'NONE' | 'AMAZON_EVENTBRIDGE' }
  | { readonly kind: 'AMAZON_DYNAMODB'; readonly table: string }
  | { readonly kind: 'AWS_LAMBDA'; readonly function: string }
  | { readonly kind: 'HTTP' | 'AMAZON_OPENSEARCH_SERVICE'; readonly endpoint: string };

/** A way to be known, as data: IAM's access keys are the server's. */
export type ProviderDefinition =
  | Exclude<AuthProvider, { readonly mode: 'AWS_IAM' | 'AWS_LAMBDA' }>
  | { readonly mode: 'AWS_IAM' }
  | { readonly mode: 'AWS_LAMBDA'; readonly function: string; readonly tokenPattern?: string };

/** The code of a Lambda function. */
export interface FunctionDefinition {
  readonly name: string;
  /** Such as `nodejs22.x`. */
  readonly runtime: string;
  /** Such as `index.handler`. */
  readonly handler: string;
  readonly code: { readonly folder: string } | { readonly text: string };
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
}

/** Everything an API is served from, as data. */
export interface ApiDefinition {
  readonly name: string;
  readonly api: AppSyncApi;
  /** The text of each bundle the API names. */
  readonly code: ReadonlyMap<string, string>;
  readonly sources: ReadonlyMap<string, SourceDefinition>;
  readonly tables: readonly TableSchema[];
  readonly functions: readonly FunctionDefinition[];
  /** The default first. */
  readonly providers: readonly ProviderDefinition[];
  readonly environment: Readonly<Record<string, string>>;
  readonly introspection: boolean;
  readonly limits: Partial<OperationLimits>;
}

/** An API that cannot be served, as a sentence that names what it is about. */
export class DefinitionError extends Error {
  override readonly name = 'DefinitionError';
}
