import {
  BucketAlreadyOwnedByYou,
  type CORSRule,
  CreateBucketCommand,
  HeadBucketCommand,
  NotFound,
  PutBucketCorsCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { StoreError } from '../store-error.js';
import { signedUrlCors } from './signed-url-cors.js';

const corsRule = (): CORSRule => ({
  AllowedOrigins: [...signedUrlCors.origins],
  AllowedMethods: [...signedUrlCors.methods],
  AllowedHeaders: [...signedUrlCors.headers],
  ExposeHeaders: [...signedUrlCors.exposed],
  MaxAgeSeconds: signedUrlCors.maxAge,
});

/**
 * Sees to it that a bucket is there. One that is made lets pages of any origin use signed URLs, as infra/ has it.
 * @param create whether to make it if it is not there.
 * @throws StoreError when it is not there.
 */
export async function ensureBucket(client: S3Client, bucket: string, create: boolean): Promise<void> {
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }));
    return;
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
  }
  if (!create) throw new StoreError(`There is no S3 bucket ${bucket}: deploy it, or let CREATE_MISSING=on make it`);
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    await client.send(new PutBucketCorsCommand({ Bucket: bucket, CORSConfiguration: { CORSRules: [corsRule()] } }));
  } catch (error) {
    if (!(error instanceof BucketAlreadyOwnedByYou)) throw error; // another process was first
  }
}
