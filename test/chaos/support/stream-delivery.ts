import {
  type DynamoDBStreamsClient,
  DescribeStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import type { DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import type { BatchAnswer } from '../../../indexer/stream-event.js';
import type { Chance } from './seed.js';

/** Records of a shard, in its order. */
export interface Shard {
  readonly shardId: string;
  readonly records: readonly DynamoDBRecord[];
}

/** What a stream holds. */
export async function readShards(streams: DynamoDBStreamsClient, StreamArn: string): Promise<readonly Shard[]> {
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
  const shards: Shard[] = [];
  for (const { ShardId } of StreamDescription?.Shards ?? []) {
    const begin = new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' });
    let { ShardIterator } = await streams.send(begin);
    const records: DynamoDBRecord[] = [];
    while (ShardIterator !== undefined) {
      const { Records = [], NextShardIterator } = await streams.send(new GetRecordsCommand({ ShardIterator }));
      records.push(...(Records as DynamoDBRecord[]));
      if (Records.length === 0) break;
      ShardIterator = NextShardIterator;
    }
    shards.push({ shardId: ShardId ?? '', records });
  }
  return shards;
}

type Handler = (event: DynamoDBStreamEvent) => Promise<BatchAnswer>;

/** So often a batch is tried before Lambda gives it up. */
const mostTries = 12;

/** A batch as the function is given it, from the record on that it named; over and over until it is done, or given up. */
async function deliver(handler: Handler, records: readonly DynamoDBRecord[]): Promise<readonly DynamoDBRecord[]> {
  let left = records;
  for (let tries = 0; left.length > 0 && tries < mostTries; tries += 1) {
    try {
      const { batchItemFailures } = await handler({ Records: [...left] });
      const from = batchItemFailures[0]?.itemIdentifier;
      left = from === undefined ? [] : left.slice(left.findIndex(({ dynamodb }) => dynamodb?.SequenceNumber === from));
    } catch {
      // the whole of it comes again
    }
  }
  return left;
}

/**
 * Delivers a shard as event source mappings do on a bad day: in batches of any size, some twice, some again when later ones
 * have come, some never.
 * @returns letters that name what was given up or never came, as Lambda writes them.
 */
export async function deliverBadly(
  handler: Handler,
  streamArn: string,
  { shardId, records }: Shard,
  chance: Chance,
): Promise<readonly string[]> {
  const letters: string[] = [];
  const delivered: (readonly DynamoDBRecord[])[] = [];
  for (let from = 0; from < records.length;) {
    const batch = records.slice(from, from + 1 + chance.below(20));
    from += batch.length;
    const left = chance.once(8) ? batch : await deliver(handler, batch);
    if (left.length > 0) {
      const DDBStreamBatchInfo = {
        streamArn,
        shardId,
        startSequenceNumber: left[0]?.dynamodb?.SequenceNumber,
        endSequenceNumber: left.at(-1)?.dynamodb?.SequenceNumber,
      };
      letters.push(JSON.stringify({ DDBStreamBatchInfo }));
    } else delivered.push(batch);
    if (delivered.length > 0 && chance.once(3)) await deliver(handler, chance.pick(delivered)); // late, once more
  }
  return letters;
}
