import { randomUUID } from 'node:crypto';
import { DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import { dynamoDbTable, type DynamoDbOptions } from '../../../persistence/dynamodb.js';
import { dynamoDbClients, type DynamoDbClients } from '../../../persistence/dynamodb/client.js';
import { ensureTable } from '../../../persistence/dynamodb/ensure-table.js';
import type { TableUnderTest } from '../../contract/table.js';

/** Where DynamoDB Local listens; `npm run test:engines` starts it and says so in the environment. */
export function dynamoDbEndpoint(): string {
  const endpoint = process.env['DYNAMODB_ENDPOINT'];
  if (endpoint === undefined) throw new Error('There is no DYNAMODB_ENDPOINT: run the suite by npm run test:engines');
  return endpoint;
}

/** Clients of DynamoDB Local, to be closed. */
export const localClients = (): DynamoDbClients =>
  dynamoDbClients({ endpoint: dynamoDbEndpoint(), region: 'us-east-1' });

/** A new table under test and its name; closing removes it. The machine may be busy: calls have time. */
export async function newTable(
  clients: DynamoDbClients,
  options: Partial<DynamoDbOptions> = {},
): Promise<TableUnderTest & { readonly name: string }> {
  const name = `test-${randomUUID()}`;
  await ensureTable(clients.client, name, true);
  return {
    name,
    table: dynamoDbTable({ ...clients, name, patience: 20_000, historyHorizon: 0, ...options }),
    close: async () => {
      await clients.client.send(new DeleteTableCommand({ TableName: name }));
    },
  };
}
