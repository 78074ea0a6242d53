import type { BodyStore } from '../persistence/body-store.js';
import type { ContentStore } from '../persistence/content-store.js';
import { s3Bodies } from '../persistence/s3.js';
import { s3Contents } from '../persistence/s3/content.js';
import { bucketClients } from './connect-bucket.js';
import type { EnginePlaces } from './connect.js';

/** What is kept in a bucket. */
export interface Bucket {
  readonly bodies: BodyStore;
  /** Where content goes by URL; S3 answers them. */
  readonly contents: Omit<ContentStore, 'files'>;
}

/**
 * The bucket of a table.
 * @param folder what all its keys begin with: the table's name.
 */
export function openBucket(
  { bucket, endpoint }: NonNullable<EnginePlaces['bodies']>,
  region: string | undefined,
  folder: string,
): Bucket {
  const { s3, presigning } = bucketClients(endpoint, region);
  return { bodies: s3Bodies(s3, bucket, folder), contents: s3Contents(presigning, bucket, `${folder}/content`) };
}
