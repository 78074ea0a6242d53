import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';

/** Where DynamoDB is. Without an endpoint it is AWS's, of the region; what is missing the SDK takes from its surroundings. */
export interface DynamoDbPlace {
  readonly endpoint?: string;
  readonly region?: string;
}

/** The clients that a process makes once and passes to its tables. */
export interface DynamoDbClients {
  readonly client: DynamoDBClient;
  readonly streams: DynamoDBStreamsClient;
  close(): void;
}

const loopback = /^https?:\/\/(localhost|127(\.\d{1,3}){3}|\[::1\])(:|\/|$)/;

/** Whether an endpoint is on this machine: an emulator, which asks for no credentials. */
export const isLocalEndpoint = (endpoint: string | undefined): boolean =>
  endpoint !== undefined && loopback.test(endpoint);

/**
 * Clients whose connections stay open between requests. A request that gets no answer ends and is tried again by the
 * SDK, within the time that the table gives a call.
 */
export function dynamoDbClients({ endpoint, region }: DynamoDbPlace): DynamoDbClients {
  const local = isLocalEndpoint(endpoint) && process.env['AWS_ACCESS_KEY_ID'] === undefined;
  const configuration = {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    ...(local ? { credentials: { accessKeyId: 'local', secretAccessKey: 'local' } } : {}),
    maxAttempts: 4,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
  };
  const client = new DynamoDBClient(configuration);
  const streams = new DynamoDBStreamsClient(configuration);
  return {
    client,
    streams,
    close() {
      client.destroy();
      streams.destroy();
    },
  };
}
