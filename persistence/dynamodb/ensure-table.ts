import {
  CreateTableCommand,
  DescribeTableCommand,
  ResourceInUseException,
  ResourceNotFoundException,
  type DynamoDBClient,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { StoreError } from '../store-error.js';
import { historyIndexName, tableDefinition } from './definition.js';

/** How long a new table may take, in milliseconds. */
const patience = 60_000;

/**
 * Sees to it that a table is there and as it must be.
 * @param create whether to make it if it is not there.
 * @throws StoreError when it is not there, is not ready in a minute, or is another kind of table.
 */
export async function ensureTable(client: DynamoDBClient, name: string, create: boolean): Promise<void> {
  const end = Date.now() + patience;
  for (let asked = false; Date.now() < end;) {
    const table = await describe(client, name);
    if (table === undefined) {
      if (!create)
        throw new StoreError(`There is no DynamoDB table ${name}: deploy it, or let CREATE_MISSING=on make it`);
      if (!asked) await createTable(client, name);
      asked = true;
    } else if (table.TableStatus === 'ACTIVE' || table.TableStatus === 'UPDATING') {
      requireShape(name, table);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new StoreError(`The DynamoDB table ${name} is not ready`);
}

async function describe(client: DynamoDBClient, name: string): Promise<TableDescription | undefined> {
  try {
    return (await client.send(new DescribeTableCommand({ TableName: name }))).Table;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

async function createTable(client: DynamoDBClient, name: string): Promise<void> {
  try {
    await client.send(new CreateTableCommand({ TableName: name, ...tableDefinition }));
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error; // another process was first
  }
}

function requireShape(name: string, table: TableDescription): void {
  const keys = table.KeySchema?.map(({ AttributeName }) => AttributeName).join();
  const history = table.GlobalSecondaryIndexes?.some(({ IndexName }) => IndexName === historyIndexName);
  const stream = table.StreamSpecification?.StreamViewType;
  if (keys === 'pk,sk' && history === true && stream === 'NEW_AND_OLD_IMAGES') return;
  throw new StoreError(
    `The DynamoDB table ${name} is not one of this server's: it needs the keys pk and sk, the index ${historyIndexName} and a stream of old and new images`,
  );
}
