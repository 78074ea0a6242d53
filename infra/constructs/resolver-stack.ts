import { CfnResolver } from 'aws-cdk-lib/aws-appsync';
import { NestedStack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import type { ApiResolver } from '../../schema/api.js';
import type { CodeAssets } from './code-assets.js';
import { appSyncJs } from './graphql-sources.js';

/** So many resolvers are in one stack: CloudFormation takes 500 resources and 1 MB of template, CDK warns from 400 on. */
export const resolversEach = 380;

export interface ResolverStackProps {
  readonly apiId: string;
  readonly resolvers: readonly ApiResolver[];
  readonly assets: CodeAssets;
  /** Ids of pipeline functions by name. */
  readonly functions: ReadonlyMap<string, string>;
}

/** A part of an API's resolvers, in a stack of their own: one has no room for all. */
export class ResolverStack extends NestedStack {
  constructor(scope: Construct, id: string, { apiId, resolvers, assets, functions }: ResolverStackProps) {
    super(scope, id);
    for (const resolver of resolvers) {
      const { typeName, fieldName, code, kind } = resolver;
      new CfnResolver(this, `${typeName}${fieldName.charAt(0).toUpperCase()}${fieldName.slice(1)}`, {
        apiId,
        typeName,
        fieldName,
        kind,
        runtime: appSyncJs,
        codeS3Location: assets.url(code),
        ...(resolver.kind === 'PIPELINE'
          ? { pipelineConfig: { functions: resolver.functions.map((name) => idOf(functions, name)) } }
          : { dataSourceName: resolver.dataSource, ...batchOf(resolver) }),
      });
    }
  }
}

const batchOf = ({ maxBatchSize = 0 }: { readonly maxBatchSize?: number }): { maxBatchSize?: number } =>
  maxBatchSize === 0 ? {} : { maxBatchSize };

function idOf(functions: ReadonlyMap<string, string>, name: string): string {
  const id = functions.get(name);
  if (id === undefined) throw new Error(`A pipeline names the function ${name}, which is not in the API`);
  return id;
}
