import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';

/** A file as a web server is to send it. */
export interface PageFile {
  readonly key: string;
  readonly type: string;
  readonly cacheControl: string;
  readonly body: Uint8Array;
}

const atOnce = 8;

/**
 * Puts files into a bucket, in the place of those that are there.
 * @throws the SDK's error when one is not taken.
 */
export async function putFiles(client: S3Client, bucket: string, files: readonly PageFile[]): Promise<void> {
  for (let from = 0; from < files.length; from += atOnce) {
    await Promise.all(
      files.slice(from, from + atOnce).map(({ key, type, cacheControl, body }) =>
        client.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: key,
            Body: body,
            ContentType: type,
            CacheControl: cacheControl,
          }),
        ),
      ),
    );
  }
}
