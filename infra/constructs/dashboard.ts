import {
  AlarmStatusWidget,
  Dashboard as CloudWatchDashboard,
  GraphWidget,
  type IMetric,
  Stats,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { prefixOf } from '../names.js';
import type { Stage } from '../read-settings.js';
import { type Alarms, metricOf } from './alarms.js';
import type { ServerFunction } from './server-function.js';

export interface DashboardProps {
  readonly alarms: Alarms;
  readonly rest: { readonly apiName: string; readonly stageName: string };
  /** Ids of the GraphQL APIs. */
  readonly graphqlIds: readonly string[];
  readonly tableNames: readonly string[];
  readonly functions: Readonly<Record<string, ServerFunction>>;
  readonly domain: { readonly name: string; readonly account: string } | undefined;
}

/** One page of a stage: alarms, traffic, what fails, how long it takes, how far the index is behind, and what costs. */
export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, stage: Stage, props: DashboardProps) {
    super(scope, id);
    const { alarms, rest, graphqlIds, tableNames, functions, domain } = props;
    const board = new CloudWatchDashboard(this, 'Board', { dashboardName: prefixOf(stage) });
    const ofRest = (metric: string, statistic: string): IMetric =>
      metricOf('AWS/ApiGateway', metric, { ApiName: rest.apiName, Stage: rest.stageName }, statistic);
    const ofGraphql = (metric: string, statistic: string): IMetric[] =>
      graphqlIds.map((apiId) => metricOf('AWS/AppSync', metric, { GraphQLAPIId: apiId }, statistic));
    const ofTables = (metric: string): IMetric[] =>
      tableNames.map((TableName) => metricOf('AWS/DynamoDB', metric, { TableName }, Stats.SUM));
    const ofFunctions = (metric: (one: ServerFunction) => IMetric): IMetric[] => Object.values(functions).map(metric);
    const period = { period: Duration.minutes(5) };
    const graph = (title: string, left: IMetric[]): GraphWidget =>
      new GraphWidget({ title, left, width: 8, height: 6 });
    board.addWidgets(new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms.all], width: 24, height: 4 }));
    board.addWidgets(
      graph('Requests', [ofRest('Count', Stats.SUM), ...ofGraphql('Requests', Stats.SUM)]),
      graph('Answered 5xx', [ofRest('5XXError', Stats.SUM), ...ofGraphql('5XXError', Stats.SUM)]),
      graph('Milliseconds, 99 of 100', [ofRest('Latency', 'p99'), ...ofGraphql('Latency', 'p99')]),
    );
    board.addWidgets(
      graph(
        'Index lag, ms',
        tableNames.map((Table) => metricOf('FhirOnAppSync', 'IndexLag', { Table })),
      ),
      graph(
        'Functions: errors',
        ofFunctions(({ code }) => code.metricErrors(period)),
      ),
      graph(
        'Functions: throttled',
        ofFunctions(({ code }) => code.metricThrottles(period)),
      ),
    );
    board.addWidgets(
      graph(
        'Cost: function milliseconds',
        ofFunctions(({ code }) => code.metricDuration({ ...period, statistic: Stats.SUM })),
      ),
      graph('Cost: read units', ofTables('ConsumedReadCapacityUnits')),
      graph('Cost: write units', ofTables('ConsumedWriteCapacityUnits')),
    );
    if (domain !== undefined) {
      const ofDomain = (metric: string, statistic: string): IMetric =>
        metricOf('AWS/ES', metric, { DomainName: domain.name, ClientId: domain.account }, statistic);
      board.addWidgets(
        graph('Search: processor, %', [ofDomain('CPUUtilization', Stats.AVERAGE)]),
        graph('Search: memory pressure, %', [ofDomain('JVMMemoryPressure', Stats.MAXIMUM)]),
        graph('Search: free storage, MB', [ofDomain('FreeStorageSpace', Stats.MINIMUM)]),
      );
    }
  }
}
