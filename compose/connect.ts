import { type DynamoDbClients, dynamoDbClients } from '../persistence/dynamodb/client.js';
import { s3Client } from '../persistence/s3/client.js';
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
  readonly s3: ReturnType<typeof s3Client> | undefined;
  /** Signs URLs of the same bucket. */
  readonly presigning: ReturnType<typeof s3Client> | undefined;
  close(): Promise<void>;
}

/** Makes the clients of a process; nothing is asked for yet. */
export function connect({ dynamoDbEndpoint, openSearchEndpoint, bodies, region }: EnginePlaces): Connections {
  const place = (endpoint: string | undefined): { endpoint?: string; region?: string } => ({
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
  });
  const dynamoDb = dynamoDbClients(place(dynamoDbEndpoint));
  const signed = signedRegion(openSearchEndpoint);
  // The same credentials as DynamoDB's, found, kept and renewed by the SDK.
  const credentials = (): ReturnType<typeof dynamoDb.client.config.credentials> => dynamoDb.client.config.credentials();
  const openSearch = openSearchClient(
    openSearchEndpoint,
    signed === undefined ? undefined : { region: signed, credentials },
  );
  const s3 = bodies === undefined ? undefined : s3Client(place(bodies.endpoint));
  const presigning = bodies === undefined ? undefined : s3Client({ ...place(bodies.endpoint), presigns: true });
  return {
    dynamoDb,
    openSearch,
    s3,
    presigning,
    async close() {
      dynamoDb.close();
      s3?.destroy();
      presigning?.destroy();
      await openSearch.close();
    },
  };
}
