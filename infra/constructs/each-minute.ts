import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Duration } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';

/** Calls a function each minute, once: what fails is left to the next minute. */
export class EachMinute extends Rule {
  constructor(scope: Construct, id: string, code: IFunction) {
    super(scope, id, {
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new LambdaFunction(code, { retryAttempts: 0 })],
    });
  }
}
