import type { DynamoDBStreamsClient, Shard, _Record } from '@aws-sdk/client-dynamodb-streams';
import {
  DescribeStreamCommand,
  ExpiredIteratorException,
  GetRecordsCommand,
  GetShardIteratorCommand,
  TrimmedDataAccessException,
} from '@aws-sdk/client-dynamodb-streams';
import { StoreError } from '../store-error.js';
import type { ItemChange, Table } from '../table.js';
import { fromAttributes } from './attributes.js';
import type { Calls } from '../aws-call.js';

/** The last record read of each shard, by the shard's id. A position of the feed is this as text. */
type Place = Readonly<Record<string, string>>;

/** Where reading a shard goes on behind `after`; no iterator once the shard has ended. */
interface Cursor {
  readonly after: string | undefined;
  readonly iterator: string | undefined;
}

/** The most records of one GetRecords. */
const maxRecords = 1_000;

/** How long the list of shards is taken as it was, in milliseconds: DescribeStream may be called ten times a second. */
const shardsKept = 10_000;

/**
 * Reads a table's stream as a change feed. A shard is read once its parent has ended, so that the changes of a key
 * come in order; changes of different keys may come in another order than they were made in.
 * One reader serves one consumer: it remembers iterators for the position it was last asked for.
 * @param streamArn gives the stream's name.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
 */
export function streamReader(
  client: DynamoDBStreamsClient,
  calls: Calls,
  streamArn: () => Promise<string>,
): Table['changes'] {
  const cursors = new Map<string, Cursor>();
  let shards: readonly Shard[] = [];
  let listedAt = -Infinity;

  async function listShards(): Promise<void> {
    if (Date.now() < listedAt + shardsKept) return;
    const listed: Shard[] = [];
    const StreamArn = await streamArn();
    for (let from: string | undefined; ;) {
      const request = new DescribeStreamCommand({
        StreamArn,
        ...(from === undefined ? {} : { ExclusiveStartShardId: from }),
      });
      const { StreamDescription } = await calls.once((options) => client.send(request, options));
      listed.push(...(StreamDescription?.Shards ?? []));
      from = StreamDescription?.LastEvaluatedShardId;
      if (from === undefined) break;
    }
    shards = listed;
    listedAt = Date.now();
    const ids = new Set(listed.map(({ ShardId }) => ShardId));
    for (const id of cursors.keys()) if (!ids.has(id)) cursors.delete(id);
  }

  async function iteratorOf(shard: string, after: string | undefined): Promise<string | undefined> {
    const known = cursors.get(shard);
    if (known !== undefined && known.after === after) return known.iterator;
    const request = new GetShardIteratorCommand({
      StreamArn: await streamArn(),
      ShardId: shard,
      ...(after === undefined
        ? { ShardIteratorType: 'TRIM_HORIZON' }
        : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: after }),
    });
    const { ShardIterator } = await calls.once((options) => client.send(request, options));
    cursors.set(shard, { after, iterator: ShardIterator });
    return ShardIterator;
  }

  /**
   * Up to `limit` records of a shard; `ended` when it has no more and never will.
   * @throws TrimmedDataAccessException when what is behind `after` is gone.
   */
  async function readShard(
    shard: string,
    after: string | undefined,
    limit: number,
    renewed = false,
  ): Promise<{ readonly records: readonly _Record[]; readonly ended: boolean }> {
    const ShardIterator = await iteratorOf(shard, after);
    if (ShardIterator === undefined) return { records: [], ended: true };
    const request = new GetRecordsCommand({ ShardIterator, Limit: Math.min(limit, maxRecords) });
    try {
      const { Records = [], NextShardIterator } = await calls.once((options) => client.send(request, options));
      const last = Records.at(-1)?.dynamodb?.SequenceNumber ?? after;
      cursors.set(shard, { after: last, iterator: NextShardIterator });
      return { records: Records, ended: NextShardIterator === undefined };
    } catch (error) {
      // An iterator ends after fifteen minutes, or when what it points at is trimmed, though nothing may stand there.
      const isOld = error instanceof ExpiredIteratorException || error instanceof TrimmedDataAccessException;
      cursors.delete(shard);
      if (!isOld || renewed) throw error;
      return readShard(shard, after, limit, true);
    }
  }

  async function read({ after, limit }: Parameters<Table['changes']>[0]): Promise<readonly ItemChange[]> {
    await listShards();
    let place = after === undefined ? {} : placeOf(after, shards);
    const changes: ItemChange[] = [];
    const open = new Set(shards.map(({ ShardId = '' }) => ShardId));
    // A child is read once its parent has ended: in this pass, if it stands behind it, or in a later one.
    for (const { ShardId: shard = '', ParentShardId: parent } of shards) {
      if (changes.length >= limit) break;
      if (parent !== undefined && open.has(parent)) continue;
      const { records, ended } = await readShard(shard, place[shard], limit - changes.length);
      for (const record of records) {
        place = { ...place, [shard]: record.dynamodb?.SequenceNumber ?? '' };
        changes.push({ position: positionText(place), ...changeOf(record) });
      }
      if (!ended) continue;
      open.delete(shard);
      if (!shards.some(({ ParentShardId }) => ParentShardId === shard)) listedAt = -Infinity; // its children are new
    }
    return changes;
  }

  return async (request) => {
    try {
      return await read(request);
    } catch (error) {
      if (!(error instanceof TrimmedDataAccessException)) throw error;
      cursors.clear();
      throw new StoreError('Changes after this position are no longer in the stream: read the whole table again');
    }
  };
}

/**
 * The change a stream record tells of; the records a Lambda gets have the same shape.
 * @throws Error for a record without a key.
 */
export function changeOf({ dynamodb }: Pick<_Record, 'dynamodb'>): Omit<ItemChange, 'position'> {
  const { Keys, OldImage, NewImage } = dynamodb ?? {};
  if (Keys === undefined) throw new Error('A stream record has no key');
  const { pk, sk } = fromAttributes(Keys);
  return {
    key: { pk, sk },
    ...(OldImage === undefined ? {} : { before: fromAttributes(OldImage) }),
    ...(NewImage === undefined ? {} : { after: fromAttributes(NewImage) }),
  };
}

const positionText = (place: Place): string => JSON.stringify(place);

/** The place of a position, without shards that are gone. */
function placeOf(position: string, shards: readonly Shard[]): Place {
  const ids = new Set(shards.map(({ ShardId }) => ShardId));
  const place = JSON.parse(position) as Place;
  return Object.fromEntries(Object.entries(place).filter(([shard]) => ids.has(shard)));
}
