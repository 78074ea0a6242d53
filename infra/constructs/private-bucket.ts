import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type BucketProps,
  type CorsRule,
  HttpMethods,
  type IBucket,
  type LifecycleRule,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { signedUrlCors } from '../../persistence/s3/signed-url-cors.js';
import type { Stage } from '../read-settings.js';
import { removalPolicy } from './removal.js';

/** What of a bucket is its own. */
export interface PrivateBucketProps {
  readonly key: IKey;
  /** Where requests for its objects are recorded. */
  readonly accessLogs: IBucket;
  readonly cors?: CorsRule[];
  /** Objects are gone for good after so many days, or when they are deleted; without it they last until then, and can be got back. */
  readonly lastingDays?: number;
}

/** Old versions of objects are kept so long: as long as the table can be restored. */
const restorable = Duration.days(35);

/** What no bucket is without: nobody is let in but by permissions, and nobody without TLS. */
export const shut = {
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
  enforceSSL: true,
} satisfies BucketProps;

/** A bucket that nobody reaches but by permissions and signed URLs, over TLS; what is deleted can be got back for 35 days. */
export class PrivateBucket extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, stage: Stage, props: PrivateBucketProps) {
    super(scope, id);
    const { key, accessLogs, cors, lastingDays } = props;
    this.bucket = new Bucket(this, 'Bucket', {
      encryption: BucketEncryption.KMS,
      encryptionKey: key,
      bucketKeyEnabled: true,
      ...shut,
      versioned: lastingDays === undefined,
      serverAccessLogsBucket: accessLogs,
      serverAccessLogsPrefix: `${id.toLowerCase()}/`,
      lifecycleRules: [{ ...lasting(lastingDays), abortIncompleteMultipartUploadAfter: Duration.days(2) }],
      ...(cors === undefined ? {} : { cors }),
      removalPolicy: removalPolicy(stage),
    });
  }
}

const lasting = (days: number | undefined): LifecycleRule =>
  days === undefined
    ? { noncurrentVersionExpiration: restorable, expiredObjectDeleteMarker: true }
    : { expiration: Duration.days(days) };

/** What pages may do with the URLs of what jobs wrote. */
export const downloadCors: CorsRule[] = [
  { allowedOrigins: ['*'], allowedMethods: [HttpMethods.GET, HttpMethods.HEAD], allowedHeaders: [], maxAge: 3600 },
];

/** What pages may do with signed URLs of contents. */
export const contentCors: CorsRule[] = [
  {
    allowedOrigins: [...signedUrlCors.origins],
    allowedMethods: signedUrlCors.methods.map((method) => HttpMethods[method]),
    allowedHeaders: [...signedUrlCors.headers],
    exposedHeaders: [...signedUrlCors.exposed],
    maxAge: signedUrlCors.maxAge,
  },
];

/** The bucket that holds the records of requests for other buckets' objects. */
export class AccessLogBucket extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, stage: Stage) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      encryption: BucketEncryption.S3_MANAGED, // S3 writes its access logs to no bucket with a customer's key
      ...shut,
      lifecycleRules: [{ expiration: Duration.days(stage.logDays) }],
      removalPolicy: removalPolicy(stage),
    });
  }
}
