import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Duration } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';

/** A queue of what could not be done; it is kept for 14 days, the longest that SQS keeps anything. */
export class LetterQueue extends Queue {
  constructor(scope: Construct, id: string, key: IKey, visibilityTimeout: Duration) {
    super(scope, id, {
      encryption: QueueEncryption.KMS,
      encryptionMasterKey: key,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      visibilityTimeout,
    });
  }
}
