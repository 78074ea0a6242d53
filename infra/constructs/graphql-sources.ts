import {
  CfnDataSource,
  CfnFunctionConfiguration,
  type CfnGraphQLApi,
  type CfnGraphQLSchema,
} from 'aws-cdk-lib/aws-appsync';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyDocument, type PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Aws } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { ApiDataSource, AppSyncApi } from '../../schema/api.js';
import { getItem, invoke, useKey } from '../permissions.js';
import type { CodeAssets } from './code-assets.js';

/** What is behind the data sources of an API. */
export interface GraphqlSourcesProps {
  readonly table: ITable;
  readonly resolvers: IFunction;
  readonly key: IKey;
}

/** The data sources of `schema/load-api.ts`, each with a role that may do what its kind does, and no more. */
export class GraphqlSources extends Construct {
  constructor(scope: Construct, id: string, api: CfnGraphQLApi, map: AppSyncApi, props: GraphqlSourcesProps) {
    super(scope, id);
    for (const source of map.dataSources) this.#add(api, source, props);
  }

  #add(api: CfnGraphQLApi, { name, kind }: ApiDataSource, { table, resolvers, key }: GraphqlSourcesProps): void {
    const common = { apiId: api.attrApiId, name, type: kind };
    const role = (...statements: PolicyStatement[]): string =>
      new Role(this, `${name}Role`, {
        assumedBy: new ServicePrincipal('appsync.amazonaws.com', {
          conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
        }),
        inlinePolicies: { own: new PolicyDocument({ statements }) },
      }).roleArn;
    switch (kind) {
      case 'AMAZON_DYNAMODB':
        new CfnDataSource(this, name, {
          ...common,
          serviceRoleArn: role(getItem(table), useKey(key)),
          dynamoDbConfig: { tableName: table.tableName, awsRegion: Aws.REGION },
        });
        break;
      case 'AWS_LAMBDA':
        new CfnDataSource(this, name, {
          ...common,
          serviceRoleArn: role(invoke(resolvers.functionArn)),
          lambdaConfig: { lambdaFunctionArn: resolvers.functionArn },
        });
        break;
      case 'NONE':
        new CfnDataSource(this, name, common);
        break;
      default:
        throw new Error(`The data source ${name} is of kind ${kind}, which is not deployed`);
    }
  }
}

/** What APPSYNC_JS is called, wherever there is code. */
export const appSyncJs = { name: 'APPSYNC_JS', runtimeVersion: '1.0.0' } as const;

/** The functions of an API's pipelines, shared by its resolvers: their ids by name. */
export function pipelineFunctions(
  scope: Construct,
  api: CfnGraphQLApi,
  map: AppSyncApi,
  assets: CodeAssets,
  after: readonly (GraphqlSources | CfnGraphQLSchema)[],
): ReadonlyMap<string, string> {
  return new Map(
    map.functions.map(({ name, dataSource, code, maxBatchSize = 0 }) => {
      const made = new CfnFunctionConfiguration(scope, name, {
        apiId: api.attrApiId,
        name,
        dataSourceName: dataSource,
        runtime: appSyncJs,
        codeS3Location: assets.url(code),
        ...(maxBatchSize === 0 ? {} : { maxBatchSize }),
      });
      made.node.addDependency(...after);
      return [name, made.attrFunctionId];
    }),
  );
}
