import { Stack, type StackProps } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { Indexer } from '../constructs/indexer.js';
import { Notifier } from '../constructs/notifier.js';
import { type PublishedApi, Publisher } from '../constructs/publisher.js';
import { Sweeper } from '../constructs/sweeper.js';
import type { DataPlaces } from '../function-environment.js';
import type { Stage } from '../read-settings.js';
import type { FhirVersion } from '../settings.js';

export interface IndexingStackProps extends StackProps {
  readonly version: FhirVersion;
  readonly data: DataPlaces;
  readonly api: PublishedApi;
}

/** What follows from a version's writes: its search index, its subscribers, and what is left undone. */
export class IndexingStack extends Stack {
  readonly indexer: Indexer;
  /** What notifies the endpoints of FHIR Subscriptions, where some may be. */
  readonly notifier: Notifier | undefined;
  readonly publisher: Publisher;
  readonly sweeper: Sweeper;

  constructor(scope: Construct, id: string, stage: Stage, { version, data, api, ...props }: IndexingStackProps) {
    super(scope, id, props);
    this.notifier =
      stage.subscriptionEndpoints.length === 0 ? undefined : new Notifier(this, 'Notifier', stage, version, data);
    this.indexer = new Indexer(this, 'Indexer', stage, { version, data, changes: this.notifier?.changes });
    this.publisher = new Publisher(this, 'Publisher', stage, version, data, api);
    this.sweeper = new Sweeper(this, 'Sweeper', stage, version, data);
  }
}
