import { randomUUID } from 'node:crypto';
import { PutBucketCorsCommand } from '@aws-sdk/client-s3';
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

  test('a web page may upload to a bucket that lets its origin', async () => {
    const client = open();
    const bucket = `contents-${randomUUID()}`;
    await ensureBucket(client, bucket, true);
    const origin = 'https://app.example.org';
    const rule = { AllowedOrigins: [origin], AllowedMethods: ['PUT', 'GET'], AllowedHeaders: ['content-type'] };
    await client.send(new PutBucketCorsCommand({ Bucket: bucket, CORSConfiguration: { CORSRules: [rule] } }));
    const terms = { path: 'a', contentType: 'text/plain', expires: Date.now() + 60_000, baseUrl: '' };
    const url = await s3Contents(client, bucket, 'r4').uploadUrl(terms);
    const asked = { origin, 'access-control-request-method': 'PUT', 'access-control-request-headers': 'content-type' };
    const preflight = await fetch(url, { method: 'OPTIONS', headers: asked });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([200, origin]);
    const sent = await fetch(url, { method: 'PUT', body: 'x', headers: { origin, 'content-type': 'text/plain' } });
    expect([sent.status, sent.headers.get('access-control-allow-origin')]).toEqual([200, origin]);
    client.destroy();
  });
}
