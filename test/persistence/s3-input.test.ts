import { expect, test } from '@jest/globals';
import { GetObjectCommand, HeadObjectCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { s3Files } from '../../persistence/s3/input.js';

const body = 'lines of a file\n';
/** An S3 with one object, which answers ranges as S3 does: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const client = {
  send: (command: unknown) => {
    if (command instanceof HeadObjectCommand) return Promise.resolve({ ContentLength: body.length });
    if (!(command instanceof GetObjectCommand)) throw new Error('It is asked for nothing else');
    const from = Number(/^bytes=([0-9]+)-$/.exec(command.input.Range ?? '')?.[1] ?? 0);
    if (from < body.length) return Promise.resolve({ Body: Readable.from([Buffer.from(body.slice(from))]) });
    const $metadata = { httpStatusCode: 416 };
    return Promise.reject(new S3ServiceException({ name: 'InvalidRange', $fault: 'client', $metadata }));
  },
} as Pick<S3Client, 'send'>;
const rest = async (from: number): Promise<string> => text(await s3Files(client).open('s3://bucket/file', from));

test('an object is read from a byte on, and nothing of one that was read to its end', async () => {
  expect([await rest(0), await rest(6), await rest(body.length)]).toEqual([body, body.slice(6), '']);
});

test('an object that became shorter is told so', async () => {
  await expect(rest(body.length + 1)).rejects.toMatchObject({ status: 400, message: /is shorter than it was/ });
});
