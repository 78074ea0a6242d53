import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { type BodyKey, bodyPath, type BodyStore, keyOfBodyPath, type KeptBody, tenantPath } from './body-store.js';

const prefix = 'bodies/';

/**
 * Bodies as objects of an S3 bucket, below `bodies/`.
 * @param client its region, credentials and retries are the deployment's.
 */
export function s3Bodies(client: S3Client, bucket: string): BodyStore {
  const address = (key: BodyKey): { Bucket: string; Key: string } => ({ Bucket: bucket, Key: prefix + bodyPath(key) });

  async function get(key: BodyKey): Promise<string | undefined> {
    try {
      const { Body } = await client.send(new GetObjectCommand(address(key)));
      return await Body?.transformToString('utf-8');
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  }

  async function* list(tenant: string): AsyncGenerator<KeptBody> {
    for (let token: string | undefined; ;) {
      const page = await client.send(
        new ListObjectsV2Command({
          Bucket: bucket,
          Prefix: `${prefix}${tenantPath(tenant)}/`,
          ContinuationToken: token,
        }),
      );
      for (const { Key = '', LastModified } of page.Contents ?? []) {
        const key = keyOfBodyPath(Key.slice(prefix.length));
        if (key !== undefined && LastModified !== undefined) yield { key, storedAt: LastModified.getTime() };
      }
      token = page.NextContinuationToken;
      if (token === undefined) return;
    }
  }

  return {
    async put(key, body) {
      await client.send(new PutObjectCommand({ ...address(key), Body: body, ContentType: 'application/fhir+json' }));
    },
    get,
    async delete(key) {
      await client.send(new DeleteObjectCommand(address(key)));
    },
    list,
  };
}
