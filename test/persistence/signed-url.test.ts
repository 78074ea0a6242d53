import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isContentPath, openSignedUrl, signUrl, type SignedRequest } from '../../persistence/signed-url.js';

const key = Buffer.alloc(32, 7);
const base = 'https://fhir.example.org/r4/$content';
const request: SignedRequest = {
  method: 'PUT',
  path: '_-/Binary/a~1',
  expires: 60_000,
  contentType: 'application/pdf',
};
const open = (url: string, { method = 'PUT', now = 0, with: other = key } = {}): SignedRequest => {
  const { pathname, searchParams } = new URL(url);
  return openSignedUrl(other, method, { path: pathname.slice('/r4/$content/'.length), query: searchParams }, now);
};

describe('A signed URL', () => {
  test('opens what was signed, for its method, until it expires', () => {
    const url = signUrl(key, base, request);
    expect(open(url)).toEqual(request);
    expect(open(url, { now: 59_999 })).toEqual(request);
    expect(() => open(url, { now: 60_000 })).toThrow('expired');
    expect(() => open(url, { method: 'GET' })).toThrow('made for PUT');
    expect(() => open(url, { method: 'DELETE' })).toThrow('made for PUT');
  });

  test('for GET is for HEAD as well, and for nothing else', () => {
    const url = signUrl(key, base, { ...request, method: 'GET' });
    expect(open(url, { method: 'HEAD' }).path).toBe(request.path);
    expect(() => open(url)).toThrow('made for GET');
    expect(() => open(signUrl(key, base, request), { method: 'HEAD' })).toThrow('made for PUT');
  });

  test.each<[string, (url: URL) => void]>([
    ['another path', (url) => (url.pathname = url.pathname.replace('a~1', 'b~1'))],
    [
      'another media type',
      (url) => {
        url.searchParams.set('type', 'text/html');
      },
    ],
    [
      'a later end',
      (url) => {
        url.searchParams.set('expires', '99999');
      },
    ],
    [
      'another method',
      (url) => {
        url.searchParams.set('method', 'GET');
      },
    ],
    [
      'a size',
      (url) => {
        url.searchParams.set('size', '3');
      },
    ],
    [
      'no signature',
      (url) => {
        url.searchParams.delete('signature');
      },
    ],
    [
      'a shorter signature',
      (url) => {
        url.searchParams.set('signature', 'AAAA');
      },
    ],
    [
      'two ends',
      (url) => {
        url.searchParams.append('expires', '99999');
      },
    ],
    [
      'two signatures',
      (url) => {
        url.searchParams.append('signature', 'AAAA');
      },
    ],
  ])('with %s opens nothing', (_, change) => {
    const url = new URL(signUrl(key, base, request));
    change(url);
    expect(() => open(url.href)).toThrow('was changed');
  });

  test('with any of its characters changed, removed or doubled opens nothing, unless it says the same', () => {
    const signed: SignedRequest = { ...request, contentType: 'text/plain; charset=utf-8', size: 12 };
    const url = signUrl(key, base, signed);
    const said = (text: string): string => {
      const { pathname, searchParams } = new URL(text);
      return JSON.stringify([pathname, [...searchParams].sort(([one], [other]) => (one < other ? -1 : 1))]);
    };
    const opened: string[] = [];
    for (let at = base.length + 1; at < url.length; at += 1) {
      const [before, here = '', after] = [url.slice(0, at), url[at], url.slice(at + 1)];
      const others = [
        ...Array.from('AZaz09-_=+/%&.~ '),
        String.fromCharCode(here.charCodeAt(0) ^ 1),
        '',
        `${here}${here}`,
      ];
      for (const other of others.filter((each) => each !== here)) {
        const changed = `${before}${other}${after}`;
        if (!URL.canParse(changed) || said(changed) === said(url)) continue;
        try {
          open(changed);
          opened.push(changed);
        } catch (error) {
          expect((error as { status?: number }).status).toBe(403);
        }
      }
    }
    expect(opened).toEqual([]);
    expect(open(url)).toEqual(signed);
  });

  test.each([
    ['a number written otherwise', (url: string) => url.replace('expires=', 'expires=0')],
    ['a size that is another text of it', (url: string) => url.replace('size=12', 'size=0xc')],
    ['a parameter more', (url: string) => `${url}&x=1`],
    ['a parameter twice, alike', (url: string) => `${url}&method=PUT`],
    ['a signature that decodes to the same', (url: string) => `${url}=`],
    ['another spelling of a signature', (url: string) => `${url}A`],
    ['a name in another case', (url: string) => url.replace('method=', 'Method=')],
  ])('with %s opens nothing', (_, change) => {
    const url = signUrl(key, base, { ...request, size: 12 });
    expect(change(url)).not.toBe(url);
    expect(() => open(change(url))).toThrow('was changed');
  });

  test('opens nothing by parts of two of them', () => {
    const put = new URL(signUrl(key, base, request));
    const get = new URL(signUrl(key, base, { ...request, method: 'GET', path: '_-/Binary/b~1', expires: 90_000 }));
    for (const name of put.searchParams.keys()) {
      if (name === 'type') continue; // is the same in both
      const mixed = new URL(put);
      mixed.searchParams.set(name, get.searchParams.get(name) ?? '');
      expect(() => open(mixed.href)).toThrow('was changed');
    }
    expect(() => open(`${base}/_-/Binary/b~1${put.search}`)).toThrow('was changed');
  });

  test('of another key opens nothing', () => {
    expect(() => open(signUrl(key, base, request), { with: Buffer.alloc(32, 8) })).toThrow('was changed');
  });

  test('gives back whatever was signed', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '/', ';', '=', '&', '+', ' ', 'é', '%') });
    const segment = fc
      .string({ unit: fc.constantFrom('a', 'Z', '0', '-', '.', '_', '~'), minLength: 1, maxLength: 9 })
      .filter((each) => !/^\.+$/.test(each));
    const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    const size = fc.option(fc.nat(), { nil: undefined });
    fc.assert(
      fc.property(
        path,
        text,
        size,
        fc.constantFrom('GET' as const, 'PUT' as const),
        (path, contentType, size, method) => {
          const signed = { method, path, contentType, expires: 5000, ...(size === undefined ? {} : { size }) };
          expect(open(signUrl(key, base, signed), { method })).toEqual(signed);
        },
      ),
    );
  });
});

describe('A path of a content', () => {
  test.each([
    '..',
    '.',
    'a/..',
    '../a',
    'a/./b',
    '/a',
    'a/',
    'a//b',
    '',
    'a\\b',
    'a%2fb',
    'a b',
    'é',
    'a/...',
    'a\n',
    'x'.repeat(600),
  ])('is not %j', (path) => {
    expect(isContentPath(path)).toBe(false);
    expect(() => signUrl(key, base, { ...request, path })).toThrow('no path');
  });
  test.each(['a', '_-/Binary/..a~1', 'export/6f/Patient.1.ndjson'])('is %j', (path) => {
    expect(isContentPath(path)).toBe(true);
  });
});
