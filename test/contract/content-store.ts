import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ContentStore, ContentTerms } from '../../persistence/content-store.js';

/** A store of contents whose URLs are answered. */
export interface ServedStore {
  readonly contents: ContentStore;
  /** The same, by a clock that is so many milliseconds behind. */
  readonly behind: (milliseconds: number) => ContentStore;
  /** What URLs of this server begin with. */
  readonly baseUrl: string;
  readonly close: () => Promise<void>;
}

/** Megabytes that the largest content has: more by LARGE_CONTENT, such as 500. */
const megabytes = Number(process.env['LARGE_CONTENT'] ?? '24');

/** What every adapter of the content store's port does, as a suite. @param make an empty store; called once. */
export function describeContentStore(name: string, make: () => Promise<ServedStore>): void {
  describe(`Content store: ${name}`, () => {
    let store: ServedStore;
    beforeAll(async () => {
      store = await make();
    });
    afterAll(() => store.close());

    const newPath = (): string => `_-/Binary/${randomUUID()}~1`;
    const terms = (path: string, more: Partial<ContentTerms> = {}): ContentTerms => ({
      path,
      contentType: 'text/plain; charset=utf-8',
      expires: Date.now() + 60_000,
      baseUrl: store.baseUrl,
      ...more,
    });
    const put = async (url: string, body: string, headers: Record<string, string> = {}): Promise<number> => {
      const type = { 'content-type': 'text/plain; charset=utf-8' };
      const { status } = await fetch(url, { method: 'PUT', body, headers: { ...type, ...headers } });
      return status;
    };

    test('takes a content by its URL, and gives it by another', async () => {
      const path = newPath();
      expect(await store.contents.head(path)).toBeUndefined();
      expect(await put(await store.contents.uploadUrl(terms(path)), 'Grüße')).toBe(200);
      expect(await store.contents.head(path)).toEqual({ size: 7 });
      const answer = await fetch(await store.contents.downloadUrl(terms(path)));
      expect([answer.status, await answer.text()]).toEqual([200, 'Grüße']);
      expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
      expect(answer.headers.get('content-disposition')).toBe('attachment');
    });

    test('gives a part of a content', async () => {
      const path = newPath();
      await put(await store.contents.uploadUrl(terms(path)), '0123456789');
      const url = await store.contents.downloadUrl(terms(path));
      const part = await fetch(url, { headers: { range: 'bytes=3-5' } });
      expect([part.status, await part.text(), part.headers.get('content-range')]).toEqual([206, '345', 'bytes 3-5/10']);
    });

    test('takes an empty content', async () => {
      const path = newPath();
      expect(await put(await store.contents.uploadUrl(terms(path)), '')).toBe(200);
      expect(await store.contents.head(path)).toEqual({ size: 0 });
      expect(await (await fetch(await store.contents.downloadUrl(terms(path)))).text()).toBe('');
    });

    test('refuses what is not what it says, and keeps nothing of it', async () => {
      const path = newPath();
      const url = await store.contents.uploadUrl(terms(path));
      const md5 = createHash('md5').update('other').digest('base64');
      expect(await put(url, 'content', { 'content-md5': md5 })).toBe(400);
      expect(await put(url, 'content', { 'content-type': 'text/html' })).toBeGreaterThanOrEqual(400);
      expect(await store.contents.head(path)).toBeUndefined();
    });

    test('answers no URL that was changed, or has expired', async () => {
      const [path, other] = [newPath(), newPath()];
      const url = await store.contents.uploadUrl(terms(path));
      expect(await put(url.replace(encodeURI(path), encodeURI(other)), 'x')).toBe(403);
      expect(await put(await store.contents.downloadUrl(terms(path)), 'x')).toBe(403);
      const expired = { expires: Date.now() - 60_000 };
      expect(await put(await store.behind(120_000).uploadUrl(terms(path, expired)), 'x')).toBe(403);
      for (const each of [path, other]) expect(await store.contents.head(each)).toBeUndefined();
      await put(url, 'content');
      const get = async (from: string): Promise<number> => (await fetch(from)).status;
      expect(await get(await store.contents.downloadUrl(terms(path)))).toBe(200);
      expect(await get(await store.behind(120_000).downloadUrl(terms(path, expired)))).toBe(403);
      expect(await get(url)).toBe(403);
    });

    /** A URL with one thing of it changed, by what was changed. */
    function changed(url: string, other: string): [string, string][] {
      const { pathname, searchParams } = new URL(url);
      const names = [...new Set(searchParams.keys())];
      const having = (change: (query: URLSearchParams) => void): string => {
        const next = new URL(url);
        change(next.searchParams);
        return next.href;
      };
      const another = (value: string): string => `${value.slice(0, -1)}${value.endsWith('1') ? '2' : '1'}`;
      return [
        ...names.flatMap((name): [string, string][] => [
          [
            `${name} left out`,
            having((query) => {
              query.delete(name);
            }),
          ],
          [
            `${name} empty`,
            having((query) => {
              query.set(name, '');
            }),
          ],
          [
            `${name} other`,
            having((query) => {
              query.set(name, another(query.get(name) ?? ''));
            }),
          ],
          [
            `${name} longer`,
            having((query) => {
              query.set(name, `${query.get(name) ?? ''}0`);
            }),
          ],
        ]),
        [
          'a parameter more',
          having((query) => {
            query.set('response-cache-control', 'public');
          }),
        ],
        [
          'a version more',
          having((query) => {
            query.set('versionId', 'null');
          }),
        ],
        [
          'an access list asked for',
          having((query) => {
            query.set('acl', '');
          }),
        ],
        ['no parameters', url.split('?')[0] ?? ''],
        ...['', '/', '/..', '/../..', '/.', '%2e%2e', '%00'].map((end): [string, string] => [
          `the path ending in ${end}`,
          url.replace(pathname, `${pathname.slice(0, pathname.lastIndexOf('/'))}${end}`),
        ]),
        ['another path', url.replace(encodeURI(pathOf(pathname)), encodeURI(other))],
      ];
    }
    const pathOf = (pathname: string): string => decodeURI(pathname.slice(pathname.lastIndexOf('/_-/') + 1));

    test('answers no URL of which anything was changed, left out or added, and none by another method', async () => {
      const [path, other] = [newPath(), newPath()];
      for (const each of [path, other]) await put(await store.contents.uploadUrl(terms(each)), `content of ${each}`);
      const url = await store.contents.downloadUrl(terms(path));
      for (const [what, from] of changed(url, other)) {
        const answer = await fetch(from);
        expect([what, answer.ok, (await answer.text()).includes('content of')]).toEqual([what, false, false]);
      }
      for (const method of ['PUT', 'POST', 'DELETE']) {
        const body = method === 'DELETE' ? {} : { body: 'x' };
        const type = { 'content-type': 'text/plain; charset=utf-8' };
        expect([method, (await fetch(url, { method, headers: type, ...body })).ok]).toEqual([method, false]);
      }
      const fresh = newPath();
      const to = await store.contents.uploadUrl(terms(fresh));
      for (const [what, at] of changed(to, other)) expect([what, (await put(at, 'x')) < 300]).toEqual([what, false]);
      for (const method of ['GET', 'HEAD', 'DELETE']) expect((await fetch(to, { method })).ok).toBe(false);
      expect(await store.contents.head(fresh)).toBeUndefined();
      expect(await (await fetch(await store.contents.downloadUrl(terms(other)))).text()).toBe(`content of ${other}`);
    });

    test('takes a content from who sends it, never from another one’s path', async () => {
      const [path, other] = [newPath(), newPath()];
      await put(await store.contents.uploadUrl(terms(other)), 'content of another');
      const url = await store.contents.uploadUrl(terms(path));
      const source = new URL(await store.contents.uploadUrl(terms(other))).pathname;
      await put(url, 'own', { 'x-amz-copy-source': source, 'x-amz-acl': 'public-read' });
      const answer = await fetch(await store.contents.downloadUrl(terms(path)));
      expect(await answer.text()).not.toContain('content of another');
      expect((await fetch(new URL(url).origin + new URL(url).pathname)).ok).toBe(false);
    });

    test('answers 404 for a content that is not there, or was removed', async () => {
      const path = newPath();
      const url = await store.contents.downloadUrl(terms(path));
      expect((await fetch(url)).status).toBe(404);
      await put(await store.contents.uploadUrl(terms(path)), 'x');
      await store.contents.delete(path);
      await store.contents.delete(path);
      expect([(await fetch(url)).status, await store.contents.head(path)]).toEqual([404, undefined]);
    });

    test.each(['../x', '/x', 'a/../b', 'a//b', ''])('has no content of the path %j', async (path) => {
      await expect((async () => store.contents.uploadUrl(terms(path)))()).rejects.toThrow('no path');
      await expect((async () => store.contents.head(path))()).rejects.toThrow('no path');
    });

    test(`takes and gives ${String(megabytes)} MB in a stream`, async () => {
      const path = newPath();
      const chunk = Buffer.alloc(2 ** 20, 'x');
      const size = megabytes * chunk.length;
      const content = Readable.from(
        (function* () {
          for (let sent = 0; sent < megabytes; sent += 1) yield chunk;
        })(),
      );
      const url = await store.contents.uploadUrl(terms(path));
      const headers = { 'content-type': 'text/plain; charset=utf-8', 'content-length': String(size) };
      const sent = await fetch(url, { method: 'PUT', headers, body: Readable.toWeb(content) as never, duplex: 'half' });
      expect(sent.status).toBe(200);
      expect(await store.contents.head(path)).toEqual({ size });
      const answer = await fetch(await store.contents.downloadUrl(terms(path)));
      let received = 0;
      let largest = 0;
      for await (const part of answer.body ?? []) {
        received += (part as Uint8Array).length;
        largest = Math.max(largest, process.memoryUsage().arrayBuffers);
      }
      expect(received).toBe(size);
      expect(largest).toBeLessThan(200 * 2 ** 20); // bounded: however large the content is
    });
  });
}
