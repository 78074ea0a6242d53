import type { Tenant } from '../fhir/tenant.js';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { unavailable } from '../fhir/outcome.js';
import { callsWithin } from './aws-call.js';
import { type BodyKey, bodyPath, type BodyStore, keyOfBodyPath, type KeptBody, tenantPath } from './body-store.js';

/** How long a call may take, its body of 50 MB included, in milliseconds. */
const patience = 30_000;
const calls = callsWithin(patience, () =>
  unavailable('The store of large resources does not answer for now; a write under way may be done or not. Try again'),
);

/**
 * Bodies as objects of an S3 bucket. Every method throws OperationOutcomeError 503 when S3 does not answer in time.
 * @param client its region, credentials and retries are the deployment's.
 * @param folder what its keys begin with: a table's own, since the sweeper of a table removes what no item of it
 * refers to.
 */
export function s3Bodies(client: S3Client, bucket: string, folder: string): BodyStore {
  const prefix = `${folder}/`;
  const address = (key: BodyKey): { Bucket: string; Key: string } => ({ Bucket: bucket, Key: prefix + bodyPath(key) });

  async function get(key: BodyKey): Promise<string | undefined> {
    try {
      // A body that breaks off half way is no answer either.
      return await calls.once(async (signal) => {
        const { Body } = await client.send(new GetObjectCommand(address(key)), signal);
        return Body?.transformToString('utf-8');
      });
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  }

  async function* list(tenant: Tenant): AsyncGenerator<KeptBody> {
    for (let token: string | undefined; ;) {
      const request = new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: `${prefix}${tenantPath(tenant)}/`,
        ContinuationToken: token,
      });
      const page = await calls.once((signal) => client.send(request, signal));
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
      const request = new PutObjectCommand({ ...address(key), Body: body, ContentType: 'application/fhir+json' });
      await calls.once((signal) => client.send(request, signal));
    },
    get,
    async delete(key) {
      await calls.once((signal) => client.send(new DeleteObjectCommand(address(key)), signal));
    },
    list,
  };
}
