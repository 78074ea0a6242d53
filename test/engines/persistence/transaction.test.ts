import { afterAll } from '@jest/globals';
import { describeInterleavings } from '../../contract/interleavings.js';
import { describeTransactions } from '../../contract/transactions.js';
import { localClients, newTable } from '../support/dynamodb.js';

const clients = localClients();
afterAll(() => {
  clients.close();
});

// Every place of a fault is tried on the table in memory; here some, to see that the engine keeps what the port says.
describeTransactions('DynamoDB Local', () => newTable(clients), 40);
describeInterleavings('DynamoDB Local', () => newTable(clients), 3);
