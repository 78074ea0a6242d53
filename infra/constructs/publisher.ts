import { EventSourceMapping, FilterCriteria, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { currentKey, jobsPartition, type Tenant } from '../../persistence/keys.js';
import { type DataPlaces, tableOf } from '../function-environment.js';
import { publishChanges, readItems, readStream, sendTo } from '../permissions.js';
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

/** The keys of what subscribers are told of: current versions; jobs, and how far their parts are (persistence/job.ts). */
const toldOf = [
  { sk: { S: [currentKey] } },
  { pk: { S: [{ suffix: jobsPartition('' as Tenant) }] } },
  { sk: { S: [{ prefix: 'segment-' }] } },
];

/**
 * What tells GraphQL subscribers of a version's changes and of its jobs, by a reader of the stream beside the indexer's: neither waits
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
      environment: { FHIR_VERSION: version, TABLE_NAME: table.tableName, APPSYNC_URL: api.attrGraphQlUrl },
      permissions: [readStream(table), readItems(table), publishChanges(api.attrArn), sendTo(this.untold.queueArn)],
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
      filters: toldOf.map((keys) => FilterCriteria.filter({ dynamodb: { Keys: keys } })),
    });
  }
}
