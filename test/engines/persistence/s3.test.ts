import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { test } from '@jest/globals';
import { s3Bodies } from '../../../persistence/s3.js';
import { describeBodyStore } from '../../contract/body-store.js';

const endpoint = process.env['S3_ENDPOINT'];
if (endpoint === undefined) test.skip('S3: there is no S3_ENDPOINT', () => undefined);
else {
  describeBodyStore('S3', async () => {
    const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });
    const bucket = `bodies-${randomUUID()}`;
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    return {
      bodies: s3Bodies(client, bucket, 'bodies'),
      close: () => {
        client.destroy();
        return Promise.resolve();
      },
    };
  });
}
