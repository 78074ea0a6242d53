import { fileURLToPath } from 'node:url';
import { CfnGraphQLApi, CfnGraphQLSchema } from 'aws-cdk-lib/aws-appsync';
import { Policy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Aws } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { AppSyncApi } from '../../schema/api.js';
import { tenancyEnvironment } from '../function-environment.js';
import { prefixOf } from '../names.js';
import { writeLogs } from '../permissions.js';
import type { Stage } from '../read-settings.js';
import type { FhirVersion } from '../settings.js';
import { CodeAssets } from './code-assets.js';
import { GraphqlSources, type GraphqlSourcesProps, pipelineFunctions } from './graphql-sources.js';
import { Log } from './log.js';
import { ResolverStack, resolversEach } from './resolver-stack.js';

export interface GraphqlApiProps extends GraphqlSourcesProps {
  readonly version: FhirVersion;
  readonly map: AppSyncApi;
  readonly userPoolId: string;
  /** The app clients whose tokens count. */
  readonly clientIds: readonly string[];
}

/**
 * The AppSync API of a FHIR version: users by their pool's access tokens, the publisher by IAM. Requests are not logged
 * with their variables and values: they hold what is in resources.
 */
export class GraphqlApi extends Construct {
  readonly api: CfnGraphQLApi;

  constructor(scope: Construct, id: string, stage: Stage, props: GraphqlApiProps) {
    super(scope, id);
    const { version, map } = props;
    const role = new Role(this, 'LogRole', { assumedBy: new ServicePrincipal('appsync.amazonaws.com') });
    this.api = new CfnGraphQLApi(this, 'Api', {
      name: `${prefixOf(stage)}-${version}`,
      authenticationType: 'AMAZON_COGNITO_USER_POOLS',
      userPoolConfig: {
        userPoolId: props.userPoolId,
        awsRegion: Aws.REGION,
        defaultAction: 'ALLOW',
        appIdClientRegex: `^(${props.clientIds.join('|')})$`,
      },
      additionalAuthenticationProviders: [{ authenticationType: 'AWS_IAM' }],
      introspectionConfig: stage.introspection ? 'ENABLED' : 'DISABLED',
      queryDepthLimit: stage.depthLimit,
      resolverCountLimit: stage.resolverLimit,
      environmentVariables: {
        AUTHORIZATION: stage.authorization,
        AUDIT: stage.audit,
        ...tenancyEnvironment(stage),
      },
      logConfig: { cloudWatchLogsRoleArn: role.roleArn, fieldLogLevel: 'ERROR', excludeVerboseContent: true },
    });
    // AppSync writes there and nowhere else.
    const log = new Log(this, 'Log', stage, `/aws/appsync/apis/${this.api.attrApiId}`);
    role.attachInlinePolicy(new Policy(this, 'LogPolicy', { statements: [writeLogs(log.logGroupArn)] }));
    const schema = new CfnGraphQLSchema(this, 'Schema', {
      apiId: this.api.attrApiId,
      definitionS3Location: new Asset(this, 'Sdl', {
        path: fileURLToPath(new URL(`../../schema/${version}/schema.graphql`, import.meta.url)),
      }).s3ObjectUrl,
    });
    const assets = new CodeAssets(this, 'Code');
    const sources = new GraphqlSources(this, 'Sources', this.api, map, props);
    const functions = pipelineFunctions(this, this.api, map, assets, [sources, schema]);
    for (let from = 0, part = 1; from < map.resolvers.length; from += resolversEach, part += 1) {
      new ResolverStack(this, `Resolvers${part.toString()}`, {
        apiId: this.api.attrApiId,
        resolvers: map.resolvers.slice(from, from + resolversEach),
        assets,
        functions,
      }).node.addDependency(schema, sources);
    }
  }
}
