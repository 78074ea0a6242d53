import { expect, test } from '@jest/globals';
import { readQuery } from '../../interactions/read-query.js';
import { mostParameters } from '../../search/parse.js';

const query = (parameters: number): string => Array.from({ length: parameters }, () => 'a=%20').join('&');

test('as many parameters as a search may have are read, in order, decoded', () => {
  expect(mostParameters).toBe(2_000);
  expect(readQuery(query(2_000))).toHaveLength(2_000);
  expect(readQuery('b=1&a=%C3%A9+x&b=2')).toEqual([
    ['b', '1'],
    ['a', 'é x'],
    ['b', '2'],
  ]);
  expect(readQuery('')).toEqual([]);
});

test('one more is too many, before any is decoded: 413, which names where they stand', () => {
  const tooMany = expect.objectContaining({ status: 413, issues: [expect.objectContaining({ code: 'too-costly' })] });
  expect(() => readQuery(query(2_001))).toThrow(tooMany);
  expect(() => readQuery(`%zz${'&'.repeat(2_000)}`)).toThrow(tooMany);
  expect(() => readQuery(query(2_001), 'http.If-None-Exist')).toThrow(
    expect.objectContaining({ issues: [expect.objectContaining({ expression: ['http.If-None-Exist'] })] }),
  );
});

test.each(['a=%', 'a=%zz', 'a=%c3', 'a=%ff'])('%s is not percent-encoded correctly: 400', (text) => {
  expect(() => readQuery(text, 'x')).toThrow(expect.objectContaining({ status: 400 }));
});
