import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { type DataPlaces, functionEnvironment, useResources } from '../function-environment.js';
import { receiveFrom, sendTo } from '../permissions.js';
import type { Stage } from '../read-settings.js';
import type { FhirVersion } from '../settings.js';
import { EachMinute } from './each-minute.js';
import { OrderedLetterQueue, OrderedQueue } from './letter-queue.js';
import { ServerFunction } from './server-function.js';

const timeout = Duration.minutes(2);

/**
 * What notifies the endpoints of FHIR Subscriptions (ADR 66): the indexer hands on what it has indexed, those of one
 * resource in order; whom it concerns is looked for, and each Subscription is served by one call at a time.
 */
export class Notifier extends Construct {
  readonly function: ServerFunction;
  /** Versions that became current, to be looked at. */
  readonly changes: Queue;
  /** Subscriptions to be served. */
  readonly deliveries: Queue;
  /** Changes that could not be looked at, and Subscriptions that could not be served. */
  readonly unnotified: Queue;

  constructor(scope: Construct, id: string, stage: Stage, version: FhirVersion, data: DataPlaces) {
    super(scope, id);
    this.unnotified = new OrderedLetterQueue(this, 'Unnotified', data.key);
    const common = { visibilityTimeout: timeout, letters: this.unnotified };
    this.changes = new OrderedQueue(this, 'Changes', data.key, { ...common, tries: 30 });
    // One that is tried again and again comes back each time; the Subscription says when that is enough.
    this.deliveries = new OrderedQueue(this, 'Deliveries', data.key, { ...common, tries: 1000 });
    this.function = new ServerFunction(this, 'Function', stage, {
      version,
      name: 'notifier',
      key: data.key,
      memory: stage.memory.indexer,
      timeout,
      environment: {
        ...functionEnvironment(stage, version, data),
        DELIVERIES_QUEUE_URL: this.deliveries.queueUrl,
      },
      permissions: [
        ...useResources(data, version),
        sendTo(this.deliveries.queueArn),
        receiveFrom(this.deliveries.queueArn),
        receiveFrom(this.changes.queueArn),
      ],
    });
    for (const [name, queue, batchSize] of [
      ['Look', this.changes, 10],
      ['Tell', this.deliveries, 1],
    ] as const) {
      new EventSourceMapping(this, name, {
        target: this.function.code,
        eventSourceArn: queue.queueArn,
        batchSize,
        reportBatchItemFailures: true,
      });
    }
    new EachMinute(this, 'EachMinute', this.function.code);
  }
}
