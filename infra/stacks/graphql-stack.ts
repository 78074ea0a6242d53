import type { CfnGraphQLApi } from 'aws-cdk-lib/aws-appsync';
import { Duration, Stack, type StackProps } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import type { AppSyncApi } from '../../schema/api.js';
import { GraphqlApi } from '../constructs/graphql-api.js';
import { ServerFunction } from '../constructs/server-function.js';
import { type DataPlaces, functionEnvironment, tableOf, useResources } from '../function-environment.js';
import type { Stage } from '../read-settings.js';
import type { FhirVersion } from '../settings.js';
import type { SignInStack } from './sign-in-stack.js';

export interface GraphqlStackProps extends StackProps {
  readonly version: FhirVersion;
  readonly map: AppSyncApi;
  readonly data: DataPlaces;
  readonly signIn: SignInStack;
  /** The URL by which clients know the REST API, without a slash at the end: what references may begin with. */
  readonly restUrl: string;
}

/** The GraphQL API of a FHIR version, and the function behind its resolvers. Its resolvers are in stacks nested in it. */
export class GraphqlStack extends Stack {
  readonly api: CfnGraphQLApi;
  readonly resolvers: ServerFunction;

  constructor(scope: Construct, id: string, stage: Stage, props: GraphqlStackProps) {
    super(scope, id, props);
    const { version, map, data, signIn, restUrl } = props;
    this.resolvers = new ServerFunction(this, 'Resolvers', stage, {
      version,
      name: 'resolvers',
      key: data.key,
      memory: stage.memory.resolvers,
      timeout: Duration.seconds(29), // AppSync waits 30
      environment: {
        ...functionEnvironment(stage, version, data),
        PUBLIC_URL: restUrl,
        JOBS_BUCKET: data.files.bucketName,
      },
      permissions: useResources(data, version),
      warm: stage.provisionedConcurrency.resolvers,
    });
    this.api = new GraphqlApi(this, 'GraphQl', stage, {
      version,
      map,
      table: tableOf(data, version),
      resolvers: this.resolvers.called,
      key: data.key,
      userPoolId: signIn.pool.userPoolId,
      clientIds: signIn.clients.ids,
    }).api;
  }
}
