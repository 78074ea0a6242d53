import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Stage } from '../read-settings.js';
import { removalPolicy } from './removal.js';

const retentions: Readonly<Record<Stage['logDays'], RetentionDays>> = {
  7: RetentionDays.ONE_WEEK,
  14: RetentionDays.TWO_WEEKS,
  30: RetentionDays.ONE_MONTH,
  90: RetentionDays.THREE_MONTHS,
  180: RetentionDays.SIX_MONTHS,
  365: RetentionDays.ONE_YEAR,
  731: RetentionDays.TWO_YEARS,
};

/** A log that is kept as long as the stage says. CloudWatch encrypts it; nothing of a resource is in it. */
export class Log extends LogGroup {
  constructor(scope: Construct, id: string, stage: Stage, logGroupName?: string) {
    super(scope, id, {
      retention: retentions[stage.logDays],
      removalPolicy: removalPolicy(stage),
      ...(logGroupName === undefined ? {} : { logGroupName }),
    });
  }
}
