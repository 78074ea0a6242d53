import { type DynamoDbClients, dynamoDbClients } from '../persistence/dynamodb/client.js';
import { openSearchClient, signedRegion } from '../search/opensearch/client.js';

/** Where the engines are. */
export interface EnginePlaces {
  /** AWS's own without it. */
  readonly dynamoDbEndpoint: string | undefined;
  readonly openSearchEndpoint: string;
  /** Where bodies too large for an item are. */
  readonly bodies: { readonly bucket: string; readonly endpoint: string | undefined } | undefined;
  /** The SDK finds it, or not, without it. */
  readonly region: string | undefined;
}

/** What one process has open: each client once, its connections kept alive between requests. */
export interface Connections {
  readonly dynamoDb: DynamoDbClients;
  readonly openSearch: ReturnType<typeof openSearchClient>;
  close(): Promise<void>;
}

/** Makes the clients of a process but those of its bucket; nothing is asked for yet. */
export function connect({ dynamoDbEndpoint, openSearchEndpoint, region }: EnginePlaces): Connections {
  const dynamoDb = dynamoDbClients({
    ...(dynamoDbEndpoint === undefined ? {} : { endpoint: dynamoDbEndpoint }),
    ...(region === undefined ? {} : { region }),
  });
  const signed = signedRegion(openSearchEndpoint);
  // The same credentials as DynamoDB's, found, kept and renewed by the SDK.
  const credentials = (): ReturnType<typeof dynamoDb.client.config.credentials> => dynamoDb.client.config.credentials();
  const openSearch = openSearchClient(
    openSearchEndpoint,
    signed === undefined ? undefined : { region: signed, credentials },
  );
  return {
    dynamoDb,
    openSearch,
    async close() {
      dynamoDb.close();
      await openSearch.close();
    },
  };
}
