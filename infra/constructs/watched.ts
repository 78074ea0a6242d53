import { Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { Aws, Duration } from 'aws-cdk-lib/core';
import { type DataPlaces, tableOf } from '../function-environment.js';
import { titleOf } from '../names.js';
import type { FhirVersion } from '../settings.js';
import type { IndexingStack } from '../stacks/indexing-stack.js';
import { metricOf, type Watched } from './alarms.js';
import type { ServerFunction } from './server-function.js';

const minutes = 60_000;
const hours = 60 * minutes;
const eachFiveMinutes = { period: Duration.minutes(5) };

/** A function that fails, or is not let run. */
export const watchFunction = (name: string, { code }: ServerFunction): readonly Watched[] => [
  {
    name: `${name} function fails`,
    metric: code.metricErrors(eachFiveMinutes),
    threshold: 5,
    advice: 'Its log says why',
  },
  {
    name: `${name} function is throttled`,
    metric: code.metricThrottles(eachFiveMinutes),
    threshold: 1,
    advice: "The account's concurrency is used up: ask AWS for more",
  },
];

/** The REST API: what it answers with 5xx, and how long it takes. */
export function watchRest(apiName: string, stageName: string): readonly Watched[] {
  const metric = (name: string, statistic: string): Watched['metric'] =>
    metricOf('AWS/ApiGateway', name, { ApiName: apiName, Stage: stageName }, statistic);
  return [
    {
      name: 'REST answers 5xx',
      metric: metric('5XXError', Stats.SUM),
      threshold: 5,
      advice: 'See the log of its function',
    },
    {
      name: 'REST is slow',
      metric: metric('Latency', 'p99'),
      threshold: 5000,
      periods: 3,
      advice: 'See the dashboard: search domain, cold starts, or one caller',
    },
  ];
}

/** A GraphQL API: what it answers with 5xx. */
export const watchGraphql = (version: FhirVersion, apiId: string): readonly Watched[] => [
  {
    name: `GraphQL ${titleOf(version)} answers 5xx`,
    metric: metricOf('AWS/AppSync', '5XXError', { GraphQLAPIId: apiId }, Stats.SUM),
    threshold: 5,
    advice: 'See the log of the API and of its function',
  },
];

/** A table: requests that DynamoDB itself fails, or does not take. */
export function watchTable(version: FhirVersion, data: DataPlaces): readonly Watched[] {
  const { tableName } = tableOf(data, version);
  return ['ReadThrottleEvents', 'WriteThrottleEvents'].map((event) => ({
    name: `Table ${titleOf(version)} ${event}`,
    metric: metricOf('AWS/DynamoDB', event, { TableName: tableName }, Stats.SUM),
    threshold: 10,
    periods: 2,
    advice: 'Many requests for one resource, or a sudden load',
  }));
}

/** How far indexing is behind, and what it gave up. */
export function watchIndexing(
  version: FhirVersion,
  data: DataPlaces,
  { indexer, notifier, publisher, sweeper }: IndexingStack,
): readonly Watched[] {
  const title = titleOf(version);
  const queues = {
    poison: indexer.poison,
    undone: indexer.undone,
    untold: publisher.untold,
    ...(notifier === undefined ? {} : { unnotified: notifier.unnotified }),
  };
  return [
    {
      name: `Index ${title} is behind`,
      metric: metricOf('FhirOnAppSync', 'IndexLag', { Table: tableOf(data, version).tableName }),
      threshold: 2 * minutes,
      periods: 3,
      advice: 'Searches do not see what is written: look at the indexer and the search domain',
    },
    {
      name: `Stream ${title} waits for twelve hours`,
      metric: indexer.function.code.metric('IteratorAge', { statistic: Stats.MAXIMUM, ...eachFiveMinutes }),
      threshold: 12 * hours,
      advice: 'At 24 hours records are lost: mend the indexer, or make the index anew ($reindex)',
    },
    ...Object.entries(queues).map(([queue, each]): Watched => ({
      name: `${title} ${queue} holds messages`,
      metric: each.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM, ...eachFiveMinutes }),
      threshold: 1,
      advice: 'docs/deployment.md, "When an alarm rings"',
    })),
    ...watchFunction(`${title} indexer`, indexer.function),
    ...watchFunction(`${title} publisher`, publisher.function),
    ...watchFunction(`${title} sweeper`, sweeper.function),
    ...(notifier === undefined ? [] : watchFunction(`${title} notifier`, notifier.function)),
  ];
}

/** What works on a version's jobs, and gives up: who looks after jobs has it begun again. */
export const watchJobs = (version: FhirVersion, stateMachineArn: string): readonly Watched[] => [
  {
    name: `Jobs ${titleOf(version)} are given up`,
    metric: metricOf('AWS/States', 'ExecutionsFailed', { StateMachineArn: stateMachineArn }, Stats.SUM),
    threshold: 1,
    advice: 'They are begun again each minute: the log of the jobs function says why they do not go on',
  },
];

/** The search domain: red, full, or out of breath. */
export function watchDomain(domainName: string): readonly Watched[] {
  const metric = (name: string, statistic: string = Stats.MAXIMUM): Watched['metric'] =>
    metricOf('AWS/ES', name, { DomainName: domainName, ClientId: Aws.ACCOUNT_ID }, statistic);
  return [
    {
      name: 'Search domain is red',
      metric: metric('ClusterStatus.red'),
      threshold: 1,
      advice: 'A shard is lost: see its health',
    },
    {
      name: 'Search domain is full',
      metric: metric('FreeStorageSpace', Stats.MINIMUM),
      threshold: 4096,
      isBelow: true,
      advice: 'Less than 4 GB are free on a node: give it larger volumes',
    },
    {
      name: 'Search domain lacks memory',
      metric: metric('JVMMemoryPressure'),
      threshold: 90,
      periods: 3,
      advice: 'Take a larger size',
    },
    {
      name: 'Search domain is busy',
      metric: metric('CPUUtilization', Stats.AVERAGE),
      threshold: 85,
      periods: 6,
      advice: 'Take a larger size',
    },
    {
      name: 'Search domain takes no writes',
      metric: metric('ClusterIndexWritesBlocked'),
      threshold: 1,
      advice: 'It is full, or lacks memory',
    },
  ];
}
