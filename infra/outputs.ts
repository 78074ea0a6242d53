import { Aws, CfnOutput, type Stack } from 'aws-cdk-lib/core';
import { tableOf } from './function-environment.js';
import { indexAlias, titleOf } from './names.js';
import type { Stage } from './read-settings.js';
import type { FhirVersion } from './settings.js';
import type { ConsoleStack } from './stacks/console-stack.js';
import type { DataStack } from './stacks/data-stack.js';
import type { GraphqlStack } from './stacks/graphql-stack.js';
import type { IndexingStack } from './stacks/indexing-stack.js';
import type { JobsStack } from './stacks/jobs-stack.js';
import type { RestStack } from './stacks/rest-stack.js';
import type { SignInStack } from './stacks/sign-in-stack.js';

interface Deployed {
  readonly data: DataStack;
  readonly site: ConsoleStack | undefined;
  readonly signIn: SignInStack;
  readonly rest: RestStack;
  readonly graphql: ReadonlyMap<FhirVersion, GraphqlStack>;
  readonly jobs: ReadonlyMap<FhirVersion, JobsStack>;
  readonly indexing: ReadonlyMap<FhirVersion, IndexingStack>;
}

const add = (stack: Stack, values: Readonly<Record<string, string>>): void => {
  for (const [name, value] of Object.entries(values)) new CfnOutput(stack, name, { value });
};

/** Adds what clients and operators need to know to the stacks' outputs, which `npm run deploy` writes to outputs.json. */
export function addOutputs(stage: Stage, { data, site, signIn, rest, graphql, jobs, indexing }: Deployed): void {
  add(rest, {
    Region: Aws.REGION,
    RestApiUrl: rest.url,
    RestApiKeyId: rest.apiKeyId,
    ...Object.fromEntries(
      stage.fhirVersions.map((version) => [`RestUrl${titleOf(version)}`, `${rest.url}/${version}`]),
    ),
  });
  if (site !== undefined) add(site, { ConsoleUrl: site.url, ConsoleBucket: site.bucket.bucketName });
  const { people, machines } = signIn.clients;
  add(signIn, {
    UserPoolId: signIn.pool.userPoolId,
    ClientId: people.userPoolClientId,
    ...(machines === undefined ? {} : { MachineClientId: machines.userPoolClientId }),
    SignInUrl: signIn.url,
    Issuer: signIn.issuer,
  });
  for (const [version, stack] of graphql) {
    add(stack, {
      [`GraphQlUrl${titleOf(version)}`]: stack.api.attrGraphQlUrl,
      [`RealtimeUrl${titleOf(version)}`]: stack.api.attrRealtimeUrl,
      [`GraphQlApiId${titleOf(version)}`]: stack.api.attrApiId,
    });
  }
  for (const [version, stack] of jobs) {
    add(stack, { [`JobMachine${titleOf(version)}`]: stack.machine.arn });
  }
  for (const [version, stack] of indexing) {
    add(stack, { [`SweeperName${titleOf(version)}`]: stack.sweeper.function.code.functionName });
  }
  add(data, {
    SearchEndpoint: data.search.endpoint,
    BodiesBucket: data.bodies.bucketName,
    ...Object.fromEntries(
      stage.fhirVersions.flatMap((version) => [
        [`TableName${titleOf(version)}`, tableOf(data, version).tableName],
        [`IndexAlias${titleOf(version)}`, indexAlias(stage, version)],
      ]),
    ),
  });
}
