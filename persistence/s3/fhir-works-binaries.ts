import { GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';

/** The content of a version of a Binary. */
export interface FhirWorksContent {
  /** In bytes. */
  readonly size: number;
  open(): Promise<Readable>;
}

/**
 * Finds the content of a version of a Binary in the bucket of FHIR Works on AWS: `<id>_<version>.<extension>`, below the
 * tenant where there are tenants.
 * @returns undefined when it was never uploaded.
 */
export async function fhirWorksContent(
  client: S3Client,
  bucket: string,
  version: { readonly tenant: string | undefined; readonly id: string; readonly vid: number },
): Promise<FhirWorksContent | undefined> {
  const { tenant, id, vid } = version;
  const Prefix = `${tenant === undefined ? '' : `${tenant}/`}${id}_${String(vid)}.`;
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix, MaxKeys: 1 }));
  const [found] = Contents;
  if (found?.Key === undefined) return undefined;
  const { Key } = found;
  return {
    size: found.Size ?? 0,
    async open() {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }));
      if (!(Body instanceof Readable)) throw new Error(`${Key} has no content`);
      return Body;
    },
  };
}
