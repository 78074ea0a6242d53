import { expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { CreateTableCommand, DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import { dynamoDbClientApi } from '../../../local/appsync/data-sources/dynamodb/client.js';
import { reservedWords } from '../../../local/appsync/data-sources/dynamodb/reserved-words.js';
import { keyAttributes, type KeySchema } from '../../../local/appsync/data-sources/dynamodb/table-schema.js';
import { contractTables, describeDynamoDbApi } from '../../contract/dynamodb-api.js';
import { localClients } from '../support/dynamodb.js';

const keySchema = ({ hash, range }: KeySchema): { AttributeName: string; KeyType: 'HASH' | 'RANGE' }[] => [
  { AttributeName: hash.name, KeyType: 'HASH' },
  ...(range === undefined ? [] : [{ AttributeName: range.name, KeyType: 'RANGE' as const }]),
];

describeDynamoDbApi('DynamoDB Local', async () => {
  const clients = localClients();
  const suffix = `-${randomUUID()}`;
  for (const table of contractTables(suffix)) {
    const attributes = new Map([table, ...table.indexes].flatMap(keyAttributes).map(({ name, type }) => [name, type]));
    await clients.client.send(
      new CreateTableCommand({
        TableName: table.name,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [...attributes].map(([AttributeName, AttributeType]) => ({
          AttributeName,
          AttributeType,
        })),
        KeySchema: keySchema(table),
        ...(table.indexes.length === 0
          ? {}
          : {
              GlobalSecondaryIndexes: table.indexes.map((index) => ({
                IndexName: index.name,
                KeySchema: keySchema(index),
                Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [...(index.projected ?? [])] },
              })),
            }),
      }),
    );
  }
  return {
    api: dynamoDbClientApi(clients.client),
    suffix,
    close: async () => {
      for (const { name } of contractTables(suffix)) {
        await clients.client.send(new DeleteTableCommand({ TableName: name }));
      }
      clients.close();
    },
  };
});

test('DynamoDB Local refuses the words that tables in memory refuse, but three of AWS’s page', async () => {
  const clients = localClients();
  const api = dynamoDbClientApi(clients.client);
  const TableName = `words-${randomUUID()}`;
  await clients.client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    }),
  );
  const taken: string[] = [];
  for (const word of reservedWords) {
    await api.send('Scan', { TableName, FilterExpression: `attribute_exists(${word})` }).then(
      () => taken.push(word),
      () => undefined,
    );
  }
  await clients.client.send(new DeleteTableCommand({ TableName }));
  clients.close();
  expect(taken).toEqual(['CONVERT', 'SIZE', 'TERMINATE']);
});
