import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompletedPart,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  NoSuchKey,
  NoSuchUpload,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Readable } from 'node:stream';
import { unavailable } from '../../fhir/outcome.js';
import { callsWithin } from '../aws-call.js';
import type { OutputContent, OutputFile, OutputKey, OutputStore } from '../output-store.js';

/** How long a call may take, in milliseconds. */
const patience = 30_000;
const calls = callsWithin(patience, () =>
  unavailable('The store of the files of jobs does not answer for now. Try again'),
);

/** Bytes of a part, the least that S3 takes but for the last one: so much of each open file is in memory. */
const partBytes = 5 * 2 ** 20;
const ndjson = 'application/fhir+ndjson';

/** Where the files of a store are. */
interface OutputBucket {
  readonly client: S3Client;
  readonly bucket: string;
}

/**
 * Files of jobs as objects of an S3 bucket: short ones are put at once, others in parts. Every method throws
 * OperationOutcomeError 503 when S3 does not answer in time.
 * @param folder what the keys begin with.
 */
export function s3Output(client: S3Client, bucket: string, folder: string): Required<OutputStore> {
  const place: OutputBucket = { client, bucket };
  const prefixOf = (job: string): string => `${folder}/${job}/`;
  const keyOf = ({ job, name }: OutputKey): string => `${prefixOf(job)}${name}`;
  return {
    create: (key) => Promise.resolve(openFile(place, keyOf(key))),
    read: (key) => read(place, keyOf(key)),
    async remove(job) {
      await removeObjects(place, prefixOf(job));
      await abortUploads(place, prefixOf(job));
    },
    signedUrl(key, seconds) {
      const request = new GetObjectCommand({ Bucket: bucket, Key: keyOf(key), ResponseContentType: ndjson });
      return getSignedUrl(client, request, { expiresIn: seconds });
    },
  };
}

function openFile({ client, bucket }: OutputBucket, key: string): OutputFile {
  const address = { Bucket: bucket, Key: key };
  let waiting: Buffer[] = [];
  let bytes = 0;
  let upload: string | undefined;
  const parts: CompletedPart[] = [];

  async function flush(): Promise<void> {
    upload ??= await begin();
    const number = parts.length + 1;
    const part = { ...address, UploadId: upload, PartNumber: number, Body: Buffer.concat(waiting) };
    const { ETag } = await calls.once((signal) => client.send(new UploadPartCommand(part), signal));
    parts.push({ ETag, PartNumber: number });
    waiting = [];
    bytes = 0;
  }

  async function begin(): Promise<string> {
    const request = new CreateMultipartUploadCommand({ ...address, ContentType: ndjson });
    const { UploadId = '' } = await calls.once((signal) => client.send(request, signal));
    return UploadId;
  }

  return {
    async append(text) {
      const added = Buffer.from(text, 'utf8');
      waiting.push(added);
      bytes += added.length;
      if (bytes >= partBytes) await flush();
    },
    async close() {
      if (upload === undefined) {
        const request = new PutObjectCommand({ ...address, Body: Buffer.concat(waiting), ContentType: ndjson });
        await calls.once((signal) => client.send(request, signal));
        return;
      }
      if (bytes > 0) await flush();
      const all = { ...address, UploadId: upload, MultipartUpload: { Parts: parts } };
      try {
        await calls.once((signal) => client.send(new CompleteMultipartUploadCommand(all), signal));
      } catch (error) {
        // It was done before its answer got lost, or somebody gave it up: who writes it again, knows.
        throw error instanceof NoSuchUpload ? unavailable('A file of a job was not ended. Try again') : error;
      }
    },
    async abandon() {
      if (upload !== undefined) await abort({ client, bucket }, key, upload);
    },
  };
}

async function read({ client, bucket }: OutputBucket, key: string): Promise<OutputContent | undefined> {
  try {
    const request = new GetObjectCommand({ Bucket: bucket, Key: key });
    const { Body, ContentLength = 0 } = await calls.once((signal) => client.send(request, signal));
    return Body === undefined ? undefined : { bytes: ContentLength, stream: Body as Readable };
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined;
    throw error;
  }
}

async function removeObjects({ client, bucket }: OutputBucket, prefix: string): Promise<void> {
  for (;;) {
    const request = new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: 100 });
    const { Contents = [] } = await calls.once((signal) => client.send(request, signal));
    if (Contents.length === 0) return;
    await Promise.all(
      Contents.map(({ Key }) => {
        const removal = new DeleteObjectCommand({ Bucket: bucket, Key });
        return calls.once((signal) => client.send(removal, signal));
      }),
    );
  }
}

/** What a killed worker left open: S3 keeps, and charges, its parts. */
async function abortUploads(place: OutputBucket, prefix: string): Promise<void> {
  const request = new ListMultipartUploadsCommand({ Bucket: place.bucket, Prefix: prefix });
  const { Uploads = [] } = await calls.once((signal) => place.client.send(request, signal));
  for (const { Key = '', UploadId = '' } of Uploads) await abort(place, Key, UploadId);
}

async function abort({ client, bucket }: OutputBucket, key: string, upload: string): Promise<void> {
  try {
    const request = new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: upload });
    await calls.once((signal) => client.send(request, signal));
  } catch (error) {
    if (!(error instanceof NoSuchUpload)) throw error; // somebody else was first
  }
}
