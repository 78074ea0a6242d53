import { Alarm, ComparisonOperator, type IMetric, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { Stage } from '../read-settings.js';

/** When something is wrong that somebody should look at. */
export interface Watched {
  /** What the alarm is called: the thing, then what is wrong with it. */
  readonly name: string;
  readonly metric: IMetric;
  /** Wrong from here on; with `isBelow`, wrong below. */
  readonly threshold: number;
  readonly isBelow?: boolean;
  /** So many periods in a row. */
  readonly periods?: number;
  /** What to do. */
  readonly advice: string;
}

/** Alarms, all told to one topic: to the address of the settings, and to whoever subscribes. */
export class Alarms extends Construct {
  readonly topic: Topic;
  readonly #all: Alarm[] = [];

  constructor(scope: Construct, id: string, stage: Stage, masterKey: IKey) {
    super(scope, id);
    this.topic = new Topic(this, 'Topic', { masterKey, enforceSSL: true });
    if (stage.alarmEmail !== '') this.topic.addSubscription(new EmailSubscription(stage.alarmEmail));
  }

  get all(): readonly Alarm[] {
    return this.#all;
  }

  /** Adds an alarm. */
  watch({ name, metric, threshold, isBelow = false, periods = 1, advice }: Watched): void {
    const { GREATER_THAN_OR_EQUAL_TO_THRESHOLD, LESS_THAN_THRESHOLD } = ComparisonOperator;
    const alarm = new Alarm(this, name.replaceAll(/[^A-Za-z0-9]/g, ''), {
      alarmDescription: `${name}. ${advice}`,
      metric,
      threshold,
      evaluationPeriods: periods,
      comparisonOperator: isBelow ? LESS_THAN_THRESHOLD : GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    const action = new SnsAction(this.topic);
    alarm.addAlarmAction(action);
    alarm.addOkAction(action);
    this.#all.push(alarm);
  }
}

/** A metric in minutes' periods, the greatest value of each unless said otherwise. */
export const metricOf = (
  namespace: string,
  metricName: string,
  dimensionsMap: Readonly<Record<string, string>>,
  statistic: string = Stats.MAXIMUM,
): Metric => new Metric({ namespace, metricName, dimensionsMap, statistic, period: Duration.minutes(5) });
