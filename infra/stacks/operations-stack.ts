import { Aws, Stack, type StackProps } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { Alarms } from '../constructs/alarms.js';
import { Dashboard } from '../constructs/dashboard.js';
import { Firewall } from '../constructs/firewall.js';
import type { ServerFunction } from '../constructs/server-function.js';
import {
  watchDomain,
  watchFunction,
  watchGraphql,
  watchIndexing,
  watchJobs,
  watchRest,
  watchTable,
} from '../constructs/watched.js';
import { tableOf } from '../function-environment.js';
import { prefixOf, titleOf } from '../names.js';
import type { Stage } from '../read-settings.js';
import type { FhirVersion } from '../settings.js';
import type { DataStack } from './data-stack.js';
import type { JobsStack } from './jobs-stack.js';
import type { GraphqlStack } from './graphql-stack.js';
import type { IndexingStack } from './indexing-stack.js';
import type { RestStack } from './rest-stack.js';

export interface OperationsStackProps extends StackProps {
  readonly data: DataStack;
  readonly rest: RestStack;
  readonly graphql: ReadonlyMap<FhirVersion, GraphqlStack>;
  readonly indexing: ReadonlyMap<FhirVersion, IndexingStack>;
  readonly jobs: ReadonlyMap<FhirVersion, JobsStack>;
}

/** What watches over a stage: alarms, a dashboard, and by setting a firewall. It holds nothing and can be made anew. */
export class OperationsStack extends Stack {
  constructor(scope: Construct, id: string, stage: Stage, more: OperationsStackProps) {
    const { data, rest, graphql, indexing, jobs, ...props } = more;
    super(scope, id, props);
    const alarms = new Alarms(this, 'Alarms', stage, data.key);
    const served = { apiName: prefixOf(stage), stageName: 'v1' };
    const functions: Readonly<Record<string, ServerFunction>> = {
      ...Object.fromEntries([...rest.functions].map(([version, one]) => [`${titleOf(version)} REST`, one])),
      ...Object.fromEntries([...graphql].map(([version, one]) => [`${titleOf(version)} GraphQL`, one.resolvers])),
      ...Object.fromEntries([...jobs].map(([version, one]) => [`${titleOf(version)} jobs`, one.function])),
    };
    const watched = [
      ...watchRest(served.apiName, served.stageName),
      ...[...graphql].flatMap(([version, { api }]) => watchGraphql(version, api.attrApiId)),
      ...Object.entries(functions).flatMap(([name, one]) => watchFunction(name, one)),
      ...stage.fhirVersions.flatMap((version) => watchTable(version, data)),
      ...[...jobs].flatMap(([version, { machine }]) => watchJobs(version, machine.arn)),
      ...[...indexing].flatMap(([version, one]) => watchIndexing(version, data, one)),
      ...(data.domainName === undefined ? [] : watchDomain(data.domainName)),
    ];
    for (const one of watched) alarms.watch(one);
    new Dashboard(this, 'Dashboard', stage, {
      alarms,
      rest: served,
      graphqlIds: [...graphql.values()].map(({ api }) => api.attrApiId),
      tableNames: stage.fhirVersions.map((version) => tableOf(data, version).tableName),
      functions: {
        ...functions,
        ...Object.fromEntries(
          [...indexing].map(([version, { indexer }]) => [`${titleOf(version)} index`, indexer.function]),
        ),
      },
      domain: data.domainName === undefined ? undefined : { name: data.domainName, account: Aws.ACCOUNT_ID },
    });
    if (stage.firewall) {
      new Firewall(this, 'Firewall', stage, {
        Rest: rest.gateway.api.deploymentStage.stageArn,
        ...Object.fromEntries([...graphql].map(([version, { api }]) => [`GraphQl${titleOf(version)}`, api.attrArn])),
      });
    }
  }
}
