import { EventSourceMapping, FilterCriteria, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { currentKey } from '../../persistence/keys.js';
import { type DataPlaces, tableOf } from '../function-environment.js';
import { publishChanges, readStream, sendTo } from '../permissions.js';
import type { Stage } from '../read-settings.js';
import type { FhirVersion } from '../settings.js';
import { LetterQueue } from './letter-queue.js';
import { ServerFunction } from './server-function.js';

/** The AppSync API whose subscribers are told. */
export interface PublishedApi {
  readonly attrArn: string;
  readonly attrGraphQlUrl: string;
}

const timeout = Duration.minutes(1);

/**
 * What tells GraphQL subscribers of a version's changes, by a reader of the stream beside the indexer's: neither waits
 * for the other. What nobody could be told of in an hour is given up: clients catch up by history.
 */
export class Publisher extends Construct {
  readonly function: ServerFunction;
  /** Where in the stream changes are that were given up. */
  readonly untold: LetterQueue;

  constructor(scope: Construct, id: string, stage: Stage, version: FhirVersion, data: DataPlaces, api: PublishedApi) {
    super(scope, id);
    const table = tableOf(data, version);
    this.untold = new LetterQueue(this, 'Untold', data.key, timeout);
    this.function = new ServerFunction(this, 'Function', stage, {
      version,
      name: 'publisher',
      key: data.key,
      memory: 256,
      timeout,
      environment: { FHIR_VERSION: version, APPSYNC_URL: api.attrGraphQlUrl },
      permissions: [readStream(table), publishChanges(api.attrArn), sendTo(this.untold.queueArn)],
    });
    new EventSourceMapping(this, 'Stream', {
      target: this.function.code,
      eventSourceArn: table.tableStreamArn ?? '',
      startingPosition: StartingPosition.LATEST,
      batchSize: 100,
      bisectBatchOnError: true,
      reportBatchItemFailures: true,
      maxRecordAge: Duration.hours(1),
      onFailure: new SqsDlq(this.untold),
      filters: [FilterCriteria.filter({ dynamodb: { Keys: { sk: { S: [currentKey] } } } })],
    });
  }
}
