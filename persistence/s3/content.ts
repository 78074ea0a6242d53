import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  NotFound,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { unavailable } from '../../fhir/outcome.js';
import { callsWithin } from '../aws-call.js';
import type { ContentStore } from '../content-store.js';
import { isContentPath } from '../signed-url.js';

const calls = callsWithin(30_000, () => unavailable('The store of contents does not answer for now. Try again'));

/**
 * Contents as objects of an S3 bucket, whose URLs S3 signs and answers: an upload is verified by S3 (Content-MD5,
 * x-amz-checksum-…) and may be repeated until its URL expires.
 * @param client made with `presigns`.
 * @param folder what the keys begin with.
 * @param now the clock, in milliseconds since 1970.
 */
export function s3Contents(
  client: S3Client,
  bucket: string,
  folder: string,
  now: () => number = Date.now,
): ContentStore {
  function address(path: string): { Bucket: string; Key: string } {
    if (!isContentPath(path)) throw new Error(`${path} is no path of a content`);
    return { Bucket: bucket, Key: `${folder}/${path}` };
  }
  const lasting = (expires: number): { signingDate: Date; expiresIn: number } => ({
    signingDate: new Date(now()),
    expiresIn: Math.max(1, Math.floor((expires - now()) / 1000)),
  });

  return {
    async head(path) {
      try {
        const request = new HeadObjectCommand(address(path));
        const { ContentLength } = await calls.once((signal) => client.send(request, signal));
        return { size: ContentLength ?? 0 };
      } catch (error) {
        if (error instanceof NotFound) return undefined;
        throw error;
      }
    },
    async delete(path) {
      await calls.once((signal) => client.send(new DeleteObjectCommand(address(path)), signal));
    },
    uploadUrl({ path, contentType, expires }) {
      const request = new PutObjectCommand({ ...address(path), ContentType: contentType });
      return getSignedUrl(client, request, { ...lasting(expires), signableHeaders: new Set(['content-type']) });
    },
    downloadUrl({ path, contentType, expires }) {
      const request = new GetObjectCommand({
        ...address(path),
        ResponseContentType: contentType,
        ResponseContentDisposition: 'attachment',
      });
      return getSignedUrl(client, request, lasting(expires));
    },
  };
}
