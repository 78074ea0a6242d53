import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { s3Client } from '../../../persistence/s3/client.js';
import { ensureBucket } from '../../../persistence/s3/ensure-bucket.js';
import { s3Output } from '../../../persistence/s3/output.js';
import { describeOutputStore } from '../../contract/output-store.js';

const endpoint = process.env['S3_ENDPOINT'];
if (endpoint === undefined) test.skip('S3: there is no S3_ENDPOINT', () => undefined);
else {
  const open = async () => {
    const client = s3Client({ endpoint, region: 'us-east-1' });
    const bucket = `output-${randomUUID()}`;
    await ensureBucket(client, bucket, true);
    return { client, bucket, output: s3Output(client, bucket, 'fhir-r4/jobs') };
  };

  describeOutputStore('S3', async () => {
    const { client, output } = await open();
    return {
      output,
      close: () => {
        client.destroy();
        return Promise.resolve();
      },
    };
  });

  test('a signed URL gives the file to whoever has it, as NDJSON, and no other file', async () => {
    const { client, output } = await open();
    for (const name of ['a.ndjson', 'b.ndjson']) {
      const file = await output.create({ job: 'j', name });
      await file.append(`${name}\n`);
      await file.close();
    }
    const url = await output.signedUrl({ job: 'j', name: 'a.ndjson' }, 60);
    const answer = await fetch(url);
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
      200,
      'application/fhir+ndjson',
      'a.ndjson\n',
    ]);
    expect((await fetch(url.replace('a.ndjson', 'b.ndjson'))).status).toBe(403);
    expect((await fetch(url.split('?')[0] ?? '')).status).toBe(403);
    for (const [name, value] of new URL(url).searchParams) {
      for (const other of [undefined, '', `${value}0`]) {
        const changed = new URL(url);
        if (other === undefined) changed.searchParams.delete(name);
        else changed.searchParams.set(name, other);
        const refused = await fetch(changed);
        expect([name, other, refused.ok, (await refused.text()).includes('a.ndjson\n')]).toEqual([
          name,
          other,
          false,
          false,
        ]);
      }
    }
    for (const method of ['PUT', 'DELETE']) expect((await fetch(url, { method })).ok).toBe(false);
    expect((await fetch(url)).status).toBe(200);
    client.destroy();
  });

  test('nothing is left of uploads that a killed worker left open', async () => {
    const { client, bucket, output } = await open();
    const file = await output.create({ job: 'j', name: 'a.ndjson' });
    await file.append('x'.repeat(6_000_000));
    await output.remove('j');
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    expect(Uploads).toEqual([]);
    await expect(file.append('y'.repeat(6_000_000))).rejects.toThrow();
    client.destroy();
  });
}
