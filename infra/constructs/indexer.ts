import { EventSourceMapping, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { type DataPlaces, functionEnvironment, tableOf, useResources } from '../function-environment.js';
import { readStream, receiveFrom, sendTo } from '../permissions.js';
import type { Stage } from '../read-settings.js';
import type { FhirVersion } from '../settings.js';
import { LetterQueue } from './letter-queue.js';
import { ServerFunction } from './server-function.js';

const timeout = Duration.minutes(2);

/**
 * What brings a version's search index up to date with its table, by the table's stream. While OpenSearch is away the
 * stream waits, for almost the day that it keeps records. A record that cannot be indexed does not hold up others: the
 * function sends it to `poison`. To try those again, the mapping `Redrive` is enabled (docs/deployment.md).
 */
export class Indexer extends Construct {
  readonly function: ServerFunction;
  /** Records that cannot be indexed, sent by the function. */
  readonly poison: LetterQueue;
  /** Where in the stream batches are that were given up, sent by Lambda: an index to be made anew. */
  readonly undone: LetterQueue;
  readonly redrive: EventSourceMapping;

  /** @param changes where what is indexed is handed on to; nowhere without it. */
  constructor(
    scope: Construct,
    id: string,
    stage: Stage,
    { version, data, changes }: { version: FhirVersion; data: DataPlaces; changes: Queue | undefined },
  ) {
    super(scope, id);
    const table = tableOf(data, version);
    this.poison = new LetterQueue(this, 'Poison', data.key, timeout);
    this.undone = new LetterQueue(this, 'Undone', data.key, timeout);
    const { poison, undone } = this;
    this.function = new ServerFunction(this, 'Function', stage, {
      version,
      name: 'indexer',
      key: data.key,
      memory: stage.memory.indexer,
      timeout,
      environment: {
        ...functionEnvironment(stage, version, data),
        DEAD_LETTER_QUEUE_URL: poison.queueUrl,
        ...(changes === undefined ? {} : { CHANGES_QUEUE_URL: changes.queueUrl }),
      },
      permissions: [
        ...useResources(data, version),
        readStream(table),
        ...(changes === undefined ? [] : [sendTo(changes.queueArn)]),
        sendTo(poison.queueArn),
        sendTo(undone.queueArn),
        receiveFrom(poison.queueArn),
      ],
    });
    new EventSourceMapping(this, 'Stream', {
      target: this.function.code,
      eventSourceArn: table.tableStreamArn ?? '',
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 200,
      parallelizationFactor: 4, // records of one resource stay in order
      bisectBatchOnError: true,
      reportBatchItemFailures: true,
      maxRecordAge: Duration.hours(23),
      onFailure: new SqsDlq(undone),
    });
    this.redrive = new EventSourceMapping(this, 'Redrive', {
      target: this.function.code,
      eventSourceArn: poison.queueArn,
      batchSize: 10,
      reportBatchItemFailures: true,
      enabled: false,
    });
  }
}
