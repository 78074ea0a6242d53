import { s3Client } from '../persistence/s3/client.js';
import { connect, type Connections, type EnginePlaces } from './connect.js';

/** The clients of a bucket, each one a process. */
export interface BucketClients {
  readonly s3: ReturnType<typeof s3Client>;
  /** Signs URLs of the same bucket. */
  readonly presigning: ReturnType<typeof s3Client>;
}

/** Makes the clients of a bucket; nothing is asked for yet. */
export function bucketClients(endpoint: string | undefined, region: string | undefined): BucketClients {
  const place = {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
  };
  return { s3: s3Client(place), presigning: s3Client({ ...place, presigns: true }) };
}

/** What a process has open that asks its bucket, if there is one, from the start. */
export interface ConnectionsWithBucket extends Connections {
  readonly s3: BucketClients['s3'] | undefined;
  readonly presigning: BucketClients['presigning'] | undefined;
}

/** Makes all clients of a process; nothing is asked for yet. */
export function connectWithBucket(places: EnginePlaces): ConnectionsWithBucket {
  const connections = connect(places);
  const { bodies, region } = places;
  const clients = bodies === undefined ? undefined : bucketClients(bodies.endpoint, region);
  return {
    ...connections,
    s3: clients?.s3,
    presigning: clients?.presigning,
    async close() {
      clients?.s3.destroy();
      clients?.presigning.destroy();
      await connections.close();
    },
  };
}
