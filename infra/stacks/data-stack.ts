import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Duration, Stack, type StackProps } from 'aws-cdk-lib/core';
import { Trigger } from 'aws-cdk-lib/triggers';
import type { Construct } from 'constructs';
import { DataKey } from '../constructs/data-key.js';
import { AccessLogBucket, downloadCors, PrivateBucket, contentCors } from '../constructs/private-bucket.js';
import { ResourceTable } from '../constructs/resource-table.js';
import { SearchWithAccess } from '../constructs/search-access.js';
import { replicasOf } from '../constructs/search-domain.js';
import { ServerFunction } from '../constructs/server-function.js';
import { askIndex, type DataPlaces, functionEnvironment } from '../function-environment.js';
import { titleOf } from '../names.js';
import type { Stage } from '../read-settings.js';
import type { FhirVersion } from '../settings.js';

/** What holds a stage's data: tables, bucket, search domain, and the key that encrypts them. The other stacks use it. */
export class DataStack extends Stack implements DataPlaces {
  readonly key: IKey;
  readonly bodies: IBucket;
  readonly files: IBucket;
  readonly tables: ReadonlyMap<FhirVersion, ITable>;
  readonly search: DataPlaces['search'];
  /** The domain's name, for its metrics; undefined for an OpenSearch that was there before. */
  readonly domainName: string | undefined;

  constructor(scope: Construct, id: string, stage: Stage, props: StackProps) {
    super(scope, id, props);
    const { key } = new DataKey(this, 'DataKey', stage);
    this.key = key;
    const { bucket: accessLogs } = new AccessLogBucket(this, 'AccessLogs', stage);
    // Bodies too large for an item, and what Binaries hold, which clients get and put by signed URLs.
    this.bodies = new PrivateBucket(this, 'Bodies', stage, { key, accessLogs, cors: contentCors }).bucket;
    this.files = new PrivateBucket(this, 'Files', stage, {
      key,
      accessLogs,
      cors: downloadCors,
      lastingDays: 3,
    }).bucket;
    this.tables = new Map(
      stage.fhirVersions.map((version) => [
        version,
        new ResourceTable(this, `${titleOf(version)}Table`, stage, key).table,
      ]),
    );
    const size = typeof stage.search === 'string' ? stage.search : undefined;
    const own = size === undefined ? undefined : new SearchWithAccess(this, 'Search', stage, { size, key });
    this.search =
      typeof stage.search === 'string'
        ? { endpoint: own?.domain.endpoint ?? '', arn: own?.domain.arn }
        : { endpoint: stage.search.endpoint, arn: undefined };
    this.domainName = own?.domain.domainName;
    const replicas = size === undefined ? 1 : replicasOf(size);
    for (const version of stage.fhirVersions) {
      const prepared = this.#prepareIndex(stage, version, replicas);
      if (own !== undefined) prepared.executeAfter(own);
    }
  }

  /** Sees to it at each deployment, before anything is searched, that a version's index is there. */
  #prepareIndex(stage: Stage, version: FhirVersion, replicas: number): Trigger {
    const title = titleOf(version);
    const { code } = new ServerFunction(this, `${title}Prepare`, stage, {
      version,
      name: 'prepare',
      key: this.key,
      memory: 512,
      timeout: Duration.minutes(5),
      environment: {
        ...functionEnvironment(stage, version, this),
        INDEX_SHARDS: stage.searchShards.toString(),
        INDEX_REPLICAS: replicas.toString(),
      },
      permissions: askIndex(this),
    });
    return new Trigger(this, `${title}Prepared`, { handler: code, timeout: Duration.minutes(5) });
  }
}
