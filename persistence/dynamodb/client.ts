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

const loopback = /^https?:\/\/(?:[a-z0-9]+@)?(localhost|127(\.\d{1,3}){3}|\[::1\])(:|\/|$)/;

/** Whether an endpoint is on this machine: an emulator, which asks for no credentials. */
export const isLocalEndpoint = (endpoint: string | undefined): boolean =>
  endpoint !== undefined && loopback.test(endpoint);

/** The parts of `http://key@host:port`: DynamoDB Local keeps a database for each access key. */
function splitKey(endpoint: string): { readonly place: string; readonly key: string | undefined } {
  const [, scheme = '', key, rest = ''] = /^(https?:\/\/)(?:([a-z0-9]+)@)?(.*)$/.exec(endpoint) ?? [];
  return { place: scheme + rest, key };
}

/**
 * Clients whose connections stay open between requests. A request that gets no answer ends and is tried again by the
 * SDK, within the time that the table gives a call.
 */
export function dynamoDbClients({ endpoint, region }: DynamoDbPlace): DynamoDbClients {
  const { place, key } = splitKey(endpoint ?? '');
  const local = isLocalEndpoint(endpoint) && (key !== undefined || process.env['AWS_ACCESS_KEY_ID'] === undefined);
  const configuration = {
    ...(endpoint === undefined ? {} : { endpoint: place }),
    ...(region === undefined ? {} : { region }),
    ...(local ? { credentials: { accessKeyId: key ?? 'local', secretAccessKey: 'local' } } : {}),
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
