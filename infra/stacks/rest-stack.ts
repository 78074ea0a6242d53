import { Aws, Duration, Stack, type StackProps } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { RestGateway } from '../constructs/rest-api.js';
import { ServerFunction } from '../constructs/server-function.js';
import { UsagePlan } from '../constructs/usage-plan.js';
import {
  type DataPlaces,
  functionEnvironment,
  jobsEnvironment,
  tableOf,
  useResources,
} from '../function-environment.js';
import { jobMachineArn, titleOf } from '../names.js';
import { describeTable, removeFiles, startExecution } from '../permissions.js';
import type { Stage } from '../read-settings.js';
import type { FhirVersion } from '../settings.js';
import type { SignInStack } from './sign-in-stack.js';

export interface RestStackProps extends StackProps {
  readonly data: DataPlaces;
  readonly signIn: SignInStack;
}

/** The REST API of all FHIR versions, with a function for each. */
export class RestStack extends Stack {
  readonly functions: ReadonlyMap<FhirVersion, ServerFunction>;
  readonly gateway: RestGateway;
  /** The URL by which clients know it, without a slash at the end. */
  readonly url: string;
  /** The id of the first API key; its value is not in any template. */
  readonly apiKeyId: string;

  constructor(scope: Construct, id: string, stage: Stage, { data, signIn, ...props }: RestStackProps) {
    super(scope, id, props);
    this.functions = new Map(
      stage.fhirVersions.map((version) => [
        version,
        new ServerFunction(this, `${titleOf(version)}Rest`, stage, {
          version,
          name: 'rest',
          key: data.key,
          memory: stage.memory.rest,
          timeout: Duration.seconds(28), // API Gateway waits 29
          environment: {
            ...functionEnvironment(stage, version, data),
            ...jobsEnvironment(stage, version, data),
            USER_POOL_ID: signIn.pool.userPoolId,
            CLIENT_IDS: signIn.clients.ids.join(','),
            HOSTED_UI_URL: signIn.url,
            SMART_SCOPES: ['openid', 'profile', ...signIn.smartScopes].join(' '),
            ...(stage.publicUrl === '' ? {} : { PUBLIC_URL: stage.publicUrl }),
          },
          permissions: [
            ...useResources(data, version),
            describeTable(tableOf(data, version)),
            ...removeFiles(data.files),
            startExecution(jobMachineArn(stage, version)),
          ],
          warm: stage.provisionedConcurrency.rest,
        }),
      ]),
    );
    this.gateway = new RestGateway(this, 'Gateway', stage, {
      functions: new Map([...this.functions].map(([version, { called }]) => [version, called])),
      userPool: signIn.pool,
      scopes: ['openid', 'aws.cognito.signin.user.admin', ...signIn.smartScopes],
    });
    const { restApiId, deploymentStage } = this.gateway.api;
    const own = `https://${restApiId}.execute-api.${Aws.REGION}.${Aws.URL_SUFFIX}/${deploymentStage.stageName}`;
    this.url = stage.publicUrl === '' ? own : stage.publicUrl;
    this.apiKeyId = new UsagePlan(this, 'Usage', stage, this.gateway.api).key.keyId;
  }
}
