import {
  CopyObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  NotFound,
  type S3Client,
} from '@aws-sdk/client-s3';
import { type BodyKey, bodyPath } from '../body-store.js';

/** What is brought back: a folder of a bucket that keeps versions, and where to. */
export interface Undeleting {
  readonly bucket: string;
  /** What the keys begin with, without a slash at the end. */
  readonly from: string;
  /** The same, or the folder of the table that is in use now. */
  readonly to: string;
  /** What was deleted before this stays so, in milliseconds since 1970. */
  readonly since: number;
  readonly dryRun?: boolean;
}

/** S3 tells whole seconds, and clocks are apart. */
const tolerance = 60_000;

/**
 * Brings back the objects that were deleted since a moment, each as it was last; with another folder to bring them to, all
 * that are there at all. Bodies and contents never change, so that one which is there is the one that was.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/RestoringPreviousVersions.html
 * @returns how many were, or would be, brought back.
 */
export async function undelete(client: S3Client, asked: Undeleting): Promise<number> {
  const { bucket, from, to, since, dryRun = false } = asked;
  let brought = 0;
  /** Of the keys whose deletion counts, the newest version comes behind its marker. */
  const wanted = new Set<string>();
  for (let place: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {}; place !== undefined;) {
    const page: Awaited<ReturnType<typeof list>> = await list(client, bucket, from, place);
    for (const { Key, IsLatest, LastModified } of page.DeleteMarkers ?? []) {
      const isRecent = (LastModified?.getTime() ?? 0) >= since - tolerance;
      if (Key !== undefined && IsLatest === true && isRecent) wanted.add(Key);
    }
    for (const { Key = '', IsLatest = false, VersionId = '' } of page.Versions ?? []) {
      if (!wanted.delete(Key) && !(IsLatest && to !== from)) continue;
      if (!dryRun) {
        const CopySource = `${bucket}/${Key.split('/').map(encodeURIComponent).join('/')}?versionId=${VersionId}`;
        await client.send(new CopyObjectCommand({ Bucket: bucket, Key: to + Key.slice(from.length), CopySource }));
      }
      brought += 1;
    }
    place =
      page.IsTruncated === true && page.NextKeyMarker !== undefined
        ? {
            KeyMarker: page.NextKeyMarker,
            ...(page.NextVersionIdMarker === undefined ? {} : { VersionIdMarker: page.NextVersionIdMarker }),
          }
        : undefined;
  }
  return brought;
}

const list = (client: S3Client, bucket: string, folder: string, place: object) =>
  client.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: `${folder}/`, ...place }));

/** Tells whether a body is there, without reading it. @param folder what its keys begin with. */
export const hasBodyIn =
  (client: S3Client, bucket: string, folder: string) =>
  async (key: BodyKey): Promise<boolean> => {
    try {
      await client.send(new HeadObjectCommand({ Bucket: bucket, Key: `${folder}/${bodyPath(key)}` }));
      return true;
    } catch (error) {
      if (error instanceof NotFound) return false;
      throw error;
    }
  };
