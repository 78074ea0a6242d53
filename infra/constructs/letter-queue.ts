import type { IKey } from 'aws-cdk-lib/aws-kms';
import { DeduplicationScope, FifoThroughputLimit, Queue, QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs';
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

/**
 * A queue in order, by groups: what came first of a group is done before what comes behind it.
 * @param tries so often a message is tried before it is one of the letters.
 */
export class OrderedQueue extends Queue {
  constructor(
    scope: Construct,
    id: string,
    key: IKey,
    { visibilityTimeout, tries, letters }: { visibilityTimeout: Duration; tries: number; letters: Queue },
  ) {
    super(scope, id, {
      ...ordered(key),
      visibilityTimeout,
      deadLetterQueue: { queue: letters, maxReceiveCount: tries },
    });
  }
}

/** A queue of what could not be done of a queue in order. */
export class OrderedLetterQueue extends Queue {
  constructor(scope: Construct, id: string, key: IKey) {
    super(scope, id, ordered(key));
  }
}

const ordered = (encryptionMasterKey: IKey): QueueProps => ({
  fifo: true,
  deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
  fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
  encryption: QueueEncryption.KMS,
  encryptionMasterKey,
  enforceSSL: true,
  retentionPeriod: Duration.days(14),
});
