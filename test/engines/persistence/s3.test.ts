import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { s3Client } from '../../../persistence/s3/client.js';
import { ensureBucket } from '../../../persistence/s3/ensure-bucket.js';
import { s3Bodies } from '../../../persistence/s3.js';
import { describeBodyStore } from '../../contract/body-store.js';
import { defaultTenant } from '../../../persistence/keys.js';

const endpoint = process.env['S3_ENDPOINT'];
if (endpoint === undefined) test.skip('S3: there is no S3_ENDPOINT', () => undefined);
else {
  const open = (): ReturnType<typeof s3Client> => s3Client({ endpoint, region: 'us-east-1' });

  describeBodyStore('S3', async () => {
    const client = open();
    const bucket = `bodies-${randomUUID()}`;
    await ensureBucket(client, bucket, true);
    return {
      bodies: s3Bodies(client, bucket, 'bodies'),
      close: () => {
        client.destroy();
        return Promise.resolve();
      },
    };
  });

  test('a bucket is made only where it may be, and once', async () => {
    const client = open();
    const bucket = `bodies-${randomUUID()}`;
    await expect(ensureBucket(client, bucket, false)).rejects.toThrow(`There is no S3 bucket ${bucket}`);
    await Promise.all([ensureBucket(client, bucket, true), ensureBucket(client, bucket, true)]);
    await ensureBucket(client, bucket, false);
    client.destroy();
  });

  test('bodies of one folder are not listed in another: the sweeper of one table leaves those of others', async () => {
    const client = open();
    const bucket = `bodies-${randomUUID()}`;
    await ensureBucket(client, bucket, true);
    const key = { tenant: defaultTenant, type: 'Patient', id: 'a', versionId: 1, commitId: 'c' };
    const [r4, stu3] = ['fhir-r4', 'fhir-stu3'].map((folder) => s3Bodies(client, bucket, folder));
    await r4?.put(key, '{}');
    const listed = async (bodies = r4): Promise<number> => {
      let found = 0;
      for await (const body of bodies?.list(defaultTenant) ?? []) found += body.key.versionId;
      return found;
    };
    expect([await listed(r4), await listed(stu3), await stu3?.get(key)]).toEqual([1, 0, undefined]);
    client.destroy();
  });
}
