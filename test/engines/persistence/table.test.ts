import { afterAll } from '@jest/globals';
import { describeTable } from '../../contract/table.js';
import { localClients, newTable } from '../support/dynamodb.js';

const clients = localClients();
afterAll(() => {
  clients.close();
});

describeTable('DynamoDB Local', () => newTable(clients), { largest: 360_000, runs: 8 });
