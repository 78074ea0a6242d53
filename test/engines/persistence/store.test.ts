import { afterAll } from '@jest/globals';
import { describeResourceStore } from '../../contract/resource-store.js';
import { localClients, newTable } from '../support/dynamodb.js';

const clients = localClients();
afterAll(() => {
  clients.close();
});

describeResourceStore('DynamoDB Local', () => newTable(clients), 15);
