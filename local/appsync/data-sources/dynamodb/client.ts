import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import {
  type CancellationReason,
  DynamoDbError,
  type DynamoDbApi,
  type DynamoDbOperation,
  type WireMembers,
} from './api.js';

const commands: Readonly<Record<DynamoDbOperation, new (input: never) => object>> = {
  GetItem: GetItemCommand,
  PutItem: PutItemCommand,
  UpdateItem: UpdateItemCommand,
  DeleteItem: DeleteItemCommand,
  Query: QueryCommand,
  Scan: ScanCommand,
  BatchGetItem: BatchGetItemCommand,
  BatchWriteItem: BatchWriteItemCommand,
  TransactGetItems: TransactGetItemsCommand,
  TransactWriteItems: TransactWriteItemsCommand,
};

/** Changes the bytes of `B` and `BS` members, at any depth: the client has them as bytes, the port as Base64. */
function withBytes(value: unknown, change: (bytes: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => withBytes(one, change));
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  const entries = Object.entries(value);
  const [type, content] = entries[0] ?? [];
  if (entries.length === 1 && type === 'B' && isBytes(content)) return { B: change(content) };
  if (entries.length === 1 && type === 'BS' && Array.isArray(content) && content.every(isBytes)) {
    return { BS: content.map(change) };
  }
  return Object.fromEntries(entries.map(([name, one]) => [name, withBytes(one, change)]));
}

const isBytes = (value: unknown): boolean => typeof value === 'string' || value instanceof Uint8Array;
const toBytes = (value: unknown): unknown => Buffer.from(String(value), 'base64');
const fromBytes = (value: unknown): unknown => Buffer.from(value as Uint8Array).toString('base64');

/**
 * DynamoDB by its client: DynamoDB Local behind an endpoint, or AWS itself.
 * @param client as `dynamoDbClients` makes it.
 */
export function dynamoDbClientApi(client: DynamoDBClient): DynamoDbApi {
  const send = client.send.bind(client) as unknown as (command: object) => Promise<WireMembers>;
  return {
    async send(operation, input) {
      try {
        const command = new commands[operation](withBytes(input, toBytes) as never);
        return withBytes(await send(command), fromBytes) as WireMembers;
      } catch (error) {
        const { name, message, Item, CancellationReasons } = error as Error & WireMembers;
        if (!(error instanceof Error) || !('$metadata' in error)) throw error;
        const reasons = withBytes(CancellationReasons ?? [], fromBytes) as readonly CancellationReason[];
        throw new DynamoDbError(name, message, {
          reasons,
          ...(Item === undefined ? {} : { item: withBytes(Item, fromBytes) as never }),
        });
      }
    },
  };
}
