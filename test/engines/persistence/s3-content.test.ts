import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { s3Client } from '../../../persistence/s3/client.js';
import { s3Contents } from '../../../persistence/s3/content.js';
import { ensureBucket } from '../../../persistence/s3/ensure-bucket.js';
import { describeContentStore } from '../../contract/content-store.js';

const endpoint = process.env['S3_ENDPOINT'];
if (endpoint === undefined) test.skip('S3: there is no S3_ENDPOINT', () => undefined);
else {
  const open = (): ReturnType<typeof s3Client> => s3Client({ endpoint, region: 'us-east-1', presigns: true });

  describeContentStore('S3', async () => {
    const client = open();
    const bucket = `contents-${randomUUID()}`;
    await ensureBucket(client, bucket, true);
    return {
      contents: s3Contents(client, bucket, 'r4/content'),
      behind: (milliseconds) => s3Contents(client, bucket, 'r4/content', () => Date.now() - milliseconds),
      baseUrl: 'http://localhost/r4',
      close: () => {
        client.destroy();
        return Promise.resolve();
      },
    };
  });

  test('web pages may upload to a bucket that was made here, and download parts from it', async () => {
    const client = open();
    const bucket = `contents-${randomUUID()}`;
    await ensureBucket(client, bucket, true);
    const origin = 'https://app.example.org';
    const terms = { path: 'a', contentType: 'text/plain', expires: Date.now() + 60_000, baseUrl: '' };
    const contents = s3Contents(client, bucket, 'r4');
    const preflight = async (url: string, method: string, headers: string): Promise<unknown> => {
      const asked = { origin, 'access-control-request-method': method, 'access-control-request-headers': headers };
      const answer = await fetch(url, { method: 'OPTIONS', headers: asked });
      return [answer.status, answer.headers.get('access-control-allow-origin')];
    };
    const [to, from] = [await contents.uploadUrl(terms), await contents.downloadUrl(terms)];
    expect(await preflight(to, 'PUT', 'content-md5,content-type')).toEqual([200, '*']);
    expect(await preflight(from, 'GET', 'range')).toEqual([200, '*']);
    expect(await preflight(to, 'DELETE', 'content-type')).toEqual([403, null]);
    const sent = await fetch(to, { method: 'PUT', body: 'xyz', headers: { origin, 'content-type': 'text/plain' } });
    expect([sent.status, sent.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
    const part = await fetch(from, { headers: { origin, range: 'bytes=1-1' } });
    expect([part.status, await part.text(), part.headers.get('access-control-allow-origin')]).toEqual([206, 'y', '*']);
    client.destroy();
  });
}
