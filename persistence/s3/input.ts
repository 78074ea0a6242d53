import {
  GetObjectCommand,
  HeadObjectCommand,
  NoSuchBucket,
  NoSuchKey,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import { invalidRequest, unavailable } from '../../fhir/outcome.js';
import { callsWithin } from '../aws-call.js';
import type { InputSource } from '../input-source.js';

/** How long it may take until S3 answers, its body aside, in milliseconds: files are read for as long as they last. */
const patience = 600_000;
const calls = callsWithin(patience, () => unavailable('The store of the files to import does not answer for now'));

function addressOf(url: string): { Bucket: string; Key: string } {
  const { hostname, pathname } = new URL(url);
  return { Bucket: hostname, Key: decodeURIComponent(pathname.slice(1)) };
}

/** Objects of S3, by URLs such as `s3://bucket/folder/file.ndjson`. */
export const s3Files = (client: Pick<S3Client, 'send'>): InputSource => ({
  async size(url) {
    const request = new HeadObjectCommand(addressOf(url));
    const found = await calls.once((signal) => client.send(request, signal)).catch(() => undefined);
    return found?.ContentLength;
  },
  async open(url, from) {
    const range = from === 0 ? {} : { Range: `bytes=${String(from)}-` };
    const request = new GetObjectCommand({ ...addressOf(url), ...range });
    try {
      const { Body } = await calls.once((signal) => client.send(request, signal));
      return Body as Readable;
    } catch (error) {
      if (error instanceof NoSuchKey || error instanceof NoSuchBucket) throw invalidRequest(`There is no file ${url}`);
      if (!(error instanceof S3ServiceException && error.name === 'InvalidRange')) throw error;
      // Nothing is left of a file that was read to its end.
      const request = new HeadObjectCommand(addressOf(url));
      const { ContentLength: size } = await calls.once((signal) => client.send(request, signal));
      if (size !== from) throw invalidRequest(`${url} is shorter than it was when it was begun`);
      return Readable.from([]);
    }
  },
});
