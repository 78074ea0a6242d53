import {
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import type { ItemChange } from '../table.js';
import { changeOf } from './stream.js';

/** Part of a shard of a stream, both ends included. */
export interface StreamBatch {
  readonly streamArn: string;
  readonly shardId: string;
  readonly startSequenceNumber: string;
  readonly endSequenceNumber: string;
}

/**
 * Reads part of a shard again.
 * @throws the SDK's TrimmedDataAccessException when it is no longer kept, after 24 hours.
 */
export async function readStreamBatch(
  client: DynamoDBStreamsClient,
  { streamArn, shardId, startSequenceNumber, endSequenceNumber }: StreamBatch,
): Promise<readonly ItemChange[]> {
  const { ShardIterator } = await client.send(
    new GetShardIteratorCommand({
      StreamArn: streamArn,
      ShardId: shardId,
      ShardIteratorType: 'AT_SEQUENCE_NUMBER',
      SequenceNumber: startSequenceNumber,
    }),
  );
  const changes: ItemChange[] = [];
  for (let iterator = ShardIterator; iterator !== undefined;) {
    const { Records = [], NextShardIterator } = await client.send(new GetRecordsCommand({ ShardIterator: iterator }));
    for (const record of Records) {
      const position = record.dynamodb?.SequenceNumber ?? '';
      if (BigInt(position) > BigInt(endSequenceNumber)) return changes;
      changes.push({ position, ...changeOf(record) });
      if (position === endSequenceNumber) return changes;
    }
    iterator = NextShardIterator;
  }
  return changes;
}
