import { afterAll } from '@jest/globals';
import { describeKills } from '../../contract/kill.js';
import { localClients, newTable } from '../support/dynamodb.js';

const clients = localClients();
afterAll(() => {
  clients.close();
});

describeKills(
  'DynamoDB Local',
  async () => {
    const { name, table, close } = await newTable(clients);
    return {
      engine: 'dynamodb',
      place: name,
      open: () => Promise.resolve({ table, close: () => Promise.resolve() }),
      remove: close,
    };
  },
  ['create', 'update', 'transaction'],
  ['before', 'during', 'after'],
);
