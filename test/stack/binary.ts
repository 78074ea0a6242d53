import { describe, expect, test } from '@jest/globals';
import type { Stack } from './support/stack.js';

/** Content of Binaries that goes past the server, by URLs that the deployed S3 answers. */
export function describeBinary(stackOf: () => Stack): void {
  describe('Binary', () => {
    test('content is put and got by signed URLs, whole and of the type it was put with', async () => {
      const { send } = bound(stackOf());
      const created = await send('POST', '/Binary', { body: { resourceType: 'Binary', contentType: 'image/png' } });
      expect(created.status).toBe(201);
      const content = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 31) % 251));
      const put = await fetch(url(created.json, 'presignedPutUrl'), {
        method: 'PUT',
        headers: { 'content-type': 'image/png' },
        body: content,
      });
      expect(put.status).toBe(200);
      const read = await send('GET', `/Binary/${created.json.id}`, { headers: { accept: 'application/fhir+json' } });
      const got = await fetch(url(read.json, 'presignedGetUrl'));
      expect([got.status, got.headers.get('content-type')]).toEqual([200, 'image/png']);
      expect(Buffer.from(await got.arrayBuffer()).equals(content)).toBe(true);
    });

    test('small content goes through API Gateway as it is', async () => {
      const { send } = bound(stackOf());
      const data = Buffer.from([0, 255, 128, 10]).toString('base64');
      const body = { resourceType: 'Binary', contentType: 'application/octet-stream', data };
      const { json } = await send('POST', '/Binary', { body });
      const read = await send('GET', `/Binary/${json.id}`, { headers: { accept: 'application/fhir+json' } });
      expect(read.json).toMatchObject({ data });
    });
  });
}

const bound = (stack: Stack): Pick<Stack, 'send'> => ({ send: (...asked) => stack.send(...asked) });

function url(json: object, name: string): string {
  const found: unknown = Reflect.get(json, name);
  if (typeof found !== 'string') throw new Error(`There is no ${name}`);
  return found;
}
