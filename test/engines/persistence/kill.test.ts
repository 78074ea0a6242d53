import { afterAll } from '@jest/globals';
import { describeKills, type KilledEngine } from '../../contract/kill.js';
import { dynamoDbEndpoint, localClients, newTable } from '../support/dynamodb.js';
import { forwardTo } from '../support/forwarder.js';

const clients = localClients();
afterAll(() => {
  clients.close();
});

const make = async (): Promise<KilledEngine> => {
  const { name, table, close } = await newTable(clients);
  const forwarder = await forwardTo(dynamoDbEndpoint());
  return {
    engine: 'dynamodb',
    place: name,
    open: () => Promise.resolve({ table, close: () => Promise.resolve() }),
    environment: { DYNAMODB_ENDPOINT: forwarder.endpoint },
    settled: forwarder.settled,
    remove: () => {
      forwarder.close();
      return close();
    },
  };
};

describeKills('DynamoDB Local', make, ['create', 'update', 'transaction'], ['during', 'after']);
describeKills('DynamoDB Local', make, ['transaction'], ['during'], 3);
