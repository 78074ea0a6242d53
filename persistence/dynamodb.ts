import {
  DescribeTableCommand,
  QueryCommand,
  ScanCommand,
  type DynamoDBClient,
  type QueryCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { fromAttributes, keyAttributes, type Attributes } from './dynamodb/attributes.js';
import { callsWithin } from './aws-call.js';
import { historyIndexName } from './dynamodb/definition.js';
import { keyCondition } from './dynamodb/expression.js';
import type { TablePlace } from './dynamodb/place.js';
import { gatheredReads } from './dynamodb/gather-reads.js';
import { readItems } from './dynamodb/read.js';
import { streamReader } from './dynamodb/stream.js';
import { maxActions, maxBytes, writeActions } from './dynamodb/write.js';
import type { HistoryEntry, Item, QueryRequest, Table } from './table.js';

/** The clients of a process, made once, and the table's name. */
export interface DynamoDbOptions {
  readonly client: DynamoDBClient;
  readonly streams: DynamoDBStreamsClient;
  readonly name: string;
  /** Over how many partitions of the history index a type is spread; 4 without it. Never changed for a table. */
  readonly historyShards?: number;
  /** How long a call may take, and repeating one, in milliseconds; 2,000 without it. */
  readonly patience?: number;
  /** Milliseconds; without it more than twice what an update may take, which is two writes of twice the patience. */
  readonly historyHorizon?: number;
}

/**
 * A DynamoDB table (`tableDefinition` says how it is made). Reads are strongly consistent, but for the history index.
 * Every method throws OperationOutcomeError 503 when the database does not answer in time.
 */
export function dynamoDbTable(options: DynamoDbOptions): Table {
  const { client, streams, name, patience = 2_000 } = options;
  const calls = callsWithin(patience);
  const place = { client, name, calls };
  let arn: string | undefined;
  const changes = streamReader(streams, calls, async () => (arn ??= await streamArn(place)));

  async function queryAll(
    request: QueryRequest,
    keys: { readonly partition: string; readonly sort: string },
    parameters: Pick<QueryCommandInput, 'ConsistentRead' | 'IndexName'>,
  ): Promise<readonly Attributes[]> {
    const condition = keyCondition(keys, request);
    if (condition === undefined) return [];
    const found: Attributes[] = [];
    for (let start: Attributes | undefined; found.length < request.limit;) {
      const page = new QueryCommand({
        TableName: name,
        ...parameters,
        ...condition,
        ScanIndexForward: request.descending !== true,
        Limit: request.limit - found.length,
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      });
      const { Items = [], LastEvaluatedKey } = await calls.once((signal) => client.send(page, signal));
      found.push(...Items);
      start = LastEvaluatedKey;
      if (start === undefined) break;
    }
    return found;
  }

  return {
    maxActions,
    maxBytes,
    historyShards: options.historyShards ?? 4,
    historyHorizon: options.historyHorizon ?? 10 * patience,
    atomicWritesCostMore: true,
    get: gatheredReads(place),
    batchGet: (keys) => readItems(place, keys),
    async query(request) {
      const found = await queryAll(request, { partition: 'pk', sort: 'sk' }, { ConsistentRead: true });
      return found.map(fromAttributes);
    },
    async queryHistory(request) {
      const found = await queryAll(request, { partition: 'hp', sort: 'hs' }, { IndexName: historyIndexName });
      return found.map((attributes) => entryOf(fromAttributes(attributes)));
    },
    write: (actions) => writeActions(place, actions),
    async scan({ segment, segments, limit, after }) {
      const request = new ScanCommand({
        TableName: name,
        ConsistentRead: true,
        Segment: segment,
        TotalSegments: segments,
        Limit: limit,
        ...(after === undefined ? {} : { ExclusiveStartKey: keyAttributes(after) }),
      });
      const { Items = [], LastEvaluatedKey } = await calls.once((signal) => client.send(request, signal));
      if (LastEvaluatedKey === undefined) return { items: Items.map(fromAttributes) };
      const { pk, sk } = fromAttributes(LastEvaluatedKey);
      return { items: Items.map(fromAttributes), next: { pk, sk } };
    },
    async countItems() {
      const described = await calls.once((signal) =>
        client.send(new DescribeTableCommand({ TableName: name }), signal),
      );
      return described.Table?.ItemCount; // of the last six hours
    },
    changes,
  };
}

async function streamArn({ client, name, calls }: TablePlace): Promise<string> {
  const described = await calls.once((signal) => client.send(new DescribeTableCommand({ TableName: name }), signal));
  const arn = described.Table?.LatestStreamArn;
  if (arn === undefined) throw new Error(`The table ${name} has no stream`);
  return arn;
}

function entryOf({ pk, sk, hs }: Item): HistoryEntry {
  if (typeof hs !== 'string') throw new Error(`The item ${pk} ${sk} is in the history index without hs`);
  return { pk, sk, hs };
}
